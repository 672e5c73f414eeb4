"""Writes the checkpoints beside it, with PyTorch 2.13 and Pillow: `python make_files.py [NAME...]`.

Small networks of random weights with the layouts and keys of well-known projects, and what PyTorch
computes with them of images that Pillow resized, as these projects do. The modules are written here
from the published descriptions.
"""

import sys
import zlib
from pathlib import Path

import numpy as np
import torch
from light_networks import CdNet, EfficientNetLite0, MobileNetV2
from osnet_networks import SLIM, OsNet, OsNetAin, image_norm
from PIL import Image
from torch import nn
from torch.nn import functional

HERE = Path(__file__).parent
IMAGES = 3
HEIGHT, WIDTH = 64, 32
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# PyTorch before 0.4.1 had no counters of batches.
OLD = ("torchreid-osnet-ain", "torchreid-osnet-ibn")
CUBIC = ("fast-reid", "fast-reid-agw", "fast-reid-sbs", "layumi")


class HalfImageNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.own = channels // 2
        self.IN = image_norm(self.own)
        self.BN = nn.BatchNorm2d(channels - self.own)

    def forward(self, x):
        return torch.cat([self.IN(x[:, : self.own]), self.BN(x[:, self.own :])], dim=1)


class NonLocal(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.g, self.theta, self.phi = (nn.Conv2d(channels, 1, 1) for _ in range(3))
        self.W = nn.Sequential(nn.Conv2d(1, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x):
        g, theta, phi = (layer(x).flatten(2) for layer in (self.g, self.theta, self.phi))
        pairs = theta.transpose(1, 2) @ phi / g.shape[2]
        return (
            self.W((pairs @ g.transpose(1, 2)).transpose(1, 2).reshape(len(x), 1, *x.shape[2:])) + x
        )


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, deep, ibn=False):
        super().__init__()
        middle = outputs // 4 if deep else outputs
        self.deep = deep
        self.conv1 = nn.Conv2d(
            inputs, middle, 1 if deep else 3, 1 if deep else stride, 0 if deep else 1, bias=False
        )
        self.bn1 = HalfImageNorm(middle) if ibn else nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, middle, 3, stride if deep else 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        if deep:
            self.conv3 = nn.Conv2d(middle, outputs, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        if self.deep:
            y = self.bn3(self.conv3(functional.relu(y)))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class Body(nn.Module):
    """`ibn`: IBN-a in the first three layers; `non_local`: blocks behind the last of each layer."""

    def __init__(
        self,
        deep=False,
        last_stride=2,
        widths=(8, 16, 16, 32),
        stem="relu",
        ibn=False,
        non_local=(0, 0, 0, 0),
    ):
        super().__init__()
        self.stem = stem
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        inputs = 8
        for index, width in enumerate(widths, start=1):
            stride = {1: 1, 4: last_stride}.get(index, 2)
            halved = ibn and index < 4
            blocks = [Block(inputs, width, stride, deep, halved)]
            if index == 2:
                blocks.append(Block(width, width, 1, deep, halved))
            if count := non_local[index - 1]:
                setattr(self, f"NL_{index}", nn.ModuleList(NonLocal(width) for _ in range(count)))
            setattr(self, f"layer{index}", nn.Sequential(*blocks))
            inputs = width

    def forward(self, x):
        x = self.bn1(self.conv1(x))
        if self.stem != "plain":
            x = functional.relu(x)
        if self.stem == "ceil":
            x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        else:
            x = functional.max_pool2d(x, 3, 2, 1)
        for index in (1, 2, 3, 4):
            stage = getattr(self, f"layer{index}")
            attention = getattr(self, f"NL_{index}", ())
            for number, block in enumerate(stage, start=len(attention) - len(stage)):
                x = block(x)
                if number >= 0:
                    x = attention[number](x)
        return self.pooled(x)

    def pooled(self, x):
        return x.mean((2, 3))


class TorchreidResNet(Body):
    def __init__(self, features=None, **options):
        super().__init__(last_stride=2 if features is None else 1, **options)
        self.fc = None
        if features is not None:
            self.fc = nn.Sequential(nn.Linear(32, features), nn.BatchNorm1d(features))
        self.classifier = nn.Linear(features or 32, 3)

    def forward(self, x):
        x = super().forward(x)
        return x if self.fc is None else functional.relu(self.fc(x))


class TorchvisionResNet(Body):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(32, 10)


class StrongBaseline(nn.Module):
    """Its ResNet has no ReLU in the stem, its ResNet-IBN has one and a classifier of its own."""

    def __init__(self, ibn=False):
        super().__init__()
        self.base = Body(deep=True, last_stride=1, stem="relu" if ibn else "plain", ibn=ibn)
        if ibn:
            self.base.fc = nn.Linear(32, 10)
        self.bottleneck = nn.BatchNorm1d(32)
        self.classifier = nn.Linear(32, 3, bias=False)

    def forward(self, x):
        return self.bottleneck(self.base(x))


class PoolingBody(Body):
    def __init__(self, power=None, **options):
        super().__init__(**options)
        self.power = power

    def pooled(self, x):
        if self.power is None:
            return super().pooled(x)
        raised = x.clamp(min=1e-6).pow(self.power[0])
        return functional.adaptive_avg_pool2d(raised, 1).pow(1 / self.power[0])[:, :, 0, 0]


class FastReId(nn.Module):
    """`power`: of its pooling; `learned`: whether that is a weight."""

    def __init__(self, power=None, learned=False, **options):
        super().__init__()
        self.heads = nn.Module()
        given = None if power is None else [power]
        if learned:
            self.heads.pool_layer = nn.Module()
            self.heads.pool_layer.p = nn.Parameter(torch.tensor(given))
            # Not registered twice: the body only reads it.
            given = (self.heads.pool_layer.p,)
        self.backbone = PoolingBody(given, deep=True, last_stride=1, stem="ceil", **options)
        self.heads.bottleneck = nn.Sequential(nn.BatchNorm2d(32))
        self.heads.weight = nn.Parameter(torch.randn(3, 32))

    def forward(self, x):
        return self.heads.bottleneck(self.backbone(x)[:, :, None, None])[:, :, 0, 0]


class Layumi(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = Body(deep=True)
        self.model.fc = nn.Linear(32, 10)
        self.classifier = nn.Module()
        self.classifier.add_block = nn.Sequential(nn.Linear(32, 16), nn.BatchNorm1d(16))
        self.classifier.classifier = nn.Sequential(nn.Linear(16, 3))

    def forward(self, x):
        return self.classifier.add_block(self.model(x))


NETWORKS = {
    "torchreid-osnet": OsNet,
    "torchreid-resnet": TorchreidResNet,
    "torchreid-resnet-fc512": lambda: TorchreidResNet(features=24, deep=True),
    "torchreid-osnet-ibn": lambda: OsNet(SLIM, per_image=True),
    "torchreid-osnet-ain": OsNetAin,
    "torchreid-resnet-ibn": lambda: TorchreidResNet(deep=True, ibn=True),
    "torchvision-resnet": TorchvisionResNet,
    "strong-baseline": StrongBaseline,
    "strong-baseline-ibn": lambda: StrongBaseline(ibn=True),
    "fast-reid": FastReId,
    "fast-reid-agw": lambda: FastReId(power=3.0, non_local=(0, 1, 1, 0)),
    "fast-reid-sbs": lambda: FastReId(power=2.5, learned=True, ibn=True, non_local=(0, 2, 1, 0)),
    "layumi": Layumi,
    "mobilenet-v2": MobileNetV2,
    "efficientnet-lite0": EfficientNetLite0,
    "cdnet": CdNet,
}


def settle(net):
    """Statistics as after a training, each layer's of its own kind."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
        elif isinstance(module, nn.InstanceNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
    # Half the bytes; both sides compute with the rounded weights.
    state = {
        name: tensor.half().float() if tensor.is_floating_point() else tensor
        for name, tensor in net.state_dict().items()
    }
    net.load_state_dict(state)
    return net.eval()


def prepare(images, resampling):
    resized = [Image.fromarray(each).resize((WIDTH, HEIGHT), resampling) for each in images]
    pixels = np.stack([np.asarray(each) for each in resized]).astype(np.float32) / 255
    normalised = (pixels - np.float32(MEAN)) / np.float32(STD)
    return torch.from_numpy(normalised.transpose(0, 3, 1, 2).astype(np.float32))


def main(names, folder):
    for name in names or NETWORKS:
        torch.manual_seed(zlib.crc32(name.encode()))
        net = settle(NETWORKS[name]())
        # Patches of colour, which differ from each other as people's clothes do.
        patches = np.random.default_rng(0).integers(0, 256, (IMAGES, 10, 7, 3), dtype=np.uint8)
        images = patches.repeat(5, axis=1).repeat(3, axis=2)
        cubic = name in CUBIC
        resampling = Image.Resampling.BICUBIC if cubic else Image.Resampling.BILINEAR
        with torch.no_grad():
            features = net(prepare(images, resampling))
        state = {
            key: tensor.half() if tensor.is_floating_point() else tensor
            for key, tensor in net.state_dict().items()
            if name not in OLD or not key.endswith("num_batches_tracked")
        }
        torch.save(state, folder / f"{name}.pth", _use_new_zipfile_serialization=False)
        np.savez(folder / f"{name}.npz", images=images, features=features.numpy())


if __name__ == "__main__":
    main(sys.argv[1:], HERE)
