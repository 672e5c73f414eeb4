"""CONTRIBUTING.md says how to add an exporter: one file, one row. Its steps are executed here."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import bireid_converters
import pytest

REPOSITORY = Path(__file__).parents[2]

USE = """
import sys
from types import SimpleNamespace
from dataclasses import dataclass
import bireid_models
from bireid_models.framework import keras
from bireid_converters.card import CardFacts
from bireid_converters.convert import convert
from bireid_runtime import InputSpec, OutputSpec
from bireid_runtime.safetensors import read_safetensors
from bireid_deploy.cli.convert import command

@dataclass
class Config:
    precision: str = "real"

vector = keras.Input((4,), name="vector")
model = keras.Model(vector, keras.layers.Dense(2, name="scores")(vector))
bundle = convert(
    SimpleNamespace(model=model, config=Config()), sys.argv[1], ["weights"], name="toy", task="toy",
    inputs=[InputSpec.tensor("vector", (4,))], outputs=[OutputSpec.logits("scores", ["a", "b"])],
    licences={"weights": "none", "training_data": "none"},
    card=CardFacts("other", (), "numbers", ""),
)
print(bundle.file("weights").name, *read_safetensors(bundle.read("weights"), "file"))
print("weights: weights." in next(p.help for p in command.params if p.name == "formats"))
"""


def python_blocks(page: str, heading: str) -> list[str]:
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^ *```python\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in blocks]


@pytest.mark.slow
def test_the_steps_of_the_page(tmp_path):
    page = (REPOSITORY / "CONTRIBUTING.md").read_text()
    module, row = python_blocks(page, "How to add an exporter")
    package = tmp_path / "bireid_converters"
    shutil.copytree(Path(bireid_converters.__file__).parent, package)
    (package / "weights.py").write_text(module)
    table = (package / "formats.py").read_text()
    assert table.count("FORMATS = (\n") == 1
    (package / "formats.py").write_text(
        table.replace("FORMATS = (\n", f"FORMATS = (\n{row.strip()},\n", 1)
    )
    done = subprocess.run(
        [sys.executable, "-c", USE, str(tmp_path / "bundle")],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-2:] == ["model.weights scores/bias:0 scores/kernel:0", "True"]
    assert "weights" in (tmp_path / "bundle" / "card.md").read_text()
