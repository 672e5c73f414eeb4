"""The table `[search]` of a recipe: what `bireid-deploy search` looks for, and how."""

from itertools import combinations
from typing import Annotated, Literal

from bireid_models.backbones.cdnet_architecture import KERNELS, MAX_DEPTH, Choice
from pydantic import Field, model_validator

from bireid_deploy.training.recipe_sections import MethodSection, NonNegative, Positive


class SearchSection(MethodSection):
    """Top-k sample search of an architecture of `cdnet`; `train` refuses a recipe that has it.

    At each place stands every pair of `kernels` in each of the `depths` (CS: depth 1 alone; CDS: 1
    and 2), of which the `top` ones run. `unselected` says what those that do not run give to the
    gradient of alpha: `ones`, as the official code has it, or `zero`. `split`: the weights learn
    from one half of each person's images and alpha from the other (`disjoint`), or from the
    overlapping parts of the `official` code. `alpha_rate` is that of Adam with betas 0.5 and 0.999,
    a tenth of it from each of the `alpha_milestones` on, in epochs; `alpha_decay` its weight decay.
    `latency_weight` weighs the expected latency, as a share of the space's mean, against the loss
    on the second half. `shuffle_alpha` shuffles the gradients within a place before every step of
    alpha: a control that cannot learn which candidate is good. `train_recipe` is the recipe that
    what was found is trained with.
    """

    kernels: tuple[int, ...] = KERNELS
    depths: tuple[int, ...] = (1,)
    top: Annotated[int, Field(ge=1, le=3)] = 2
    unselected: Literal["ones", "zero"] = "ones"
    split: Literal["disjoint", "official"] = "disjoint"
    alpha_rate: Positive = 3e-4
    alpha_decay: NonNegative = 1e-3
    alpha_milestones: tuple[Positive, ...] = ()
    latency_weight: NonNegative = 0.0
    shuffle_alpha: bool = False
    train_recipe: Annotated[str, Field(pattern=r"^\w+$")] = "cdnet"

    @model_validator(mode="after")
    def _is_a_space(self) -> "SearchSection":
        for name, given, known in (
            ("kernels", self.kernels, KERNELS),
            ("depths", self.depths, tuple(range(1, MAX_DEPTH + 1))),
        ):
            if not given or list(given) != sorted(set(given) & set(known)):
                raise ValueError(f"{name} is {list(given)}; choose of {list(known)}, ascending")
        if len(self.candidates) <= self.top:
            raise ValueError(
                f"{len(self.candidates)} candidates are no choice of {self.top}; add kernels or "
                "depths"
            )
        return self

    @property
    def candidates(self) -> tuple[Choice, ...]:
        """What may stand at each place: all pairs of kernels, once for each depth."""
        pairs = tuple(combinations(self.kernels, 2))
        return tuple(Choice(pair, depth) for depth in self.depths for pair in pairs)
