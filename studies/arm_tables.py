"""The parts of docs/results-arm.md: what is counted and predicted where no ARM board is at hand."""

from collections.abc import Mapping
from typing import Any

from markdown_table import markdown_table

Record = Mapping[str, Any]


def instructions(record: Record) -> str:
    """Executed instructions on 64-bit ARM."""
    height, width = record["input"]
    return (
        "## Executed instructions on 64-bit ARM, emulated: no times\n\n"
        f"One inference of ResNet-18, {height}x{width}, last stride 2, "
        f"{record['mac'] / 1e6:.0f} M multiply-accumulates (MAC), one thread, by the stock aarch64 "
        "wheel of LiteRT on an emulated CPU; XNNPACK chooses its kernels for that CPU. float32 and "
        "int8 are the real-valued counterparts that `studies/peers.py` made. A count says "
        "nothing of how many instructions a core runs at once, of caches and memory or of the "
        "clock, so a ratio of counts is no ratio of times, and none of x86. "
        f"`studies/instructions/record.py` repeats it; {', '.join(record['tools'])}.\n\n"
        + _networks(record)
        + "\nThe layers alone, by the NEON kernels. `binary` is the convolution with batch "
        "normalisation, stored; `fused` adds the shortcut, PReLU and the signs of the next "
        "layer. The uint8 stem has a second row, with the dot products that a Cortex-A72 lacks.\n\n"
        + _layers(record)
    )


def instructions_armv7(record: Record) -> str:
    """Executed instructions of the layers on 32-bit ARM."""
    return (
        "## Executed instructions on 32-bit ARM, emulated: no times\n\n"
        f"The same layers by the kernels for 32-bit ARM (`kernels/neon32.cc`), {record['cpu']}. "
        "`studies/instructions/record_armv7.py` repeats it; "
        f"{', '.join(record['tools'])}.\n\n" + _layers(record)
    )


def _layers(record: Record) -> str:
    return markdown_table(
        ("layer", "M MAC", "M instructions", "of them SIMD", "MAC per instruction"),
        [
            (
                layer["layer"],
                f"{layer['mac'] / 1e6:.1f}",
                f"{layer['instructions'] / 1e6:.2f}",
                f"{layer['simd'] / 1e6:.2f}",
                f"{layer['mac'] / layer['instructions']:.1f}",
            )
            for layer in record["layers"]
        ],
    )


def _networks(record: Record) -> str:
    networks = record["networks"]
    counts = {(each["cpu"], each["kind"]): each["instructions"] for each in networks}
    columns = ("CPU", "network", "M instructions", "of them SIMD", "MAC per instruction")
    return markdown_table(
        (*columns, "float32 / this", "int8 / this"),
        [
            (
                each["cpu"],
                each["engine"],
                f"{each['instructions'] / 1e6:.1f}",
                f"{each['simd'] / 1e6:.1f}",
                f"{record['mac'] / each['instructions']:.1f}",
                f"{counts[each['cpu'], 'float32'] / each['instructions']:.2f}",
                f"{counts[each['cpu'], 'int8'] / each['instructions']:.2f}",
            )
            for each in networks
        ],
    )


def cycles(record: Record) -> str:
    """Predicted rates of the inner loops, and what they make of whole networks."""
    assumed = ", ".join(f"{each['rest_instructions_per_cycle']:g}" for each in record["cores"])
    height, width = record["input"]
    return (
        "## Predicted cycles on 64-bit ARM: a static model\n\n"
        "Multiply-accumulates per cycle of the inner loops in their steady state, as LLVM's models "
        "of the cores see them. Nothing was run: there are no caches, no memory, no branch that is "
        "mispredicted, and none of what happens outside of the loops, so each number is an upper "
        "bound of its kind and none is a time. The models were not held against a board, and that "
        "of Cortex-A72 is LLVM's of Cortex-A57. Ours are the loops of `kernels/neon.cc` and, where "
        "the core has UDOT and SDOT, of `kernels/neon_dotprod.cc`; a product of the uint8 stem is "
        "one of a pixel by a weight of 16 bits, in two digits of 8. The float stem and the 1x1 "
        "convolutions have one loop. "
        "XNNPACK's are the best that the stock wheel of LiteRT has for the core, of its "
        "loops with at least 16 multiplications; which of them runs in a network was not traced, "
        "which favours it. In-order cores (Cortex-A53, A55) are left out: "
        "their models misjudge loads of vectors. "
        f"`studies/instructions/cycles.py` repeats it; {', '.join(record['tools'])}.\n\n"
        + _rates(record)
        + f"\nOne inference of ResNet-18, {height}x{width}, in millions of cycles: the products at "
        "those rates, and of ours whatever other instructions were executed (the first table) at "
        f"an assumed {assumed} per cycle, in the order of the cores. Time in memory is in none of "
        "them, nor what XNNPACK does beside its products, which favours it: a lower bound "
        "each, and the ratios are of bounds. The row of the uint8 stem is without "
        "finding the pixels in a normalised image.\n\n" + _predicted(record)
    )


def _rates(record: Record) -> str:
    rows = []
    for each in record["cores"]:
        ours, theirs = (
            {kind: loop["mac_per_cycle"] for kind, loop in each["loops"][whose].items()}
            for whose in ("ours", "XNNPACK")
        )
        rows.append(
            (
                each["core"],
                f"`{each['model']}`",
                f"{ours['1-bit']:.0f}",
                f"{ours['float32']:.1f}",
                f"{ours['uint8']:.1f}",
                f"{theirs['float32']:.1f}",
                f"{theirs['int8']:.1f}",
                f"{ours['1-bit'] / theirs['float32']:.1f}",
                f"{ours['1-bit'] / theirs['int8']:.1f}",
            )
        )
    return markdown_table(
        (
            "core",
            "LLVM's model",
            "1-bit, bireid",
            "float32, bireid",
            "uint8 stem, bireid",
            "float32, XNNPACK",
            "int8, XNNPACK",
            "1-bit / float32",
            "1-bit / int8",
        ),
        rows,
    )


def _predicted(record: Record) -> str:
    parts = ("1-bit", "stem", "1x1", "rest")
    rows = []
    for core in record["cores"]:
        of_kind = {each["kind"]: each["cycles"] for each in core["networks"]}
        rows += [
            (
                core["core"],
                each["network"],
                *(f"{each['parts'][part] / 1e6:.1f}" if each["parts"] else "-" for part in parts),
                f"{each['cycles'] / 1e6:.1f}",
                f"{of_kind['float32'] / each['cycles']:.2f}",
                f"{of_kind['int8'] / each['cycles']:.2f}",
            )
            for each in core["networks"]
        ]
    return markdown_table(
        ("core", "network", *parts, "Mcycles", "float32 / this", "int8 / this"), rows
    )
