"""The part of a training step that learns from clusters; loads TensorFlow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bireid_models.framework import tf
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.adaptation.centring import centred
from bireid_deploy.adaptation.clustering.data import UnlabelledCrops
from bireid_deploy.adaptation.clustering.dbscan import (
    NOISE,
    adjusted_rand_index,
    close_pairs,
    dbscan,
)
from bireid_deploy.adaptation.clustering.losses import camera_contrast, cluster_contrast
from bireid_deploy.adaptation.clustering.proxies import Proxies
from bireid_deploy.adaptation.embedding import KerasEmbedder
from bireid_deploy.errors import TrainingError
from bireid_deploy.training.features import require_features

AGREEMENT = "agreement"
FIGURES = ("clusters", "noise_share", "shared_share", AGREEMENT)
"""What an epoch says about its clusters, in the order of a table."""


class ClusterStep:
    """A `TaskStep` that is a `Curriculum` too: clusters are found again before every epoch.

    Args:
        network: Built network with the feature `neck`, whose only output is an embedding.
        data: The crops.
        preprocess: How they are normalised.

    Raises:
        TrainingError: The network has no such feature.
    """

    def __init__(self, network: Any, data: UnlabelledCrops, preprocess: Preprocess) -> None:
        require_features(network, ["neck"], "learning from clusters")
        self._embed = KerasEmbedder(network.model, preprocess)
        self._data, self._options = data, data.options
        count, dim = len(data.crops.pixels), network.model.output_shape[-1]
        # There are never more proxies than crops.
        self._memory = _variable("memory", np.zeros((count, dim), np.float32))
        self._of_image = _variable("of_image", np.full(count, NOISE, np.int32))
        self._cluster = _variable("cluster", np.full(count, NOISE, np.int32))
        self._camera = _variable("camera", np.full(count, NOISE, np.int32))
        self._figures = _variable("figures", np.zeros(len(FIGURES)))

    @property
    def variables(self) -> dict[str, Any]:
        """None: the memory moves by itself."""
        return {}

    def state(self) -> dict[str, Any]:
        """The memory, and the clusters of the epoch."""
        names = ("memory", "of_image", "cluster", "camera", "figures")
        return {f"clustering/{name}": getattr(self, f"_{name}") for name in names}

    def proxies(self) -> Proxies:
        """The clusters of the epoch."""
        used = self._cluster.numpy() != NOISE
        return Proxies(
            self._of_image.numpy(), self._cluster.numpy()[used], self._camera.numpy()[used]
        )

    def begin_epoch(self, epoch: int) -> None:
        """Embed and cluster all crops.

        Raises:
            TrainingError: There are no two clusters.
        """
        crops, options = self._data.crops, self._options
        if options.statistics == "camera":
            vectors = self._embed.per_camera(crops.pixels, crops.camera_of)
        else:
            vectors = self._embed(crops.pixels)
        moved = centred(vectors, crops.camera_of, options.centring)
        labels = dbscan(close_pairs(moved, options.k1, options.k2, options.radius), options.least)
        if labels.max() < 1:
            raise TrainingError(
                f"{labels.max() + 1} clusters in {len(labels)} crops at epoch {epoch + 1}; raise "
                "clustering.radius or add crops"
            )
        agreement = adjusted_rand_index(self.proxies().labels, labels) if epoch else 0.0
        proxies = Proxies.of(labels, crops.camera_of)
        self._assign(proxies, proxies.centres(vectors))
        figures = {**proxies.figures(), AGREEMENT: agreement}
        self._figures.assign([figures[name] for name in FIGURES])

    def figures(self) -> dict[str, float]:
        """Of the clusters of the epoch."""
        return dict(zip(FIGURES, self._figures.numpy().tolist(), strict=True))

    def is_done(self, history: Sequence[Mapping[str, float]]) -> bool:
        """Whether the last epoch learned from the clusters of the one before."""
        return len(history) > 1 and history[-1][AGREEMENT] >= self._options.settled

    def predict(self, features: Mapping[str, Any]) -> dict[str, Any]:
        """`embedding`, unit rows, float32 (B, D)."""
        return {"embedding": tf.math.l2_normalize(features["neck"], axis=1)}

    def terms(
        self, features: Mapping[str, Any], predictions: Mapping[str, Any], targets: Any
    ) -> dict[str, Any]:
        """`cluster`, and `camera` unless its weight is 0; the memory moves on.

        `targets` are proxies, int32 (B,).
        """
        options, embedding = self._options, predictions["embedding"]
        memory = tf.identity(self._memory)
        cluster_of, camera_of = tf.identity(self._cluster), tf.identity(self._camera)
        clusters = tf.gather(cluster_of, targets)
        terms = {
            "cluster": cluster_contrast(
                embedding, clusters, memory, cluster_of, options.temperature
            )
        }
        if options.camera_weight > 0:
            terms["camera"] = options.camera_weight * camera_contrast(
                tf.matmul(embedding, memory, transpose_b=True),
                clusters,
                tf.gather(camera_of, targets),
                cluster_of,
                camera_of,
                options.temperature,
                options.hardest,
            )
        self._move(tf.stop_gradient(embedding), targets)
        return terms

    def observed(self, predictions: Mapping[str, Any], targets: Any) -> dict[str, Any]:
        """Nothing."""
        return {}

    def _move(self, embedding: Any, targets: Any) -> None:
        """Draw the centre of every proxy of a batch towards the mean of its crops there."""
        # A product with one-hot rows adds in a fixed order, as a scatter would not.
        member = tf.one_hot(targets, tf.shape(self._memory)[0], dtype=embedding.dtype)
        sizes = tf.reduce_sum(member, axis=0)[:, tf.newaxis]
        means = tf.matmul(member, embedding, transpose_a=True) / tf.maximum(sizes, 1.0)
        kept = self._options.momentum
        moved = tf.math.l2_normalize(kept * self._memory + (1 - kept) * means, axis=1)
        self._memory.assign(tf.where(sizes > 0, moved, self._memory))

    def _assign(self, proxies: Proxies, centres: np.ndarray) -> None:
        count, used = self._memory.shape[0], len(proxies.cluster)
        self._of_image.assign(proxies.of_image)
        self._cluster.assign(np.pad(proxies.cluster, (0, count - used), constant_values=NOISE))
        self._camera.assign(np.pad(proxies.camera, (0, count - used), constant_values=NOISE))
        self._memory.assign(np.pad(centres, ((0, count - used), (0, 0))))


def _variable(name: str, value: np.ndarray) -> Any:
    return tf.Variable(value, trainable=False, name=f"clustering_{name}")
