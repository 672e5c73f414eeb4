"""Innermost loops of AArch64 code, taken from what objdump prints."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_INSTRUCTION = re.compile(r"\s*([0-9a-f]+):\t(\S+)(?:\t(.*))?")
_TARGET = re.compile(r"\b([0-9a-f]+) <")
_COMMENT = re.compile(r"\s*//.*")
# Longer loops than any that was written or unrolled by hand.
_MOST_INSTRUCTIONS = 400

# Multiply-accumulates of one instruction: a count of bits is that of 128 products, summed here. Of
# what multiplies the two bytes of a weight one is counted, the first kind that a loop may be of.
_PRODUCTS = {
    "uint8": re.compile(r"(udot\tv\d+\.4s|smlal2?\tv\d+\.4s)"),
    "1-bit": re.compile(r"uadalp\tv\d+\.8h"),
    "float32": re.compile(r"fmla\tv\d+\.4s"),
    "int8": re.compile(r"(sdot\tv\d+\.4s|smu?l[la]l?2?\tv\d+\.8h)"),
}
# Of two kinds SMLAL has half the products of the other, by the width of what it adds.
_EACH = {
    "uint8": {"udot": 16, "smlal": 4, "smlal2": 4},
    "1-bit": {"uadalp": 128},
    "float32": {"fmla": 4},
    "int8": {"sdot": 16, "smull": 8, "smull2": 8, "smlal": 8, "smlal2": 8},
}


@dataclass(frozen=True)
class Loop:
    """Straight code that ends with a branch to its beginning.

    Attributes:
        code: Assembly, one instruction a line, without the branch's address.
        kind: `"uint8"` (pixels by weights of 16 bits), `"1-bit"`, `"float32"` or `"int8"`.
        products: Multiply-accumulates of one round.
        needs_dot_products: Whether it uses SDOT or UDOT, which ARMv8.0 lacks.
    """

    code: str
    kind: str
    products: int
    needs_dot_products: bool

    @property
    def instructions(self) -> int:
        """Instructions of one round, its branch among them."""
        return self.code.count("\n")


def loops(disassembly: Iterable[str], least: int) -> Iterator[Loop]:
    """Find the loops that multiply.

    Args:
        disassembly: Lines of `objdump -d --no-show-raw-insn`.
        least: Fewest instructions that multiply, in one round.
    """
    addresses: list[int] = []
    code: list[str] = []
    for line in disassembly:
        match = _INSTRUCTION.match(line)
        if match is None:
            addresses, code = [], []
            continue
        name, operands = match[2], _COMMENT.sub("", match[3] or "")
        target = _TARGET.search(operands)
        if target is None:
            addresses.append(int(match[1], 16))
            code.append(f"{name}\t{operands}")
            continue
        if (begin := int(target[1], 16)) in addresses:
            body = code[addresses.index(begin) :]
            if len(body) <= _MOST_INSTRUCTIONS and (loop := _loop(body, f"{name}\tbegin", least)):
                yield loop
        # Code behind a branch is another straight part.
        addresses, code = [], []


def _loop(body: list[str], branch: str, least: int) -> Loop | None:
    for kind, pattern in _PRODUCTS.items():
        names = [each.split("\t")[0] for each in body if pattern.match(each)]
        if len(names) >= least:
            products = sum(_EACH[kind][name] for name in names)
            text = "\n".join(["begin:", *body, branch])
            dots = any(each.split("\t")[0] in ("sdot", "udot") for each in body)
            return Loop(text, kind, products, dots)
    return None
