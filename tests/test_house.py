"""Nobody asks for a task, a method or a format by its name outside its own folder and its table.

Such a place would have to change whenever one is added. What is looked for are string constants,
attributes and keyword arguments that are such a name, and imports from inside a task or a method;
recipes and documentation may name whatever they like.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from bireid_converters.formats import FORMATS

from bireid_deploy.tasks import TASKS
from bireid_deploy.training.methods import METHODS

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("bireid_deploy", "converters/bireid_converters", "runtime/bireid_runtime")
TASK_FOLDER, METHOD_FOLDER = "bireid_deploy/tasks", "bireid_deploy/training/methods"

# Where a name may stand beside its own folder and its table, and why.
ALLOWED = {
    ("bireid_deploy/training/recipe.py", "reid"): "what a recipe is for that does not say so",
    ("bireid_deploy/cli/demo.py", "histogram"): "the demo is the story of one task",
    ("bireid_deploy/cli/demo.py", "onnx"): "the label of a back end; the demo shows all of them",
    ("bireid_deploy/cli/demo.py", "lce"): "the label of a back end; the demo shows all of them",
    ("bireid_deploy/benchmark/engines.py", "onnx"): "a back end, which has its format's name",
    ("bireid_deploy/benchmark/engines.py", "lce"): "a back end, which has its format's name",
    ("bireid_deploy/benchmark/engines.py", "float"): "a type of ONNX",
    ("bireid_deploy/data/clouds/ply.py", "float"): "a type of PLY",
    ("converters/bireid_converters/checkpoints/families/family.py", "reid"): "what these are for",
    ("converters/bireid_converters/toolchain.py", "onnx"): "the package on PyPI",
    ("converters/bireid_converters/flatbuffer.py", "int8"): "NumPy's type",
    ("converters/bireid_converters/parity/onnx_file.py", "int8"): "NumPy's type",
    ("converters/bireid_converters/parity/reference.py", "int8"): "NumPy's type",
    ("bireid_deploy/search/single_block.py", "lce"): "what the native engine reads",
    ("bireid_deploy/extras.py", "points"): "an extra, as pyproject.toml names it",
    ("converters/bireid_converters/card.py", "points"): "a kind of input",
    ("converters/bireid_converters/golden.py", "points"): "a kind of input",
    ("runtime/bireid_runtime/clouds.py", "points"): "a key of the manifest",
    ("runtime/bireid_runtime/inputs.py", "points"): "a kind of input",
    ("runtime/bireid_runtime/point_classifier.py", "points"): "a kind of input",
}
# A back end says which format it reads: its table and its module.
BACKENDS = "runtime/bireid_runtime/backends/"
FORMAT_TABLE = "converters/bireid_converters/formats.py"


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            yield path.relative_to(REPOSITORY).as_posix(), ast.parse(path.read_text())


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every constant text, attribute and keyword of a module, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.keyword) and node.arg is not None:
            yield node.value.lineno, node.arg


def _found(names: set[str], own: dict[str, str], table: str, beside: str = "") -> set[str]:
    """Places that use one of the names; `own` is the folder of each."""
    places = set()
    for path, tree in _sources():
        if path == table or (beside and path.startswith(beside)):
            continue
        for line, name in _names(tree):
            at_home = path.startswith(own[name]) if name in own else False
            if name in names and not at_home and (path, name) not in ALLOWED:
                places.add(f"{path}:{line} says {name!r}")
    return places


TABLES = {
    "tasks": (
        set(TASKS),
        {name: f"{TASK_FOLDER}/{name}" for name in TASKS},
        f"{TASK_FOLDER}/__init__.py",
        "",
    ),
    "what tasks bring": (
        {each for task in TASKS.values() for each in (*task.generators, *task.baselines)},
        {
            each: f"{TASK_FOLDER}/{name}"
            for name, task in TASKS.items()
            for each in (*task.generators, *task.baselines)
        },
        f"{TASK_FOLDER}/__init__.py",
        "",
    ),
    "methods": (
        set(METHODS),
        {name: f"{METHOD_FOLDER}/{name}" for name in METHODS},
        f"{METHOD_FOLDER}/__init__.py",
        "",
    ),
    "formats": ({entry.name for entry in FORMATS}, {}, FORMAT_TABLE, BACKENDS),
}


@pytest.mark.parametrize("table", TABLES)
def test_a_name_stands_in_its_folder_and_its_table_alone(table):
    assert _found(*TABLES[table]) == set()


def test_what_is_allowed_is_still_there():
    said = {(path, name) for path, tree in _sources() for _, name in _names(tree)}
    assert ALLOWED.keys() - said == set()


@pytest.mark.parametrize(
    ("folder", "names"), [(TASK_FOLDER, TASKS), (METHOD_FOLDER, METHODS)], ids=["tasks", "methods"]
)
def test_only_the_table_imports_from_inside(folder, names):
    inside = {f"{folder.replace('/', '.')}.{name}": f"{folder}/{name}/" for name in names}
    strangers = set()
    for path, tree in _sources():
        imported = {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module is not None
        }
        for module, home in inside.items():
            used = any(f"{each}.".startswith(f"{module}.") for each in imported)
            if used and not path.startswith(home) and path != f"{folder}/__init__.py":
                strangers.add(f"{path} imports from {module}")
    assert strangers == set()
