"""The page of all keys, docs/recipe-keys.md, from the schema: `python -m` this module writes it."""

import inspect
import json
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from bireid_deploy.recipes.schema import recipe_schema
from bireid_deploy.training.recipe_sections import MethodSection, Section

_HEAD = """\
# Every key of a recipe

Written from the schema by `python -m bireid_deploy.recipes.keys_table`; what the keys do to a
training is in [training.md](training.md). `--set KEY=VALUE` takes a key as it stands here, `train
--show RECIPE` prints what a recipe makes of them.
"""
_BOUNDS = {Ge: ("ge", ">="), Gt: ("gt", ">"), Le: ("le", "<="), Lt: ("lt", "<")}


def keys_page() -> str:
    """The page, Markdown: a table of keys for every table of a recipe."""
    schema = recipe_schema()
    plain = {name: field for name, field in schema.model_fields.items() if not _is_table(field)}
    parts = [_HEAD, "\n## At the top\n\n", _rows(plain, "")]
    for name, field in schema.model_fields.items():
        if _is_table(field):
            assert field.annotation is not None
            parts += _table(name, field.annotation, field.default)
    return "".join(parts)


def _table(name: str, kind: Any, default: Any) -> list[str]:
    said = inspect.cleandoc(kind.__doc__ or "")
    off = " Off without this table." if issubclass(kind, MethodSection) else ""
    # Within a recipe a method's table switches it on.
    shown = kind() if issubclass(kind, MethodSection) else default
    parts = [f"\n## `[{name}]`\n\n{said}{off}\n\n", _rows(kind.model_fields, f"{name}.", shown)]
    for inner, field in kind.model_fields.items():
        if _is_table(field):
            parts += _table(f"{name}.{inner}", field.annotation, getattr(shown, inner))
    return parts


def _rows(fields: dict[str, FieldInfo], prefix: str, values: Any = None) -> str:
    lines = ["| key | takes | default |", "|---|---|---|"]
    for name, field in fields.items():
        if _is_table(field):
            continue
        value = field.default if values is None else getattr(values, name)
        default = "" if field.is_required() else f"`{_literal(value)}`"
        takes = _kind(field.annotation, field.metadata).replace("|", "\\|")
        lines.append(f"| `{prefix}{name}` | {takes} | {default} |")
    return "\n".join(lines) + "\n"


def _is_table(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def _kind(annotation: Any, metadata: Any = ()) -> str:
    """A type in words: `integer >= 1`, ``"adam" or "sgd"``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0], arguments[1:])
    if origin is Literal:
        return " or ".join(f"`{_literal(each)}`" for each in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(each) for each in arguments if each is not type(None))
    if origin is tuple:
        if Ellipsis in arguments:
            return f"list of {_kind(arguments[0])}{_bounds(metadata)}"
        return f"list of {', '.join(_kind(each) for each in arguments)}"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "tables of " + ", ".join(f"`{name}`" for name in annotation.model_fields)
    names = {bool: "`true` or `false`", int: "integer", float: "number", str: "text"}
    return names[annotation] + _bounds(metadata)


def _bounds(metadata: Any) -> str:
    found = []
    for each in metadata:
        for bound in getattr(each, "metadata", [each]):
            if type(bound) in _BOUNDS:
                attribute, sign = _BOUNDS[type(bound)]
                found.append(f"{sign} {getattr(bound, attribute)}")
            elif isinstance(bound, MinLen) and bound.min_length:
                found.append("not empty")
    return " " + ", ".join(found) if found else ""


def _literal(value: Any) -> str:
    """As TOML has it; what is not set has no form there."""
    if value is None:
        return "not set"
    if isinstance(value, Section):
        inside = ", ".join(f"{name} = {_literal(each)}" for name, each in value)
        return f"{{{inside}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(each) for each in value)}]"
    return json.dumps(value)


if __name__ == "__main__":
    print(keys_page(), end="")
