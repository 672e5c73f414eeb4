"""The hook for PyInstaller is where its entry point says."""

import importlib
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[2] / "runtime" / "pyproject.toml"


def test_the_entry_point_leads_to_a_hook_for_this_package():
    points = tomllib.loads(PYPROJECT.read_text())["project"]["entry-points"]["pyinstaller40"]
    module, _, function = points["hook-dirs"].partition(":")
    (folder,) = getattr(importlib.import_module(module), function)()
    compile((Path(folder) / "hook-bireid_runtime.py").read_text(), "hook", "exec")
