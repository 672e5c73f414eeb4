"""Tables on terminals and in a pipe: names stay, no line is longer than the terminal."""

from pathlib import Path

import pytest
from terminal_of import printed

from bireid_deploy.cli.console import emit_table

ZOO = Path(__file__).parents[2] / "models" / "zoo"
BUNDLE = ZOO / "distilled_r18_half-synthetic-128x64-256d-v2"

LAYERS = [f"stage{stage}_unit{unit}_conv" for stage in (1, 2, 3, 4) for unit in (1, 2, 3, 4)]


def _cells(lines, name):
    """All that stands behind a name, whichever table it is in."""
    rows = [line.split() for line in lines]
    return [cell for row in rows if row[:1] == [name] for cell in row[1:]]


@pytest.mark.parametrize("columns", [60, 80, 110])
def test_inspect(columns):
    lines = printed(columns, "inspect", BUNDLE / "model.lce.tflite")
    assert max(map(len, lines)) <= columns
    for name in LAYERS:
        assert len(_cells(lines, name)) == 5
    assert _cells(lines, "stem_conv") == ["float32", "9.63", "18,816", "18,816", "7x7x3x32"]


@pytest.mark.parametrize("columns", [80, 110])
def test_bench(columns):
    lines = printed(columns, "bench", BUNDLE, "--rounds", "1", "--starts", "1")
    assert max(map(len, lines)) <= columns
    assert lines[0].startswith("fastest: ")
    ours = [line for line in lines if line.startswith(" 1-bit, bireid (native), uint8 stem  ")]
    assert sum(len(line.split("stem")[1].split()) for line in ours) == 10


def test_a_pipe_gets_whole_lines(capsys):
    columns = ("name", *(f"a long heading {number}" for number in range(40)))
    emit_table("title", columns, [("n" * 200, *("1" * 12 for _ in range(40)))])
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "nnn" in line]
    assert row.split() == ["n" * 200, *["1" * 12] * 40]


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "dem", "--data", "x", "--out", "y"), "no recipe named 'dem'"),
        (("bench", BUNDLE, "--threads", "0"), "the range x>=1."),
    ],
    ids=["an error", "a mistake in usage"],
)
def test_messages_are_broken_too(columns, arguments, words):
    lines = printed(columns, *arguments, stream="stderr", code=2)
    assert max(map(len, lines)) <= columns
    assert " ".join(each.strip() for each in lines).count(words) == 1


def test_in_a_pipe_a_message_is_one_line(refused):
    assert refused(2, "train", "dem", "--data", "x", "--out", "y").count("\n") == 1


def test_sentences_are_broken_and_names_are_not():
    lines = printed(60, "inspect", BUNDLE / "model.onnx")
    (start,) = [index for index, line in enumerate(lines) if line.startswith("operators: ")]
    assert lines[start + 1].startswith("  ")
    assert not any(line.endswith("_") for line in lines)
