"""What Arm's compiler Vela estimates of ResNet-18 on an Ethos-U, in int8 and with 1-bit kernels.

    python studies/ethos_u.py

Prints a table. The weights are random: sizes of 1-bit kernels do not depend on that, while int8
weights that were trained compress better, so that what 1-bit kernels gain is an upper bound here.
Cycles are Vela's estimate; nothing runs on a chip.
"""

from typing import Any

import click
import numpy as np

SIZES = ((256, 128, 1.0), (128, 64, 0.5))
CONFIGURATIONS = ("u55-128", "u55-256", "u65-512", "u85-512")
LABELS = {"real": "int8", "binary_weights": "int8, 1-bit kernels"}
IMAGES = 4


@click.command()
def main() -> None:
    """Compile every network for every configuration."""
    from bireid_converters.ethos_u.compile import compile_ethos_u

    from bireid_deploy.cli.native_output import quiet_native_output

    with quiet_native_output() as say:
        say("| input, width | network | chip | Mcycles | ms | SRAM | flash or DRAM | bits |")
        say("|---|---|---|---|---|---|---|---|")
        for height, width, factor in SIZES:
            for precision, label in LABELS.items():
                source = _int8(precision, height, width, factor)
                for configuration in CONFIGURATIONS:
                    report = compile_ethos_u(source, configuration=configuration).report
                    head = f"| {height}x{width}, {factor:g} | {label} | {configuration} | "
                    say(head + _row(report))


def _row(report: Any) -> str:
    stored = max(report["flash_bytes"], report["dram_bytes"])
    return (
        f"{report['cycles'] / 1e6:.2f} | {report['estimated_ms']:.2f} | "
        f"{report['sram_bytes'] / 1e6:.2f} MB | {stored / 1e6:.2f} MB | "
        f"{report['bits_per_weight']:.2f} |"
    )


def _int8(precision: Any, height: int, width: int, factor: float) -> bytes:
    from bireid_converters.int8 import export_int8
    from bireid_models import NetworkConfig
    from bireid_models.deploying import deployable
    from bireid_models.framework import keras
    from bireid_models.network import build_network

    keras.utils.set_random_seed(0)
    # A scale that fits random kernels as they are.
    config = NetworkConfig(
        precision=precision,
        binarization="bireal",
        input_height=height,
        input_width=width,
        width=factor,
    )
    images = np.random.default_rng(0).normal(size=(IMAGES, height, width, 3)).astype(np.float32)
    return export_int8(deployable(build_network(config)), representative={"image": images})


if __name__ == "__main__":
    main()
