"""What the cards of the tasks say: headings of the scores, and code that works."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bireid_deploy.tasks import TASKS

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "models" / "zoo" / "distilled_r18_half-synthetic-128x64-256d-v2"
# What the code of a caller has at hand.
GIVEN = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
extern uint8_t *pixels, *frame, *next_frame;
extern float* points;
extern int32_t width, height, count;
extern float left, top, box_width, box_height;
"""


@pytest.mark.parametrize("name", TASKS)
def test_headings_are_those_of_the_scores(name):
    assert TASKS[name].card.columns == TASKS[name].scores


@pytest.mark.parametrize("name", TASKS)
def test_the_c_code_compiles(name, tmp_path):
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    includes, body = [], []
    for line in TASKS[name].card.c.splitlines():
        (includes if line.startswith("#include") else body).append(line)
    source = tmp_path / "card.c"
    code = "\n".join(body)
    source.write_text("\n".join(includes) + GIVEN + f"void use(void) {{\n{code}\n}}\n")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    include = f"-I{ROOT / 'runtime' / 'native' / 'engine'}"
    subprocess.run(["cc", *flags, include, str(source)], check=True)


def test_the_python_code_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(BUNDLE, tmp_path / "BUNDLE")
    rng = np.random.default_rng(0)
    for name in ("a.jpg", "b.jpg"):
        Image.fromarray(rng.integers(0, 256, (90, 40, 3), np.uint8)).save(tmp_path / name)
    exec(TASKS["reid"].card.python, {})
    assert -1 <= float(capsys.readouterr().out) <= 1
