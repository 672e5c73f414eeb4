"""README's five lines for whoever has a torchreid model, line by line."""

import os
import shlex
import shutil
from pathlib import Path

import documentation
import pytest
from bireid_runtime import Bundle

# One round: what is timed is not looked at.
SHORTER = {"bench": ("--rounds", "1", "--starts", "1")}


@pytest.mark.slow
def test_the_five_lines(cli, people, tmp_path, monkeypatch):
    (block,) = [
        each
        for each in documentation.blocks("README.md", "bash")
        if each.startswith("bireid-deploy import")
    ]
    lines = block.splitlines()
    assert len(lines) == 5
    monkeypatch.setenv("data", str(people))
    monkeypatch.chdir(tmp_path)
    # A smaller network of torchreid's, under the name of the page.
    source = documentation.REPOSITORY / "tests/converters/imported/torchreid-resnet.pth"
    shutil.copy(source, shlex.split(lines[0])[2])
    Path("crops").mkdir()
    for path in sorted((people / "query").iterdir())[:3]:
        shutil.copy(path, "crops")
    outs = []
    for line in lines:
        program, verb, *arguments = shlex.split(os.path.expandvars(line), comments=True)
        assert program == "bireid-deploy"
        result = cli(verb, *arguments, *SHORTER.get(verb, ()))
        assert result.code == 0, (line, result.err)
        outs.append(result.out + result.err)
    imported, verified, timed, _, measured = outs
    assert "torchreid-resnet, 32 numbers per image" in imported
    assert "verified" in verified
    assert "LiteRT" in timed
    assert "mAP" in measured
    assert Bundle.open("bundles/osnet").formats.keys() == {"float", "float-onnx"}
    assert Path("osnet.npz").is_file()
