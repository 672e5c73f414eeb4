"""What frameworks' own configurations say of a checkpoint, and what is refused of them."""

from pathlib import Path

import numpy as np
import pytest
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.configs import read_settings, what_it_says
from bireid_converters.checkpoints.families import find_family
from bireid_converters.errors import CheckpointError
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.safetensors import write_safetensors

FILES = Path(__file__).parent / "imported"

# As training writes it, shortened, with a name that no version had.
FAST_REID = """
CUDNN_BENCHMARK: true
DATASETS:
  NAMES: !!python/tuple [Market1501]
INPUT:
  SIZE_TEST: [96, 48]
  SIZE_TRAIN: [384, 128]
  REA: {ENABLED: true, PROB: 0.5}
MODEL:
  META_ARCHITECTURE: Baseline
  BACKBONE: {NAME: build_resnet_backbone, NORM: BN, LAST_STRIDE: 2, WITH_IBN: false, WITH_NL: false}
  HEADS:
    NAME: EmbeddingHead
    NECK_FEAT: before
    POOL_LAYER: GeneralizedMeanPooling
    WITH_BNNECK: true
    NEW_LAYER: 3
  PIXEL_MEAN: [127.5, 127.5, 127.5]
  PIXEL_STD: [58.395, 57.120000000000005, 57.375]
"""
STRONG_BASELINE = """
MODEL:
  PRETRAIN_PATH: '/somewhere/resnet50.pth'
  LAST_STRIDE: 2
  NECK: 'bnneck'
INPUT:
  SIZE_TEST: (96, 48)
DATASETS:
  NAMES: ('market1501')
TEST:
  NECK_FEAT: 'before'
  FEAT_NORM: 'yes'
"""
TORCHREID = """
model: {name: 'osnet_x0_25', pretrained: true}
data:
  height: 96
  width: 48
  norm_mean: [0.5, 0.5, 0.5]
loss: {name: softmax}
"""
LAYUMI = "stride: 1\nlinear_num: 16\nibn: false\nPCB: false\nname: ft_ResNet50\n"


@pytest.fixture
def told(tmp_path):
    """What a text says of a checkpoint."""

    def call(text, checkpoint):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        with read_checkpoint(FILES / f"{checkpoint}.pth") as opened:
            family = find_family(list(opened.tensors)).name
            return what_it_says(read_settings(path), family, opened.tensors)

    return call


def test_fast_reid_says_size_stride_colours_and_pooling(told):
    found = told(FAST_REID, "fast-reid")
    assert found.size == (96, 48)
    assert found.options == {"last_stride": 2, "pool": 3.0}
    assert found.preprocess == {"mean": (0.5,) * 3, "std": (0.229, 0.224, 0.225)}
    assert found.unread == ("MODEL.HEADS.NEW_LAYER",)
    assert found.said[-2:] == ("last stride 2", "pooled by the power 3")
    average = FAST_REID.replace("GeneralizedMeanPooling", "avgpool")
    assert told(average, "fast-reid").options["pool"] is None
    own = FAST_REID.replace("MeanPooling", "MeanPoolingP").replace("false", "true")
    assert told(own, "fast-reid-sbs").options["pool"] == "heads.pool_layer.p"


def test_strong_baseline_says_where_its_features_are(told):
    found = told(STRONG_BASELINE, "strong-baseline")
    assert (found.size, found.options) == ((96, 48), {"last_stride": 2, "neck": ()})
    assert (found.dropped, found.unread) == (("bottleneck.*",), ())
    behind = told(STRONG_BASELINE.replace("before", "after"), "strong-baseline")
    assert (behind.options, behind.dropped) == ({"last_stride": 2}, ())


def test_torchreid_says_the_size_and_layumi_the_stride(told):
    found = told(TORCHREID, "torchreid-osnet")
    assert (found.size, found.preprocess) == ((96, 48), {"mean": (0.5, 0.5, 0.5)})
    assert told(LAYUMI, "layumi").options == {"last_stride": 1}


