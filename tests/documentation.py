"""Code blocks of the documentation, for the tests that run them."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).parents[1]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language, in their order."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return [code for found, code in _BLOCK.findall(text) if found == language]


def block(page: str, language: str, opening: str) -> str:
    """The one block of a page that opens like this."""
    (found,) = [code for code in blocks(page, language) if code.startswith(opening)]
    return found


def module(code: str, name: str, folder: Path) -> ModuleType:
    """Write code into a file and import it, as a person who follows the page would."""
    path = folder / f"{name}.py"
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded
