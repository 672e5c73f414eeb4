"""From an int8 TensorFlow Lite file to one for an Ethos-U, and what Vela estimates of it."""

import csv
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.errors import ConversionError
from bireid_converters.ethos_u.configurations import CONFIGURATIONS, Configuration
from bireid_converters.exported import Exported
from bireid_converters.flatbuffer import TfliteModel, ordered_names, read_tflite

_PACKAGE = "ethos-u-vela"
_OPERATOR = "ethos-u"
# Operators that hold weights; one of them on the CPU makes the accelerator useless.
_WITH_WEIGHTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
_KIB = 1024
# Key of the report, column of Vela's summary, and what that is multiplied with.
_COLUMNS = {
    "clock_hz": ("core_clock", 1),
    "cycles": ("cycles_total", 1),
    "npu_cycles": ("cycles_npu", 1),
    "macs": ("nn_macs", 1),
    "sram_bytes": ("sram_memory_used", _KIB),
    "dram_bytes": ("dram_memory_used", _KIB),
    "flash_bytes": ("off_chip_flash_memory_used", _KIB),
    "weights": ("total_original_weights", 1),
    "coded_weight_bytes": ("total_npu_encoded_weights", 1),
}


def compile_ethos_u(source: bytes, *, configuration: str) -> Exported:
    """Compile a file for an Ethos-U.

    Args:
        source: Bytes of a `.tflite` file in int8, one signature.
        configuration: A key of `CONFIGURATIONS`.

    Returns:
        The bytes of a `.tflite` file whose convolutions are one operator of the accelerator or
        more, and the report: sizes in bytes, Vela's estimate of cycles, and the operators that are
        left to the CPU. `weights` counts int8 ones; Vela stores them in `coded_weight_bytes`.

    Raises:
        ConversionError: Vela failed, or its summary lacks a number.
        UnsupportedModelError: The file that it wrote has other inputs or outputs, nothing for the
            accelerator, or a convolution for the CPU.
    """
    chosen = CONFIGURATIONS[configuration]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = folder / "network.tflite"
        given.write_bytes(source)
        _run_vela(given, chosen, folder)
        compiled = (folder / "network_vela.tflite").read_bytes()
        with (folder / f"network_summary_{chosen.system}.csv").open(encoding="utf-8") as file:
            summary = next(iter(csv.DictReader(file)), {})
    structure = check_structure(read_tflite(source), read_tflite(compiled))
    report = {
        "compiler": f"{_PACKAGE} {version(_PACKAGE)}",
        "accelerator": chosen.accelerator,
        "system": chosen.system,
        "memory_mode": chosen.memory_mode,
        **_numbers(summary),
        **structure,
    }
    report["estimated_ms"] = 1e3 * report["cycles"] / report["clock_hz"]
    report["bits_per_weight"] = 8 * report["coded_weight_bytes"] / max(1, report["weights"])
    return Exported(compiled, {"summary": _summary(report), **report})


def _summary(report: Mapping[str, Any]) -> str:
    memories = ", ".join(
        f"{report[f'{name}_bytes'] / 1e6:.2f} MB {name.upper() if name != 'flash' else name}"
        for name in ("sram", "dram", "flash")
        if report[f"{name}_bytes"]
    )
    return (
        f"{report['accelerator']}, Vela estimates {report['cycles'] / 1e6:.2f} Mcycles "
        f"({report['estimated_ms']:.1f} ms); {memories}; {report['bits_per_weight']:.1f} bits a "
        "weight"
    )


def check_structure(source: TfliteModel, compiled: TfliteModel) -> dict[str, Any]:
    """Hold what Vela wrote to what it was given.

    Returns:
        `npu_operators`: how many operators of the source the accelerator computes; `cpu_operators`:
        names of those that it does not.

    Raises:
        UnsupportedModelError: See `compile_ethos_u`.
    """
    if _faces(source) != _faces(compiled):
        raise UnsupportedModelError(
            f"Vela wrote a file with {_faces(compiled)} for one with {_faces(source)}; use another "
            f"version of {_PACKAGE}"
        )
    names = [operator.name for operator in compiled.operators]
    if _OPERATOR not in names:
        raise UnsupportedModelError(
            "Vela left every operator to the CPU; an Ethos-U needs a network in int8"
        )
    left = [name for name in names if name != _OPERATOR]
    for name in left:
        if name in _WITH_WEIGHTS:
            raise UnsupportedModelError(
                f"Vela left a {name} to the CPU; build the network of the layers of bireid_models"
            )
    return {"npu_operators": len(source.operators) - len(left), "cpu_operators": left}


def _faces(model: TfliteModel) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of every input and output by its name."""
    return {
        name: (model.tensors[index].shape, model.tensors[index].dtype)
        for names, indices in (
            (model.signature.inputs, model.inputs),
            (model.signature.outputs, model.outputs),
        )
        for name, index in zip(ordered_names(names, indices), indices, strict=True)
    }


def _run_vela(given: Path, configuration: Configuration, folder: Path) -> None:
    # In a process of its own: its compiler is C++ that prints, and that ends the process if it
    # cannot go on.
    command = [sys.executable, "-m", "ethosu.vela", str(given), "--output-dir", str(folder)]
    command += ["--accelerator-config", configuration.accelerator, "--config", "Arm/vela.ini"]
    command += ["--system-config", configuration.system]
    command += ["--memory-mode", configuration.memory_mode]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
        raise ConversionError(f"Vela failed (exit status {done.returncode}): {said[-1]}")


def _numbers(summary: Mapping[str, str]) -> dict[str, Any]:
    numbers = {}
    for key, (column, factor) in _COLUMNS.items():
        try:
            value = float(summary[column]) * factor
        except (KeyError, ValueError) as error:
            raise ConversionError(
                f"the summary of Vela has no number {column!r}; use {_PACKAGE} 5.2"
            ) from error
        if not math.isfinite(value):
            raise ConversionError(f"the summary of Vela has {value} in {column!r}")
        numbers[key] = round(value)
    return numbers
