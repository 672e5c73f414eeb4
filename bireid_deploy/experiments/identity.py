"""What decides the outcome of a run, to tell a finished run from one that must be trained."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from bireid_converters.toolchain import toolchain

from bireid_deploy.experiments.errors import ExperimentError
from bireid_deploy.recipes import parse_recipe
from bireid_deploy.training.recipe import Recipe, differences

_NAMES_ALONE = {"name", "description"}
_PACKAGES = ("bireid-deploy", "tensorflow", "tf-keras", "larq", "numpy", "pillow")


@dataclass(frozen=True)
class Identity:
    """Recipe with its seed, data, what the run starts from and learns from, and versions.

    Attributes:
        recipe: Recipe, overrides and seed applied.
        data: Description of the data set.
        initial: Run that the weights come from and its fingerprint, or None.
        teacher: Likewise, the run that is distilled.
        versions: Python packages that the weights depend on.
    """

    recipe: Recipe
    data: dict[str, Any]
    initial: dict[str, str] | None
    teacher: dict[str, str] | None
    versions: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything but names; keys at their defaults are left out of the recipe."""
        recipe = self.recipe.model_dump(mode="json", exclude_defaults=True, exclude=_NAMES_ALONE)
        origins = [each and each["fingerprint"] for each in (self.initial, self.teacher)]
        text = json.dumps([recipe, self.data["sha256"], origins, self.versions], sort_keys=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def to_json(self) -> dict[str, Any]:
        """As a record holds it."""
        return {
            "fingerprint": self.fingerprint,
            "recipe": self.recipe.model_dump(mode="json"),
            "data": self.data,
            "initial": self.initial,
            "teacher": self.teacher,
            "versions": self.versions,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any], source: str) -> "Identity":
        """Read an identity back; `source` opens the error message.

        Raises:
            ExperimentError: The record is damaged.
            RecipeError: Its recipe is.
        """
        try:
            identity = cls(
                parse_recipe(record["recipe"], source),
                *(record[key] for key in ("data", "initial", "teacher", "versions")),
            )
            # Reads every key that a comparison needs.
            identity.changes(identity)
            return identity
        except (KeyError, TypeError, AttributeError) as error:
            raise ExperimentError(f"{source}: damaged record: {error!r}; remove it") from error

    def changes(self, other: "Identity") -> list[str]:
        """What differs: dotted keys of the recipe, `data`, `init`, `teacher`, packages."""
        changed = [key for key in differences(self.recipe, other.recipe) if key not in _NAMES_ALONE]
        if self.data["sha256"] != other.data["sha256"]:
            changed.append("data")
        for name, one, two in (
            ("init", self.initial, other.initial),
            ("teacher", self.teacher, other.teacher),
        ):
            if (one and one["fingerprint"]) != (two and two["fingerprint"]):
                changed.append(name)
        names = sorted(self.versions.keys() | other.versions.keys())
        changed += [n for n in names if self.versions.get(n) != other.versions.get(n)]
        return changed


def versions() -> dict[str, str]:
    """Versions of the packages that trained weights depend on."""
    installed = toolchain()
    return {name: installed[name] for name in _PACKAGES if name in installed}
