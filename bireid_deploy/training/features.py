"""The features of a network that losses read: which a head gives is its own matter."""

from collections.abc import Iterable
from typing import Any

from bireid_deploy.errors import TrainingError


def require_features(network: Any, names: Iterable[str], reader: str) -> None:
    """See that a network has the features that something reads.

    Args:
        network: Built network, `bireid_models.network.Network`.
        names: Names of features.
        reader: What reads them, for the message.

    Raises:
        TrainingError: One is missing; it is named, with those that there are.
    """
    known = network.features.output_shape
    for name in names:
        if name not in known:
            config = network.config
            raise TrainingError(
                f"{reader} reads the feature {name!r}, which backbone {config.backbone!r} with "
                f"head {config.head!r} does not give; there are {', '.join(known)}"
            )


def branches(network: Any, feature: str) -> tuple[str, ...]:
    """The names under which a head with several branches gives one feature.

    Args:
        network: Built network, `bireid_models.network.Network`.
        feature: What the first branch calls it; further ones have a prefix, as `local_pooled`.

    Returns:
        The name itself, then the others in the order of the head.
    """
    others = (name for name in network.features.output_shape if name.endswith(f"_{feature}"))
    return (feature, *others)
