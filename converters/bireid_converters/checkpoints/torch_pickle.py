"""The objects of a PyTorch pickle: tensors, parameters and their storages."""

from collections.abc import Callable
from typing import Any

from bireid_converters.checkpoints.pickle_program import Foreign, Global, Rebuild
from bireid_converters.checkpoints.tensors import (
    MAX_TENSORS,
    STORAGE_DTYPES,
    Storage,
    Tensor,
    make_tensor,
)
from bireid_converters.errors import CheckpointError

_MAX_ORDERED_ITEMS = 1_000_000
_UNREADABLE = {
    "torch._utils._rebuild_qtensor": "a quantised tensor",
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor",
    "torch._utils._rebuild_sparse_csr_tensor": "a sparse tensor",
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch._utils._rebuild_meta_tensor_no_storage": "a tensor without numbers",
    "torch._utils._rebuild_wrapper_subclass": "a tensor of a foreign kind",
    "torch._utils._rebuild_tensor_v3": "a tensor of an unusual number type",
}

StorageFound = Callable[[Storage], None]


class TorchObjects:
    """What stands in a checkpoint of PyTorch; one object per file, as it counts.

    Attributes:
        storages: Every storage that was named, by its key.
    """

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}
        self._tensors = 0
        self._items = 0
        self.rebuilds: dict[str, Rebuild] = {
            "collections.OrderedDict": self._ordered_dict,
            "torch._utils._rebuild_tensor": self._tensor,
            "torch._utils._rebuild_tensor_v2": self._tensor,
            "torch._utils._rebuild_parameter": _first_argument,
            "torch._utils._rebuild_parameter_with_state": _first_argument,
            **{name: _refuse(what) for name, what in _UNREADABLE.items()},
        }

    def persistent(self, identity: Any) -> Any:
        """What a persistent id stands for: a storage, or a class that brought its source along.

        Raises:
            CheckpointError: It is malformed, or contradicts one that was there before.
        """
        if isinstance(identity, tuple) and len(identity) == 4 and identity[0] == "module":
            return identity[1]
        if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
            raise CheckpointError("a storage of the file is malformed; it is damaged or hostile")
        _, kind, key, _, elements, *view = identity
        if view and view[0] is not None:
            raise CheckpointError(
                "storages that are views of others are not read; open the file in torch and save "
                "model.state_dict() again"
            )
        storage = Storage(_storage_kind(kind), _count(elements), _key(key))
        known = self.storages.setdefault(storage.key, storage)
        if (known.kind, known.elements) != (storage.kind, storage.elements):
            raise CheckpointError(f"storage {storage.key!r} is declared twice, differently")
        return known

    def _tensor(self, arguments: tuple[Any, ...]) -> Tensor:
        if len(arguments) < 4:
            raise CheckpointError("a tensor's place is malformed; the file is damaged or hostile")
        storage, offset, shape, strides = arguments[:4]
        self._tensors += 1
        if self._tensors > MAX_TENSORS:
            raise CheckpointError(f"more than {MAX_TENSORS} tensors; the file is hostile")
        if not isinstance(shape, tuple | list) or not isinstance(strides, tuple | list):
            raise CheckpointError("a tensor's place is malformed; the file is damaged or hostile")
        return make_tensor(storage, offset, shape, strides)

    def _ordered_dict(self, arguments: tuple[Any, ...]) -> dict[Any, Any]:
        pairs = arguments[0] if arguments else []
        if not isinstance(pairs, list | tuple) or not all(
            isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)
            for pair in pairs
        ):
            raise CheckpointError("damaged or hostile pickle: an OrderedDict of no pairs")
        # One list could be copied again and again.
        self._items += len(pairs)
        if self._items > _MAX_ORDERED_ITEMS:
            raise CheckpointError("damaged or hostile pickle: dictionaries without end")
        found = dict(pairs)
        if len(found) != len(pairs):
            raise CheckpointError("damaged or hostile pickle: a key occurs twice")
        return found


def _first_argument(arguments: tuple[Any, ...]) -> Any:
    if not arguments:
        raise CheckpointError("a parameter without a tensor; the file is damaged or hostile")
    return arguments[0]


def _refuse(what: str) -> Rebuild:
    def rebuild(arguments: tuple[Any, ...]) -> Any:
        raise CheckpointError(
            f"the file holds {what}, which is not read; save the model's float32 state_dict()"
        )

    return rebuild


def _storage_kind(kind: object) -> str:
    name = kind.name if isinstance(kind, Global | Foreign) else str(kind)[:64]
    kind_name = name.rpartition(".")[2].removesuffix("Storage")
    if not name.startswith("torch.") or kind_name not in STORAGE_DTYPES:
        raise CheckpointError(
            f"numbers of the type {name!r} are not read; save the model's float32 state_dict()"
        )
    return kind_name


def _count(elements: object) -> int:
    if type(elements) is not int or not 0 <= elements <= 2**40:
        raise CheckpointError("a storage's size is malformed; the file is damaged or hostile")
    return elements


def _key(key: object) -> str:
    if not isinstance(key, str) or not key or len(key) > 64 or "/" in key:
        raise CheckpointError("a storage's name is malformed; the file is damaged or hostile")
    return key
