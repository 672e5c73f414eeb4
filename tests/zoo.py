"""The bundles that the repository ships, for tests that need a real one."""

from pathlib import Path

ZOO = Path(__file__).parents[1] / "models" / "zoo"
BUNDLES = sorted(path for path in ZOO.iterdir() if path.is_dir())
REID_BUNDLE = ZOO / "distilled_r18_half-synthetic-128x64-256d-v2"
DETECTOR_BUNDLE = ZOO / "detector_r18-street-192x192-v1"
TRACKER_BUNDLE = ZOO / "tracker_r18-walks-256x256-v2"
POINTS_BUNDLE = ZOO / "pointnet-shapes-1024-v1"
