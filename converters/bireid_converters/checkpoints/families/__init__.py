"""The table of kinds of checkpoints: how each is recognised, and what its weights do not say."""

from collections.abc import Collection

from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.suggestions import hint

from bireid_converters.checkpoints.families.cdnet import CDNETS
from bireid_converters.checkpoints.families.family import Family
from bireid_converters.checkpoints.families.fast_reid import FAST_REID
from bireid_converters.checkpoints.families.light import LIGHT
from bireid_converters.checkpoints.families.osnets import OSNETS
from bireid_converters.checkpoints.families.resnets import RESNETS

__all__ = ["FAMILIES", "Family", "find_family"]

FAMILIES = (*OSNETS, *RESNETS, *FAST_REID, *LIGHT, *CDNETS)

# What is not built here, by parts of keys that give it away.
_STRANGERS = {
    "a transformer": (".attn.qkv.", ".attn.in_proj_", ".attn.w_msa.", ".self_attn."),
    "MLFN": (".fm_conv1.",),
}
_ROUTES = (
    "export it to ONNX where it was trained and `import` that; such a bundle can teach a network, "
    "too: `teach-cache`"
)


def find_family(keys: Collection[str], name: str | None = None) -> Family:
    """The kind of a checkpoint.

    Args:
        keys: Its keys.
        name: What the user says it is; None to find out.

    Raises:
        UnsupportedModelError: None fits; the message names the closest. Or a variant of one that
            is not built.
    """
    family = _named(name) if name is not None else _recognised(keys)
    if missing := family.missing(keys):
        raise UnsupportedModelError(f"it is no {family.name}: {missing[0]!r} is not in it")
    if (foreign := family.foreign(keys)) is not None:
        raise UnsupportedModelError(
            f"it is a variant of {family.name} that is not built here ({foreign!r}); {_ROUTES}"
        )
    return family


def _named(name: str) -> Family:
    by_name = {family.name: family for family in FAMILIES}
    if name not in by_name:
        raise UnsupportedModelError(f"no architecture {name!r}; {hint(name, by_name)}")
    return by_name[name]


def _recognised(keys: Collection[str]) -> Family:
    fitting = [family for family in FAMILIES if family.fits(keys)]
    if fitting:
        return fitting[0]
    for stranger, parts in _STRANGERS.items():
        for key in keys:
            if any(part in key for part in parts):
                raise UnsupportedModelError(
                    f"it is {stranger}, which is not built here ({key!r}); {_ROUTES}"
                )
    common = {family.name: len(family.marks) - len(family.missing(keys)) for family in FAMILIES}
    closest = max(common, key=lambda name: common[name])
    near = f", the closest is {closest}" if common[closest] else ""
    raise UnsupportedModelError(
        f"of no architecture that is known here{near}; its first keys: "
        f"{', '.join(list(keys)[:5])}; {_ROUTES}"
    )
