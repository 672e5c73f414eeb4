"""Count the layers on 32-bit ARM and keep the result for docs/results-arm.md.

    python studies/instructions/record_armv7.py

Writes studies/results/instructions_armv7.json. Needs Debian's qemu-user, g++-arm-linux-gnueabihf.
"""

import json

import click
from bireid_runtime.files import atomic_file
from counter import ARMV7, STUDIES, call, count_layers

RESULT = STUDIES / "results" / "instructions_armv7.json"
CPU = "cortex-a7"


@click.command()
def main() -> None:
    """Count and write studies/results/instructions_armv7.json."""
    tools = [
        call(program, "--version").stdout.splitlines()[0]
        for program in (ARMV7.emulator, ARMV7.compiler)
    ]
    layers = [
        {
            "layer": each.layer,
            "mac": each.products,
            "instructions": each.count.total,
            "simd": each.count.simd,
        }
        for each in count_layers(CPU, "neon", ARMV7)
    ]
    record = {"cpu": CPU, "tools": tools, "layers": layers}
    with atomic_file(RESULT) as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())
    click.echo(str(RESULT))


if __name__ == "__main__":
    main()
