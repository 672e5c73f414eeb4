"""Hooks of programs that pack Python applications."""

from pathlib import Path


def pyinstaller_hooks() -> list[str]:
    """Where PyInstaller finds the hook of this package; its entry point `pyinstaller40`."""
    return [str(Path(__file__).parent)]
