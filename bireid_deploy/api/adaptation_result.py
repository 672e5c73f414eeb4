"""What an adaptation left, and what it says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_runtime import Bundle

from bireid_deploy.adaptation.advice import advice
from bireid_deploy.adaptation.cameras import Adapted
from bireid_deploy.adaptation.consistency import Consistency
from bireid_deploy.adaptation.crops import Crops, Ignored
from bireid_deploy.adaptation.plan import Plan


@dataclass(frozen=True)
class Adaptation:
    """What an adaptation left.

    Attributes:
        bundle: The bundle that was written; None if the result is a run.
        run: The run that was written, if any.
        crops: Crops that were learned from, by camera.
        ignored: Files that were not used, with the reason.
        before: Figures of the embeddings before, without labels; None for one camera.
        after: Figures after.
        advice: What a person should know, a line each; empty if all went well.
    """

    bundle: Bundle | None
    run: Path | None
    crops: dict[str, int]
    ignored: Ignored
    before: Consistency | None
    after: Consistency | None
    advice: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {
            "bundle": None if self.bundle is None else str(self.bundle.path),
            "fingerprint": None if self.bundle is None else self.bundle.fingerprint,
            "run": None if self.run is None else str(self.run),
            "crops": self.crops,
            "ignored": [{"path": str(path), "reason": reason} for path, reason in self.ignored],
            "before": None if self.before is None else self.before.to_json(),
            "after": None if self.after is None else self.after.to_json(),
            "advice": list(self.advice),
        }


def note_of(
    plan: Plan, crops: Crops, adapted: Adapted, origin: Mapping[str, Any]
) -> dict[str, Any]:
    """What a manifest or a run says of how it was adapted, JSON-serialisable."""
    before, after = adapted.before, adapted.after
    return {
        **plan.to_json(),
        "crops": crops.counts,
        "ignored": len(crops.ignored),
        "adapted_from": dict(origin),
        "consistency": None
        if before is None or after is None
        else {"before": before.to_json(), "after": after.to_json()},
        "advice": advice(adapted),
    }


def result_of(
    bundle: Bundle | None, run: Path | None, crops: Crops, adapted: Adapted
) -> Adaptation:
    """What was written, with what can be said of it."""
    return Adaptation(
        bundle,
        run,
        crops.counts,
        crops.ignored,
        adapted.before,
        adapted.after,
        tuple(advice(adapted)),
    )