@pytest.mark.parametrize(
    ("text", "old", "new", "checkpoint", "message"),
    [
        (FAST_REID, "LAST_STRIDE: 2", "DEPTH: 50x", "fast-reid", "DEPTH is '50x', but the .* 1, 2"),
        (FAST_REID, "IBN: false", "IBN: true", "fast-reid", "'true', but the .* no normalisation"),
        (FAST_REID, "NL: false", "NL: true", "fast-reid", "no non-local blocks"),
        (FAST_REID, "Pooling", "PoolingP", "fast-reid", "no 'heads.pool_layer.p'"),
        (FAST_REID, "BNNECK: true", "BNNECK: false", "fast-reid", "has a neck"),
        (
            FAST_REID,
            "LAST_STRIDE: 2",
            "LAST_STRIDE: 3",
            "fast-reid",
            "whole number in 1..2, not '3'",
        ),
        (FAST_REID, "[96, 48]", "[96, 48, 3]", "fast-reid", "SIZE_TEST must be 2 numbers"),
        (FAST_REID, "[96, 48]", "[0, 48]", "fast-reid", "a height and a width"),
        (FAST_REID, "[127.5,", "[nan,", "fast-reid", "PIXEL_MEAN must be 3 numbers"),
        (FAST_REID, "[58.395,", "[0,", "fast-reid", "PIXEL_STD must be positive"),
        (
            FAST_REID,
            "MODEL:",
            "_BASE_: ../Base.yml\nMODEL:",
            "fast-reid",
            "config.yaml that training",
        ),
        (FAST_REID, "", "", "layumi", "of fast-reid, but the checkpoint is of layumi"),
        (STRONG_BASELINE, "'bnneck'", "'no'", "strong-baseline", "NECK is 'no', but"),
        (STRONG_BASELINE, "NECK: ", "NAME: resnet50\n  NECK: ", "strong-baseline", "1, 2, 1, 1"),
        (STRONG_BASELINE, "'before'", "'beside'", "strong-baseline", "must be before or after"),
        (TORCHREID, "x0_25", "x1_0", "torchreid-osnet", "has 16 channels in its stem"),
        (TORCHREID, "osnet_", "osnet_ibn_", "torchreid-osnet", "no normalisation by the image"),
        (TORCHREID, "osnet_x0_25", "resnet50", "torchreid-osnet", "has an OSNet's keys"),
        (TORCHREID, "osnet_x0_25", "osnet_x0_25", "torchreid-resnet", "has no 'conv1.conv.weight'"),
        (TORCHREID, "  width: 48\n", "", "torchreid-osnet", "must stand together"),
        (LAYUMI, "16", "512", "layumi", "features of 16 numbers"),
        (LAYUMI, "ibn: false", "ibn: true", "layumi", "no normalisation by the image"),
        (LAYUMI, "ibn: false", "ibn: 3", "layumi", "must be true or false"),
        ("answer: 42", "", "", "layumi", "no configuration that is known"),
    ],
)
def test_what_contradicts_the_checkpoint_is_refused(told, text, old, new, checkpoint, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        told(text.replace(old, new), checkpoint)
    assert f"{checkpoint}.pth: config.yaml: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "old", "new", "checkpoint"),
    [
        (FAST_REID, "Baseline", "MGN", "fast-reid"),
        (FAST_REID, "GeneralizedMeanPooling", "avgmaxpool", "fast-reid"),
        (FAST_REID, "WITH_NL", "WITH_SE: true, WITH_NL", "fast-reid"),
        (STRONG_BASELINE, "NECK: ", "NAME: senet154\n  NECK: ", "strong-baseline"),
        (TORCHREID, "osnet_x0_25", "mlfn", "torchreid-osnet"),
        (LAYUMI, "PCB: false", "PCB: true", "layumi"),
    ],
)
def test_layers_that_are_not_built_are_refused(told, text, old, new, checkpoint):
    with pytest.raises(UnsupportedModelError, match=r"config\.yaml: .*not built here"):
        told(text.replace(old, new), checkpoint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x", "references are not read"),
        ("a: 1\na: 2", "occurs twice"),
        ("A.B: 1\nA: {B: 2}", r"'A\.B' occurs twice; keep one"),
        ("[" * 3_000, "no YAML that can be read"),
        ("{a: " * 10 + "1" + "}" * 10, "nested deeper"),
        ("? [1, 2]\n: 3", "no YAML"),
        ("a: [1", "no YAML that can be read"),
        ("just words", "names with values are expected"),
        ("x" * 70_000, "larger than any configuration"),
        ("a: \x01", "no YAML"),
    ],
)
def test_hostile_files_give_one_line(tmp_path, text, message):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_settings(path)
    assert "\n" not in str(caught.value)


