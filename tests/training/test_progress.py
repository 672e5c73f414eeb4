"""How a training looks: at 80 and at 110 columns, and in a pipe, with every method that logs."""

import os
import pty
import re
import subprocess
import sys

import pytest

from bireid_deploy.recipes import find_recipe, load_recipe
from bireid_deploy.recipes.terms import logged_terms

# Steps of a training without TensorFlow: what is drawn hangs on the names and sizes of terms alone.
SCRIPT = """
import sys, time
from bireid_deploy.cli.training_progress import training_reporter
from bireid_deploy.recipes import find_recipe, load_recipe
from bireid_deploy.recipes.terms import logged_terms

recipe = load_recipe(find_recipe(sys.argv[1]), ["optimizer.epochs=120"])
absent = sys.argv[2].split(",")
terms = {term.name: -1.234e-05 for term in logged_terms(recipe) if term.name not in absent}
with training_reporter(recipe, sys.argv[3:]) as reporter:
    for epoch in range(99, 120):
        for batch in range(1, 4):
            reporter.step(epoch, batch, 3, {**terms, **dict.fromkeys(sys.argv[3:], 123)})
        summary = {**terms, "images_per_second": 1234.5, **dict.fromkeys(sys.argv[3:], 123)}
        if epoch == 104:
            summary["validation_mean_average_precision"] = 0.5678
        reporter.epoch(epoch + 1, summary)
"""
# The recipe with most terms, one that the labels do not teach, and what `adapt` shows beside.
CASES = {
    "refining": ("bireid_r18", "", ()),
    "taught": ("distilled_r18", "identity,triplet", ()),
    "clusters": ("baseline_r18", "", ("clusters", "noise_share", "agreement", "cluster")),
}
SECOND = {
    "refining": "identity -1e-05",
    "taught": "distillation -1e-05",
    "clusters": "clusters 123",
}
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def _on_a_terminal(columns, name, absent, also):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "24", "TERM": "xterm"}
    command = [sys.executable, "-c", SCRIPT, name, absent, *also]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # What Linux says when the other end is closed.
                break
            if not part:
                break
            said += part
    os.close(ours)
    assert process.returncode == 0, said.decode()
    return [line.rstrip() for line in re.split(r"[\r\n]+", ESCAPE.sub("", said.decode()))]


@pytest.mark.parametrize("columns", [80, 110])
@pytest.mark.parametrize("case", CASES)
def test_a_terminal_shows_epoch_bar_time_two_losses_and_speed(columns, case):
    name, absent, also = CASES[case]
    lines = _on_a_terminal(columns, name, absent, also)
    assert max(map(len, lines)) <= columns
    last = [line for line in lines if line.startswith("epoch 120/120")][-1]
    second = SECOND[case]
    pattern = rf"epoch 120/120 ━{{3,}} 100% 0:00 total -1e-05  {second}.* \d+ images/s"
    assert re.fullmatch(pattern, last), last
    if case != "clusters":
        assert re.search(rf"{second.split()[0]} \S+ +\d+ images/s$", last), last
    assert "adversarial" not in "".join(lines)
    assert "epoch 105: validation mAP 56.8" in lines


@pytest.mark.parametrize("case", CASES)
def test_a_pipe_gets_a_line_per_epoch(case):
    name, absent, also = CASES[case]
    command = [sys.executable, "-c", SCRIPT, name, absent, *also]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines.pop(6) == "epoch 105: validation mAP 56.8"
    assert [line.split()[1] for line in lines] == [f"{epoch}/120" for epoch in range(100, 121)]
    assert lines[0].startswith(f"epoch 100/120  total -1e-05  {SECOND[case]}")
    assert re.search(r"  1234 images/s  \d+:\d\d left$", lines[0])
    assert lines[-1].endswith("  1234 images/s")


def test_the_recipe_with_most_terms_has_more_than_are_shown():
    assert len(logged_terms(load_recipe(find_recipe("bireid_r18")))) >= 8
