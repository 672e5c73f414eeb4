"""What each camera gets: a batch normalisation of its own, and a centre of its embeddings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bireid_deploy.adaptation.centring import Centre, centred, estimate_centre
from bireid_deploy.adaptation.consistency import Consistency, consistency
from bireid_deploy.adaptation.crops import Crops
from bireid_deploy.adaptation.plan import Plan

if TYPE_CHECKING:
    from bireid_deploy.adaptation.embedding import KerasEmbedder
    from bireid_deploy.adaptation.normalisation import Statistics

Embed = Callable[[np.ndarray], np.ndarray]
"""From uint8 (N, H, W, 3), at the network's input size, to unit rows, float32 (N, D)."""

Saying = Callable[[str], None]
"""Told what is being done, one line each."""


@dataclass(frozen=True, eq=False)
class AdaptedCamera:
    """One camera.

    Attributes:
        name: Its name.
        crops: Crops that were learned from.
        centre: What is taken out of its embeddings.
        statistics: Its batch normalisation; None for that of the network.
    """

    name: str
    crops: int
    centre: Centre
    statistics: "Statistics | None" = None


@dataclass(frozen=True, eq=False)
class Adapted:
    """All cameras, and what can be said of their embeddings without labels.

    Attributes:
        cameras: In the order of their names.
        before: Figures of the network as it was; None for one camera.
        after: Figures after adaptation.
        overlap: `bridged` of the embeddings after adaptation, each camera's mean taken out, whether
            the plan does so or not: whether cameras share people. None for one camera.
    """

    cameras: tuple[AdaptedCamera, ...]
    before: Consistency | None
    after: Consistency | None
    overlap: float | None


def adapt_embedder(embed: Embed, crops: Crops, plan: Plan) -> Adapted:
    """Adapt a network that can only be run, such as that of a bundle."""
    vectors = embed(crops.pixels)
    return _centred(consistency(vectors, crops.camera_of), vectors, crops, plan, {})


def adapt_network(
    embed: "KerasEmbedder",
    crops: Crops,
    plan: Plan,
    say: Saying = lambda line: None,
    before: Consistency | None = None,
) -> Adapted:
    """Adapt a trained network.

    With `norm` for all cameras together, the model keeps the statistics that were estimated; those
    of single cameras are returned and the model is as it was.

    Args:
        embed: The network.
        crops: Decoded crops.
        plan: What to do; `cluster` is done before.
        say: Told what is being done.
        before: Figures to compare with; None takes those of the network as it is.

    Raises:
        UnsupportedModelError: The network has no batch normalisation.
    """
    from bireid_deploy.adaptation.normalisation import assign, kept

    vectors = embed(crops.pixels)
    before = before or consistency(vectors, crops.camera_of)
    if plan.norms_all:
        found = embed.estimate(crops.pixels)
        say(f"batch normalisation of all cameras: {found.passes} passes")
        assign(embed.model, found.statistics)
        vectors = embed(crops.pixels)
    if not plan.norms_cameras:
        return _centred(before, vectors, crops, plan, {})
    statistics = {}
    for camera, name in enumerate(crops.cameras):
        found = embed.estimate(crops.of(camera))
        say(f"batch normalisation of {name}: {found.passes} passes")
        with kept(embed.model):
            assign(embed.model, found.statistics)
            vectors[crops.camera_of == camera] = embed(crops.of(camera))
        statistics[name] = found.statistics
    return _centred(before, vectors, crops, plan, statistics)


def _centred(
    before: Consistency | None,
    vectors: np.ndarray,
    crops: Crops,
    plan: Plan,
    statistics: "dict[str, Statistics]",
) -> Adapted:
    cameras, after = [], np.empty_like(vectors)
    for position, (name, count) in enumerate(crops.counts.items()):
        own = crops.camera_of == position
        centre = estimate_centre(vectors[own], plan.centring if plan.centres else "none")
        after[own] = centre.apply(vectors[own])
        cameras.append(AdaptedCamera(name, count, centre, statistics.get(name)))
    found = consistency(after, crops.camera_of)
    apart = found
    if found is not None and not plan.centres:
        apart = consistency(centred(vectors, crops.camera_of, "mean"), crops.camera_of)
    return Adapted(tuple(cameras), before, found, None if apart is None else apart.bridged)


def camera_model(model: Any, statistics: "Statistics") -> Callable[[], Any]:
    """What gives a model the batch normalisation of a camera when it is called.

    One model serves all cameras; it keeps the statistics until another camera's are asked for.
    """
    from bireid_deploy.adaptation.normalisation import assign

    return lambda: assign(model, statistics)
