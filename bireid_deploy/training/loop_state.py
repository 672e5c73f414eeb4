"""Where the training loop stands; saved with every checkpoint."""


class LoopState:
    """Where the loop stands, and the sums of the epoch in progress."""

    def __init__(
        self,
        epoch: int = 0,
        batch: int = 0,
        step: int = 0,
        sums: dict[str, float] | None = None,
        images: int = 0,
        seconds: float = 0.0,
        history: list[dict[str, float]] | None = None,
    ) -> None:
        self.epoch = epoch
        self.batch = batch
        self.step = step
        self.sums = sums or {}
        self.images = images
        self.seconds = seconds
        self.history = history or []

    def add(self, terms: dict[str, float], images: int, seconds: float) -> None:
        """Count a step."""
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.batch += 1
        self.step += 1
        # The first step compiles the graph, so it says nothing about speed.
        if self.step > 1:
            self.images += images
            self.seconds += seconds

    def end_epoch(self) -> dict[str, float]:
        """Close the epoch; returns the mean of every term and `images_per_second`."""
        summary = {name: value / max(1, self.batch) for name, value in self.sums.items()}
        summary["images_per_second"] = self.images / self.seconds if self.seconds else 0.0
        self.history.append(summary)
        self.epoch, self.batch, self.sums, self.images, self.seconds = self.epoch + 1, 0, {}, 0, 0.0
        return summary
