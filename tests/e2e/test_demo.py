"""`bireid-deploy demo`."""

import pytest

TINY = (
    "network.backbone=resnet10",
    "network.width=0.125",
    "network.input_height=64",
    "network.input_width=32",
    "batch.identities=4",
    "batch.images_per_identity=2",
    "optimizer.epochs=1",
)


@pytest.mark.slow
def test_the_whole_story_and_its_continuation(cli, refused, tmp_path):
    out = tmp_path / "demo"
    demo = ["demo", "--out", out, "--identities", "20", *(f"--set={each}" for each in TINY)]
    first = cli(*demo)
    assert first.code == 0, first.err
    steps = (
        "1/4  rendering 20",
        "2/4  training 'demo_real'",
        "2/4  training 'demo_stage1'",
        "2/4  training 'demo'",
        "3/4  converting",
        "4/4  ranking",
    )
    at = [first.err.index(step) for step in steps]
    assert at == sorted(at)
    assert (out / "ranked.png").read_bytes().startswith(b"\x89PNG")
    lines = first.out.splitlines()
    assert lines[0].startswith("Synthetic people, 32 queries, ")
    header = "engine mAP rank-1 MB embeddings/s crops equal to Keras"
    assert header in [" ".join(line.split()) for line in lines]
    engines = (
        "colour histogram",
        "Keras, ",
        "bireid, ",
        "LiteRT + bireid, ",
        "ONNX Runtime, ",
        "LCE reference, ",
    )
    for engine in engines:
        assert any(line.strip().startswith(engine) for line in lines)
    assert f"bundle: {out / 'bundle'}" in first.err
    for name in ("float-onnx", "int8", "1-bit"):
        assert any(line.strip().startswith(name) for line in lines)
    assert "1-bit: " in first.err
    assert f"next: bireid-deploy report {out / 'bundle'} --data {out / 'people'}" in first.err

    trained = (out / "run" / "checkpoint.npz").stat().st_mtime_ns
    second = cli(*demo, "--json")
    assert second.code == 0
    assert second.err.count("is trained already") == 3
    assert (out / "run" / "checkpoint.npz").stat().st_mtime_ns == trained
    assert second.json["bundle"] == str(out / "bundle")
    engines = {record["engine"]: record for record in second.json["engines"]}
    assert list(engines) == ["colour histogram", "keras", "native", "litert", "onnx", "lce"]
    for record in engines.values():
        assert 0 <= record["mean_average_precision"] <= 1
        assert record["valid_queries"] == 32
    for engine in ("native", "litert", "onnx", "lce"):
        assert engines[engine]["agreeing_share"] >= 0.85
        assert engines[engine]["bytes"] < engines["keras"]["bytes"]
    compared = [each["model"] for each in second.json["comparison"]["models"]]
    assert compared == ["float-onnx", "int8", "1-bit"]
    assert cli("verify", out / "bundle").code == 0

    err = refused(2, *demo, "--set", "optimizer.epochs=3")
    assert "trained with another recipe (changed: optimizer.epochs)" in err
    err = refused(2, *demo[:3], "--identities", "60")
    assert "with identities 20, not 60" in err


def test_a_mistake_in_an_override_costs_no_time(refused, tmp_path):
    out = tmp_path / "demo"
    err = refused(2, "demo", "--out", out, "--set", "optimizer.epoch=3")
    assert "unknown key optimizer.epoch; did you mean epochs?" in err
    assert not out.exists()


def test_too_few_people_are_refused_before_anything_is_rendered(refused, tmp_path):
    err = refused(2, "demo", "--out", tmp_path / "demo", "--identities", "20")
    assert "--identities 20: 12 of them train, and a batch takes 16; give --identities 26" in err
    assert not (tmp_path / "demo").exists()
