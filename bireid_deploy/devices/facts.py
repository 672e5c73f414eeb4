"""What is known of a device before anything is put on it."""

from dataclasses import dataclass

# CPU features that decide which kernels run, by the names /proc/cpuinfo gives them.
KERNEL_FEATURES = (
    "avx2",
    "avx512f",
    "avx512_vpopcntdq",
    "avx512_vnni",
    "avx512vbmi",
    "gfni",
    "amx_tile",
    "amx_int8",
    "avx_vnni",
    "asimd",
    "asimddp",
    "i8mm",
    "sve",
    "neon",
    "vfpv4",
)

_AVX2 = frozenset(("avx2", "fma"))
_AVX512F = _AVX2 | frozenset(("avx512f", "avx512bw", "avx512dq", "avx512vl"))
_AVX512 = _AVX512F | frozenset(("avx512_vpopcntdq", "avx512_vnni"))
_AMX = _AVX512 | frozenset(("avx512vbmi", "gfni", "amx_tile", "amx_int8"))


_NEON32 = frozenset(("neon", "vfpv4"))


@dataclass(frozen=True)
class DeviceFacts:
    """A device as it describes itself.

    Attributes:
        directory: Absolute path of the folder to flash to; it need not exist yet.
        home: Home folder of the login, empty if there is none.
        user_id: Number of the user; 0 is root.
        system: `uname -s`, such as `"Linux"`.
        kernel: `uname -r`.
        machine: `uname -m`, such as `"aarch64"`.
        userland_bits: 32 or 64 for the programs there, whatever the kernel is; 0 if unknown.
        is_android: Whether it is Android.
        cpu_model: Board or CPU as a person would name it.
        cpu_features: Names that /proc/cpuinfo gives, of the first core.
        cores: CPU cores that are on.
        page_size: Bytes of a memory page, 0 if unknown.
        c_library: `"glibc 2.36"`, `"musl"`, `"bionic"` or `"unknown"`.
        glibc: Version of glibc, None with another C library.
        python: Version of `python3`, None without.
        python_has_venv: Whether it can make virtual environments with pip.
        free_bytes: Free for this user where `directory` is or would be.
        memory_bytes: Main memory.
        writable: Whether this user can write there.
        executable: Whether programs may be run from there.
        open_to_others: Whether every user may enter `directory`, or the part of it that exists.
        service_manager: `"systemd"` or empty.
        missing_tools: Commands that flashing needs and that are not there.
    """

    directory: str
    home: str
    user_id: int
    system: str
    kernel: str
    machine: str
    userland_bits: int
    is_android: bool
    cpu_model: str
    cpu_features: tuple[str, ...]
    cores: int
    page_size: int
    c_library: str
    glibc: tuple[int, int] | None
    python: tuple[int, int, int] | None
    python_has_venv: bool
    free_bytes: int
    memory_bytes: int
    writable: bool
    executable: bool
    open_to_others: bool
    service_manager: str
    missing_tools: tuple[str, ...]

    @property
    def program_machine(self) -> str:
        """Architecture of the static program that runs there, as `uname -m` calls it."""
        # A 64-bit CPU calls itself so to 32-bit programs under a 64-bit kernel.
        return "armv7l" if self.machine == "armv8l" else self.machine

    @property
    def userland_machine(self) -> str:
        """Architecture of what programs there load; a 64-bit kernel may run 32-bit ones."""
        if self.machine == "aarch64" and self.userland_bits == 32:
            return "armv7l"
        return self.program_machine

    @property
    def kernel_path(self) -> str:
        """Instruction set that the native kernels will choose, as `native/kernels/dispatch.cc`."""
        if self.machine == "aarch64":
            return "neon"
        features = set(self.cpu_features)
        if self.program_machine == "armv7l" and features >= _NEON32:
            return "neon"
        if self.machine == "x86_64" and features >= _AMX:
            return "amx"
        if self.machine == "x86_64" and features >= _AVX512:
            return "avx512"
        if self.machine == "x86_64" and features >= _AVX512F:
            return "avx512f"
        if self.machine == "x86_64" and features >= _AVX2:
            return "avx2"
        return "scalar"
