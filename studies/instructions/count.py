"""Count the instructions that an ARM CPU executes, by emulation.

    python studies/instructions/count.py layers
    python studies/instructions/count.py layers --armv7
    python studies/instructions/count.py network MODEL.tflite --root ROOT --wheel WHEEL

The numbers are exact and repeat. They say nothing of caches or of how many instructions run at
once, so they are no times: they compare kernels and betray slips. Needs Debian's qemu-user, and
g++-aarch64-linux-gnu for the layers, g++-arm-linux-gnueabihf for those of 32-bit ARM.
"""

from pathlib import Path

import click
from counter import ARMV7, CPU_PARTS, count_layers, count_network

CPU = click.option(
    "--cpu",
    type=click.Choice(list(CPU_PARTS)),
    default="cortex-a72",
    show_default=True,
    help="CPU.",
)


@click.group()
def main() -> None:
    """Count executed instructions."""


@main.command()
@CPU
@click.option("--isa", default="neon", show_default=True, help="neon or scalar.")
@click.option("--armv7", is_flag=True, help="32-bit ARM, on a Cortex-A7.")
def layers(cpu: str, isa: str, armv7: bool) -> None:
    """Count the layers of ResNet-18 at 256 x 128."""
    click.echo(f"{'layer':24}{'M instructions':>16}{'SIMD':>10}{'MAC each':>10}")
    counted = count_layers("cortex-a7", isa, ARMV7) if armv7 else count_layers(cpu, isa)
    for each in counted:
        click.echo(
            f"{each.layer:24}{each.count.total / 1e6:16.3f}{each.count.simd / 1e6:10.3f}"
            f"{each.products / each.count.total:10.2f}"
        )


@main.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--root",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="What tests/aarch64/emulated_root.py made.",
)
@click.option(
    "--wheel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The aarch64 wheel of bireid-runtime; without it LiteRT runs alone.",
)
@click.option("--fuse", default="backbone", show_default=True, help="Option of the delegate.")
@CPU
def network(model: Path, root: Path, wheel: Path | None, fuse: str, cpu: str) -> None:
    """Count one inference of a .tflite file by LiteRT, or of a bundle by our engine."""
    count = count_network(model, root, cpu, None if wheel is None else (wheel, fuse))
    click.echo(f"{count.total / 1e6:.3f} M instructions, {count.simd / 1e6:.3f} M of them SIMD")


if __name__ == "__main__":
    main()
