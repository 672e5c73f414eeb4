"""What the CPU of this machine offers to an engine that multiplies matrices."""

from collections.abc import Collection
from pathlib import Path

AMX, VNNI, AVX512, AVX_VNNI, AVX2 = "AMX", "AVX-512 VNNI", "AVX-512", "AVX-VNNI", "AVX2"
I8MM, SDOT, NEON = "I8MM", "SDOT", "NEON"

# From the strongest to the weakest: the flag of /proc/cpuinfo that stands for each.
_LEVELS = (
    ("amx_int8", AMX),
    ("avx512_vnni", VNNI),
    ("avx512bw", AVX512),
    ("avx_vnni", AVX_VNNI),
    ("avx2", AVX2),
    ("i8mm", I8MM),
    ("asimddp", SDOT),
    ("asimd", NEON),
)
# What the paths of the native library need of the CPU, by the name in what it says of itself.
_PATHS = {
    "amx": AMX,
    "avx512": "VPOPCNTDQ",
    "avx512f": AVX512,
    "avx2": AVX2,
    "neon": NEON,
    "scalar": "-",
}
_BFLOAT16 = ("amx_bf16", "avx512_bf16")


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Flags of the first core; empty where the system does not tell."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def strongest(flags: Collection[str]) -> str:
    """The strongest level that the flags allow; `-` if none is known."""
    return next((level for flag, level in _LEVELS if flag in flags), "-")


def of_native_path(description: str) -> str:
    """What an engine with native kernels uses, by its description; empty if it has none."""
    words = set(description.replace("(", " ").replace(")", " ").replace(",", " ").split())
    return next((level for path, level in _PATHS.items() if path in words), "")


def has_bfloat16(flags: Collection[str]) -> bool:
    """Whether the CPU multiplies bfloat16, which some engines then take for float32."""
    return any(flag in flags for flag in _BFLOAT16)
