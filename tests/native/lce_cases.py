"""The grid of LCE operators: every corner by name, and a seeded sample of the rest."""

from dataclasses import dataclass, fields, replace

import numpy as np

ACTIVATIONS = ("none", "relu", "relu_n1_to_1", "relu6")
SOURCES = ("float32", "int8", "bool")
OUTPUTS = ("float32", "int8", "bits-float32", "bits-int8", "bits-bool")


@dataclass(frozen=True)
class Case:
    """One LCE operator behind an LceQuantize and, where it writes bits, before an LceDequantize.

    Attributes:
        size: Height and width of the input map.
        channels: Channels of the input map.
        kernel: Height and width of the window.
        stride: Vertical and horizontal.
        padding: `same` or `valid`.
        batch: Images of one call.
        source: Type of the graph's input: `float32`, `int8` or `bool`.
        output: What the operator writes: `float32`, `int8`, or bits with the type to unpack to.
        seed: Of constants and input.
    """

    size: tuple[int, int]
    channels: int
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: str = "same"
    batch: int = 1
    source: str = "float32"
    output: str = "float32"
    seed: int = 0

    @property
    def writes_bits(self) -> bool:
        """Whether the operator writes a packed map."""
        return self.output.startswith("bits-")

    @property
    def output_channels(self) -> int:
        """Channels of the output map."""
        return self.channels

    def __str__(self) -> str:
        """The name of a test: every field that differs from its default."""
        shown = [each for each in fields(self) if getattr(self, each.name) != each.default]
        return "-".join(f"{each.name}={_short(getattr(self, each.name))}" for each in shown)


@dataclass(frozen=True)
class MaxPool(Case):
    """An LceBMaxPool2d."""

    output: str = "bits-float32"


@dataclass(frozen=True)
class Convolution(Case):
    """An LceBconv2d.

    Attributes:
        filters: Channels of the output map.
        dilation: Vertical and horizontal.
        pad_value: What stands outside the map with `same`: 0 or 1.
        activation: One of `ACTIVATIONS`.
        groups: Channel groups; above 1, a group has a multiple of 32 channels.
        exact: Multiplier and bias are such that float32 rounds nowhere, and int8 outputs are often
            half way between two integers.
    """

    filters: int = 5
    dilation: tuple[int, int] = (1, 1)
    pad_value: int = 1
    activation: str = "none"
    groups: int = 1
    exact: bool = False

    @property
    def output_channels(self) -> int:
        """Channels of the output map."""
        return self.filters

    @property
    def overhangs(self) -> bool:
        """Whether the window is larger than the map."""
        return any(
            (kernel - 1) * dilation >= size
            for kernel, dilation, size in zip(self.kernel, self.dilation, self.size, strict=True)
        )

    @property
    def lce_mode(self) -> str:
        """The kernels of LCE 0.16 that compute this right.

        Its optimised kernels correct zero padding wrongly where the window is larger than the map;
        the reference kernels round elsewhere, so such a case must be exact. The default kernels
        know no groups.
        """
        if self.padding == "same" and self.pad_value == 0 and self.overhangs:
            return "reference"
        return "indirect" if self.groups > 1 else "default"


