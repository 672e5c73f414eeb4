"""The settings of the level `cluster`."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bireid_deploy.training.recipe_sections import NonNegative, Positive, Probability, Section


class ClusteringSection(Section):
    """Clusters of unlabelled crops, and what a network learns from them.

    `k1` and `k2` as in k-reciprocal re-ranking; images within `radius` (Jaccard distance) are
    close, and `least` close images make a core (DBSCAN). `centring`: what of its camera is taken
    out of every embedding before. `statistics`: batch normalisation with which crops are embedded
    for clustering: that of the `network`, or estimated for each `camera`. `batches`: of all
    cameras `mixed`, or each of one `camera`, so that batch normalisation sees that camera alone.

    The loss is InfoNCE at `temperature` against the centres of all clusters, and with
    `camera_weight` against those of the same cluster under other cameras, beside the `hardest`
    ones of other clusters. A centre moves towards the crops of a batch: `momentum` of it stays.
    Training ends early when clusters agree with those of the epoch before by `settled` (adjusted
    Rand index).
    """

    k1: Annotated[int, Field(ge=1)] = 20
    k2: Annotated[int, Field(ge=1)] = 6
    radius: Annotated[float, Field(gt=0, lt=1)] = 0.4
    least: Annotated[int, Field(ge=2)] = 4
    centring: Literal["none", "mean", "mean-and-deviation"] = "mean"
    statistics: Literal["network", "camera"] = "camera"
    batches: Literal["mixed", "camera"] = "mixed"
    temperature: Positive = 0.05
    momentum: Probability = 0.2
    camera_weight: NonNegative = 0.5
    hardest: Annotated[int, Field(ge=1)] = 50
    settled: Probability = 0.98

    @model_validator(mode="after")
    def _averages_over_neighbours(self) -> "ClusteringSection":
        if self.k2 > self.k1 + 1:
            raise ValueError(f"k2 is {self.k2}; it must be at most k1 + 1 = {self.k1 + 1}")
        return self
