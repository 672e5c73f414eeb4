"""A network of CDNet's blocks goes on where its training was interrupted."""

import pytest
from bireid_models.backbones import BACKBONES, Backbone
from bireid_models.backbones.cdnet_architecture import Choice
from bireid_models.backbones.cdnet_blocks import chain
from bireid_models.backbones.stem import cdnet_stem
from bireid_models.layers import latent_layers


def one_place(image, config):
    """CDNet's stem and one of its six places; all six take many times as long to compile."""
    half = cdnet_stem(image, config, 8)
    return {"half": half, "place": chain(half, config, Choice((3, 5)), "stage1_place1", 16)}


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["real", "binary"])
def test_blocks_of_cdnet_go_on(plain_recipe, goes_on, tmp_path, monkeypatch, precision):
    monkeypatch.setitem(BACKBONES, "one_place", Backbone(f"{__name__}:one_place"))
    network = {"backbone": "one_place", "precision": precision, "downsample": precision}
    recipe = plain_recipe(
        network={**network, "head": "fblneck", "dropout": 0.2},
        optimizer={"epochs": 2, "method": "sgd"},
    )
    training = goes_on(recipe, tmp_path)
    assert len(latent_layers(training.network.model)) == (0 if precision == "real" else 6)
