"""The sizes of Ethos-U that Vela compiles for, each in a system that Vela describes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Configuration:
    """An Ethos-U and what it sits in, by the names of Vela and of its `Arm/vela.ini`.

    Attributes:
        accelerator: The processor and its multipliers.
        system: Clock and memories.
        memory_mode: What lies where.
    """

    accelerator: str
    system: str
    memory_mode: str


def _embedded(name: str) -> Configuration:
    """Beside a microcontroller at 500 MHz: weights in flash, everything else in SRAM."""
    return Configuration(f"ethos-{name}", "Ethos_U55_High_End_Embedded", "Shared_Sram")


def _with_dram(name: str, system: str) -> Configuration:
    """Beside an application processor: weights and maps in DRAM, SRAM as a cache."""
    return Configuration(f"ethos-{name}", system, "Dedicated_Sram")


# The first one is what a person gets who names none.
CONFIGURATIONS = {
    "u55-256": _embedded("u55-256"),
    "u55-128": _embedded("u55-128"),
    "u65-256": _with_dram("u65-256", "Ethos_U65_High_End"),
    "u65-512": _with_dram("u65-512", "Ethos_U65_High_End"),
    "u85-256": _with_dram("u85-256", "Ethos_U85_SYS_DRAM_Mid"),
    "u85-512": _with_dram("u85-512", "Ethos_U85_SYS_DRAM_Mid"),
}
