"""A rendered scene of two cameras for tests, and the bundle that knows its people."""

from pathlib import Path

from bireid_deploy.data.synthetic.write_crossing import TRUTH, write_crossing

ZOO = min((Path(__file__).parents[1] / "models" / "zoo").glob("distilled_*/manifest.json")).parent
SAME = 0.62


def render_scene(root: Path) -> list[Path]:
    """Three people, 124 frames by camera."""
    return write_crossing(root, people=3, cameras=2, size=(160, 224), seed=1)


def watch_arguments(cameras: list[Path]) -> list[str]:
    """What `watch` is told of the scene."""
    boxes = [f"--boxes={each.name}={each / TRUTH}" for each in cameras]
    return [*map(str, cameras), *boxes, "--reid", str(ZOO), "--same", str(SAME), "--fps", "10"]
