"""From the object in a file to named tensors: containers, whole modules, wrappers."""

from typing import Any

from bireid_converters.checkpoints.pickle_program import Foreign, Global
from bireid_converters.checkpoints.tensors import Tensor
from bireid_converters.errors import CheckpointError

# Where training programs keep the network, by precedence.
_CONTAINERS = ("state_dict", "model_state_dict", "model", "teacher", "net", "network")
# What wrappers put in front of every name.
_WRAPPERS = ("module.", "_orig_mod.")
# An averaged model counts its averages.
_COUNTERS = {"n_averaged"}
_MAX_DEPTH = 32
_MAX_VISITS = 200_000


def named_tensors(contents: Any) -> tuple[dict[str, Tensor], dict[str, str], dict[str, Any]]:
    """The tensors of a network, by the names that `state_dict()` gives them.

    Args:
        contents: What the file holds: a dictionary of tensors, one of such dictionaries, or a
            whole module.

    Returns:
        The tensors; what else the file holds: its kind by its name; and the same as it is, as far
        as it stands beside a dictionary of the tensors.

    Raises:
        CheckpointError: There is no tensor in it, or it goes too deep.
    """
    skipped: dict[str, str] = {}
    beside: dict[str, Any] = {}
    while (members := _members(contents)) is not None:
        container = next((name for name in _CONTAINERS if _holds_more(members, name)), None)
        if container is None:
            break
        others = {name: value for name, value in members.items() if name != container}
        beside |= others
        skipped |= {name: _kind(value) for name, value in others.items()}
        contents = members[container]
    walk = _Walk(skipped)
    walk.visit("", contents, 0)
    if not walk.tensors:
        raise CheckpointError(
            "the file holds no tensors; save the network with torch.save(model.state_dict(), FILE)"
        )
    return _unwrapped(walk.tensors), skipped, beside


class _Walk:
    """Collects tensors by name, in the order of the file."""

    def __init__(self, skipped: dict[str, str]) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._skipped = skipped
        self._visits = 0

    def visit(self, name: str, value: Any, depth: int) -> None:
        self._visits += 1
        # An object can hold itself.
        if depth > _MAX_DEPTH or self._visits > _MAX_VISITS:
            raise CheckpointError("objects in the file have no end; it is damaged or hostile")
        members = _members(value)
        if isinstance(value, Tensor):
            # A dictionary inside another gives the names that the outer one could have, too.
            if name in self.tensors:
                raise CheckpointError(f"two tensors are named {name!r:.100}; the file is hostile")
            self.tensors[name] = value
        elif members is not None:
            for key, member in members.items():
                self.visit(f"{name}.{key}" if name else key, member, depth + 1)
        elif name and depth == 1:
            self._skipped[name] = _kind(value)


def _members(value: Any) -> dict[str, Any] | None:
    """What is inside a dictionary or a module, by name; None for everything else."""
    if isinstance(value, Foreign):
        if isinstance(value.state, dict) and isinstance(value.state.get("_modules"), dict):
            return _module_members(value.state)
        # A dictionary of another class, or a module of TorchScript, whose state names all.
        scripted = value.name.startswith("__torch__.") and isinstance(value.state, dict)
        value = value.state if scripted else value.items
        if not value:
            return None
    if not isinstance(value, dict):
        return None
    return {key: member for key, member in value.items() if isinstance(key, str)}


def _module_members(state: dict[Any, Any]) -> dict[str, Any]:
    """Parameters, buffers and modules inside a `torch.nn.Module`, as `state_dict` orders them."""
    members: dict[str, Any] = {}
    for part in ("_parameters", "_buffers", "_modules"):
        held = state.get(part)
        if isinstance(held, dict):
            members |= {
                key: member
                for key, member in held.items()
                if isinstance(key, str) and member is not None
            }
    return members


def _holds_more(members: dict[str, Any], name: str) -> bool:
    """Whether a container is there and the tensors are in it, not beside it."""
    beside = any(isinstance(value, Tensor) for value in members.values())
    return name in members and not beside and _members(members[name]) is not None


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    while wrapper := next(
        (
            wrapper
            for wrapper in _WRAPPERS
            if all(name.startswith(wrapper) for name in tensors.keys() - _COUNTERS)
        ),
        None,
    ):
        tensors = {
            name.removeprefix(wrapper): tensor
            for name, tensor in tensors.items()
            if name not in _COUNTERS
        }
    return tensors


def _kind(value: Any) -> str:
    if isinstance(value, Foreign | Global):
        return value.name
    return "tensor" if isinstance(value, Tensor) else type(value).__name__