def test_nothing_in_a_file_is_made_or_run(tmp_path):
    path, touched = tmp_path / "config.yaml", tmp_path / "touched"
    path.write_text(f"a: !!python/object/apply:os.mkdir ['{touched}']\nb: 2020-13-45\nc: !!int x\n")
    settings = read_settings(path)
    assert (settings.text("b"), settings.text("c")) == ("2020-13-45", "x")
    assert not touched.exists()


def with_colours(path, mean):
    """The checkpoint of fast-reid, with the colours that versions until 1.0 put into it."""
    with read_checkpoint(FILES / "fast-reid.pth") as opened:
        arrays = {name: each.numpy() for name, each in opened.tensors.items() if each.shape}
    for name, value in (("pixel_mean", mean), ("pixel_std", (58.395, 57.12, 57.375))):
        arrays[name] = np.array(value, np.float32).reshape(1, 3, 1, 1)
    path.write_bytes(write_safetensors({k: v.astype(np.float32) for k, v in arrays.items()}))
    return path


def test_the_network_is_built_as_the_configuration_says(tmp_path):
    from bireid_converters.rebuild import ImportSettings
    from rebuilt import rebuilt

    path = tmp_path / "config.yaml"
    path.write_text(STRONG_BASELINE)
    told = read_settings(path)
    source = FILES / "strong-baseline.pth"
    read = rebuilt(source, ImportSettings(config=told))
    assert (read.preprocess.height, read.preprocess.width) == (96, 48)
    assert read.network.model.input_shape == (None, 96, 48, 3)
    assert "bottleneck.weight" in read.dropped
    names = [layer.name for layer in read.network.model.layers]
    assert "bottleneck" not in names
    (last,) = [each for each in read.network.model.layers if each.name == "base_layer4_0_relu"]
    assert last.output_shape[1:3] == (3, 2)
    # What a person says counts more.
    said = ImportSettings(config=told, size=(64, 32), last_stride=1)
    again = rebuilt(source, said)
    assert again.network.model.input_shape == (None, 64, 32, 3)
    assert again.network.model.get_layer("base_layer4_0_relu").output_shape[1:3] == (4, 2)


def test_colours_in_a_checkpoint_count_and_must_agree(tmp_path):
    from bireid_converters.rebuild import ImportSettings
    from rebuilt import rebuilt

    source = with_colours(tmp_path / "old.safetensors", (127.5, 127.5, 127.5))
    read = rebuilt(source, ImportSettings(size=(64, 32)))
    assert read.preprocess.mean == (0.5, 0.5, 0.5)
    assert read.preprocess.std == (0.229, 0.224, 0.225)
    path = tmp_path / "config.yaml"
    path.write_text(FAST_REID.replace("127.5,", "123.675,"))
    with pytest.raises(
        CheckpointError, match=r"mean of its images is 0\.485 .* the checkpoint 0\.5"
    ):
        rebuilt(source, ImportSettings(config=read_settings(path)))
    wrong = with_colours(tmp_path / "wrong.safetensors", (0, 0, 1e9))
    with pytest.raises(CheckpointError, match="'pixel_mean' holds no colours"):
        rebuilt(wrong, ImportSettings(size=(64, 32)))


def test_a_last_stride_means_nothing_to_another_network():
    from bireid_converters.rebuild import ImportSettings
    from rebuilt import rebuilt

    with pytest.raises(
        UnsupportedModelError, match="a last stride has no meaning for torchreid-osnet"
    ):
        rebuilt(FILES / "torchreid-osnet.pth", ImportSettings(last_stride=2))
