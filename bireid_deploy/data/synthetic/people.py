"""What distinguishes one synthetic person: body, hair, clothes and what is carried.

Lengths are fractions of the body height, measured down from the top of the head.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bireid_deploy.data.synthetic.palette import (
    BOTTOMS,
    CLOTHES,
    HAIR,
    SHOES,
    SKIN,
    Color,
    lightness,
    pick,
    pick_color,
)

Pattern = Literal["plain", "stripes", "pinstripes", "check", "logo", "two-tone", "open"]
HairStyle = Literal["bald", "short", "bob", "long", "ponytail", "bun"]
Hat = Literal["none", "cap", "beanie", "brim"]
BottomsKind = Literal["trousers", "shorts", "skirt"]
BagKind = Literal["none", "backpack", "handbag", "satchel"]

_PATTERNS: dict[Pattern, float] = {
    "plain": 8, "stripes": 4, "pinstripes": 2, "check": 3, "logo": 4, "two-tone": 4, "open": 3,
}  # fmt: skip
_HAIR_STYLES: dict[HairStyle, float] = {
    "bald": 1, "short": 9, "bob": 3, "long": 5, "ponytail": 3, "bun": 2,
}  # fmt: skip
_HATS: dict[Hat, float] = {"none": 15, "cap": 2, "beanie": 2, "brim": 1}
_BOTTOMS: dict[BottomsKind, float] = {"trousers": 13, "shorts": 4, "skirt": 4}
_BAGS: dict[BagKind, float] = {"none": 8, "backpack": 5, "handbag": 3, "satchel": 4}
_SLEEVES: dict[Literal["none", "short", "long"], float] = {"none": 1, "short": 4, "long": 8}


@dataclass(frozen=True)
class Garment:
    """A top.

    Attributes:
        color: Ground colour.
        second_color: Colour of the pattern.
        pattern: Kind of pattern.
        period: Size of the pattern.
        hem: Height of the lower edge; past 0.6 it is a coat.
        sleeve: Covered share of the arm, 0 to 1.
    """

    color: Color
    second_color: Color
    pattern: Pattern
    period: float
    hem: float
    sleeve: float


@dataclass(frozen=True)
class Bottoms:
    """Trousers, shorts or a skirt.

    Attributes:
        kind: Which of them.
        color: Colour of the cloth.
        hem: Height of the lower edge.
        width: Fit, 1 is regular.
    """

    kind: BottomsKind
    color: Color
    hem: float
    width: float


@dataclass(frozen=True)
class Bag:
    """A bag.

    Attributes:
        kind: Which kind, or `none`.
        color: Its colour.
        side: Carried on the left (-1) or the right (1).
        size: Scale, 1 is regular.
    """

    kind: BagKind
    color: Color
    side: int
    size: float


@dataclass(frozen=True)
class Person:
    """One synthetic identity.

    Attributes:
        height: Body height relative to the average.
        shoulders: Shoulder width relative to the average.
        girth: Thickness of trunk and limbs relative to the average.
        head: Head size relative to the average.
        skin: Skin colour.
        hair: Hair colour.
        hair_style: Hair style.
        hat: Kind of hat, or `none`.
        hat_color: Colour of the hat.
        top: Shirt, jacket or coat.
        bottoms: Trousers, shorts or skirt.
        legs: Colour of bare legs or tights under shorts or a skirt.
        shoes: Shoe colour.
        bag: Bag.
    """

    height: float
    shoulders: float
    girth: float
    head: float
    skin: Color
    hair: Color
    hair_style: HairStyle
    hat: Hat
    hat_color: Color
    top: Garment
    bottoms: Bottoms
    legs: Color
    shoes: Color
    bag: Bag


def draw_person(rng: np.random.Generator) -> Person:
    """Draws a person at random."""
    skin = pick_color(rng, SKIN)
    bottoms = _draw_bottoms(rng)
    tights = bottoms.kind == "skirt" and rng.random() < 0.5
    return Person(
        height=_between(rng, 0.9, 1.05),
        shoulders=_between(rng, 0.86, 1.16),
        girth=_between(rng, 0.82, 1.3),
        head=_between(rng, 0.94, 1.08),
        skin=skin,
        hair=pick_color(rng, HAIR),
        hair_style=pick(rng, _HAIR_STYLES),
        hat=pick(rng, _HATS),
        hat_color=pick_color(rng, CLOTHES),
        top=_draw_top(rng),
        bottoms=bottoms,
        legs=pick_color(rng, {(26, 26, 30): 1}) if tights else skin,
        shoes=pick_color(rng, SHOES),
        bag=Bag(
            pick(rng, _BAGS), pick_color(rng, CLOTHES), 1 if rng.random() < 0.5 else -1,
            _between(rng, 0.8, 1.25),
        ),
    )  # fmt: skip


def _draw_top(rng: np.random.Generator) -> Garment:
    color = pick_color(rng, CLOTHES)
    second = pick_color(rng, CLOTHES)
    # A pattern that cannot be seen is none.
    while abs(lightness(color) - lightness(second)) < 45:
        second = pick_color(rng, CLOTHES)
    sleeve = pick(rng, _SLEEVES)
    coat = sleeve == "long" and rng.random() < 0.3
    return Garment(
        color,
        second,
        pick(rng, _PATTERNS),
        period=_between(rng, 0.045, 0.11),
        hem=_between(rng, 0.6, 0.72) if coat else _between(rng, 0.5, 0.57),
        sleeve={"none": 0.0, "short": _between(rng, 0.3, 0.5), "long": 1.0}[sleeve],
    )


def _draw_bottoms(rng: np.random.Generator) -> Bottoms:
    kind = pick(rng, _BOTTOMS)
    hem = {
        "trousers": _between(rng, 0.91, 0.96),
        "shorts": _between(rng, 0.66, 0.76),
        "skirt": _between(rng, 0.64, 0.84),
    }[kind]
    return Bottoms(kind, pick_color(rng, BOTTOMS), hem, _between(rng, 0.85, 1.35))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(rng.random())
