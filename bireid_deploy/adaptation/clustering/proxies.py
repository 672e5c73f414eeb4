"""What is learned in an epoch: which crops belong together, under which cameras."""

from dataclasses import dataclass

import numpy as np

from bireid_deploy.adaptation.clustering.dbscan import NOISE


@dataclass(frozen=True, eq=False)
class Proxies:
    """Clusters and, within them, cameras: a proxy is the part of a cluster under one camera.

    Attributes:
        of_image: Proxy of each crop, -1 for noise, int32 (N,).
        cluster: Cluster of each proxy, int32 (P,).
        camera: Its camera, int32 (P,).
    """

    of_image: np.ndarray
    cluster: np.ndarray
    camera: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray, cameras: np.ndarray) -> "Proxies":
        """Split clusters by camera.

        Args:
            labels: Cluster of each crop, -1 for noise, int64 (N,).
            cameras: Its camera, int64 (N,).
        """
        kept = labels != NOISE
        found, position = np.unique(
            np.stack([labels[kept], cameras[kept]]), axis=1, return_inverse=True
        )
        of_image = np.full(len(labels), NOISE, np.int32)
        of_image[kept] = position.reshape(-1)
        return cls(of_image, found[0].astype(np.int32), found[1].astype(np.int32))

    @property
    def labels(self) -> np.ndarray:
        """Cluster of each crop, -1 for noise, int64 (N,)."""
        kept = self.of_image != NOISE
        labels = np.full(len(self.of_image), NOISE, np.int64)
        labels[kept] = self.cluster[self.of_image[kept]]
        return labels

    def centres(self, vectors: np.ndarray) -> np.ndarray:
        """Mean of the crops of each proxy, of unit length.

        Args:
            vectors: Unit rows, float32 (N, D).

        Returns:
            float32 (P, D).
        """
        kept = self.of_image != NOISE
        sums = np.zeros((len(self.cluster), vectors.shape[1]))
        np.add.at(sums, self.of_image[kept], vectors[kept])
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return (sums / np.maximum(norms, 1e-12)).astype(np.float32)

    def figures(self) -> dict[str, float]:
        """Clusters, share of noise, and share of clusters with more than one camera."""
        clusters = int(self.cluster.max(initial=NOISE)) + 1
        seen = np.bincount(self.cluster, minlength=clusters)
        return {
            "clusters": float(clusters),
            "noise_share": float((self.of_image == NOISE).mean()),
            "shared_share": float((seen > 1).mean()) if clusters else 0.0,
        }
