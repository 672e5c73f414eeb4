"""What the keys of a ResNet say of its body, to hold a configuration against."""

from collections.abc import Collection

from bireid_converters.checkpoints.configs.framework import require_agreement
from bireid_converters.checkpoints.configs.settings import Settings

_DEPTHS: dict[tuple[tuple[int, ...], bool], int] = {
    ((2, 2, 2, 2), False): 18,
    ((3, 4, 6, 3), False): 34,
    ((3, 4, 6, 3), True): 50,
    ((3, 4, 23, 3), True): 101,
    ((3, 8, 36, 3), True): 152,
}


def require_depth(
    settings: Settings, key: str, depth: int, keys: Collection[str], body: str
) -> None:
    """See that a checkpoint is a ResNet of the depth that a configuration says.

    Args:
        settings: The configuration.
        key: Where it says so.
        depth: 18 to 152.
        keys: Of the checkpoint.
        body: Prefix of the body's keys, with its dot.

    Raises:
        CheckpointError: It is not.
    """
    blocks = tuple(_count(keys, f"{body}layer{stage}") for stage in (1, 2, 3, 4))
    found = _DEPTHS.get((blocks, f"{body}layer1.0.conv3.weight" in keys))
    words = f"stages of {', '.join(map(str, blocks))} blocks"
    require_agreement(settings, key, found == depth, words if found is None else f"{found} layers")


def require_mixed_norm(
    settings: Settings, key: str, wanted: bool, keys: Collection[str], body: str
) -> None:
    """See that a checkpoint has IBN-a's normalisation where a configuration says so.

    Raises:
        CheckpointError: It has none, or the configuration says that it has none.
    """
    has = f"{body}layer1.0.bn1.IN.weight" in keys
    found = f"{'' if has else 'no '}normalisation by the image (IBN-a)"
    require_agreement(settings, key, has == wanted, found)


def _count(keys: Collection[str], stage: str) -> int:
    count = 0
    while f"{stage}.{count}.conv1.weight" in keys:
        count += 1
    return count
