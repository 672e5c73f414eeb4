# ruff: noqa: N999 - PyInstaller looks for this name
"""PyInstaller: the native libraries are opened by path, and back ends are imported by name."""

from PyInstaller.utils.hooks import collect_dynamic_libs, collect_submodules, copy_metadata

binaries = collect_dynamic_libs("bireid_runtime", search_patterns=["*.so*", "*.dylib", "*.dll"])
datas = copy_metadata("bireid-runtime")
hiddenimports = collect_submodules("bireid_runtime", lambda name: ".packaging" not in name)