def _short(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def corner_convolutions() -> list[Convolution]:
    """Every corner on its own."""
    plain = Convolution((6, 5), 40)
    widths = (1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 511, 512, 513, 520)
    cases = [plain]
    cases += [replace(plain, channels=channels) for channels in widths]
    cases += [replace(plain, filters=filters) for filters in (1, 31, 32, 33, 64, 65, 100, 520)]
    cases += [replace(plain, output=o, filters=f) for o in OUTPUTS for f in (1, 31, 32, 33, 96)]
    cases += [replace(plain, source=s, output=o, batch=2) for s in SOURCES for o in OUTPUTS]
    cases += [
        replace(plain, activation=activation, output=output, exact=exact)
        for activation in ACTIVATIONS
        for output in ("float32", "int8")
        for exact in (False, True)
    ]
    # Steps and zero points of int8 follow the seed.
    cases += [replace(plain, source="int8", output="int8", seed=seed) for seed in range(16)]
    cases += [replace(plain, source="int8", output="bits-int8", seed=seed) for seed in range(16)]
    cases += [replace(plain, output="int8", exact=True, filters=64, seed=s) for s in (0, 2, 4, 6)]
    return cases + _corner_windows(plain) + _corner_groups()


def _corner_windows(plain: Convolution) -> list[Convolution]:
    kernels = ((1, 1), (3, 3), (5, 5), (7, 7), (1, 7), (7, 1), (3, 5), (2, 4))
    paddings = (("same", 1), ("same", 0), ("valid", 0))
    cases = []
    for kernel in kernels:
        for padding, pad_value in paddings:
            window = replace(plain, kernel=kernel, padding=padding, pad_value=pad_value)
            cases += [
                replace(window, size=(15, 14), stride=stride, dilation=dilation)
                for stride in ((1, 1), (2, 2), (2, 1), (3, 2))
                for dilation in ((1, 1), (2, 2), (1, 2))
            ]
            cases.append(replace(window, size=kernel, batch=2))
            if padding == "same":
                cases += [
                    replace(window, size=size, stride=stride, batch=2, exact=True)
                    for size in ((1, 1), (2, 2), (1, 9), (9, 1), (4, 2))
                    for stride in ((1, 1), (2, 2))
                ]
    return cases


def _corner_groups() -> list[Convolution]:
    cases = []
    for groups in (2, 3, 4):
        for filters in (1, 8, 31, 32, 33, 64):
            case = Convolution((5, 4), 32 * groups, filters=filters * groups, groups=groups)
            cases += [case, replace(case, output="int8"), replace(case, pad_value=0)]
            cases.append(replace(case, channels=3 * case.channels))
            cases += [replace(case, output=output) for output in ("bits-bool", "bits-int8")]
    return cases


def sampled_convolutions(count: int) -> list[Convolution]:
    """Convolutions with every option at random."""
    rng = np.random.default_rng(20)
    return [_random_convolution(rng, seed) for seed in range(count)]


def _random_convolution(rng: np.random.Generator, seed: int) -> Convolution:
    groups = int(rng.choice([1, 1, 1, 1, 2, 3]))
    channels = int(rng.integers(1, 521)) if groups == 1 else 32 * groups * int(rng.integers(1, 4))
    square = rng.random() < 0.7
    kernel = (int(rng.choice([1, 3, 5, 7])),) * 2 if square else _pair(rng, [1, 3, 5, 7])
    padding, pad_value = [("same", 1), ("same", 0), ("valid", 0), ("valid", 1)][rng.integers(4)]
    case = Convolution(
        size=_pair(rng, np.arange(1, 18)),
        channels=channels,
        kernel=kernel,
        stride=_pair(rng, [1, 2]),
        padding=padding,
        batch=int(rng.choice([1, 2])),
        source=str(rng.choice(SOURCES)),
        output=str(rng.choice(OUTPUTS)),
        seed=seed,
        filters=int(rng.integers(1, 40)) * groups,
        dilation=_pair(rng, [1, 2]),
        pad_value=pad_value,
        activation=str(rng.choice(ACTIVATIONS)),
        groups=groups,
        exact=bool(rng.random() < 0.2),
    )
    return _possible(case)


def _possible(case: Convolution) -> Convolution:
    """The nearest case that LCE accepts, and so do we: see `test_what_is_refused`."""
    if case.padding == "valid":
        reach = tuple((k - 1) * d + 1 for k, d in zip(case.kernel, case.dilation, strict=True))
        case = replace(case, size=tuple(map(max, case.size, reach)))
    elif case.pad_value == 0:
        case = replace(case, output="float32", activation="none")
    if case.writes_bits:
        case = replace(case, activation="none")
    if case.lce_mode == "reference":
        case = replace(case, exact=True, channels=case.channels + case.channels % 2)
    return case


def max_pools() -> list[MaxPool]:
    """Binary max-pooling: corners, and a sample."""
    rng = np.random.default_rng(21)
    cases = [MaxPool((5, 4), 40, source=s, output=o) for s in SOURCES for o in OUTPUTS[2:]]
    cases += [MaxPool((1, 1), 7, kernel=kernel) for kernel in ((1, 1), (3, 3), (2, 5))]
    for seed in range(40):
        padding = str(rng.choice(["same", "valid"]))
        kernel = _pair(rng, [1, 2, 3, 5])
        size = _pair(rng, np.arange(1, 18))
        cases.append(
            MaxPool(
                size=tuple(map(max, size, kernel)) if padding == "valid" else size,
                channels=int(rng.integers(1, 140)),
                kernel=kernel,
                stride=_pair(rng, [1, 2, 3]),
                padding=padding,
                batch=int(rng.choice([1, 2])),
                seed=seed,
            )
        )
    return cases


def _pair(rng: np.random.Generator, choices: object) -> tuple[int, int]:
    first, second = rng.choice(choices, 2)
    return int(first), int(second)
