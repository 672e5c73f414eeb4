"""Writes the checkpoints beside it, with PyTorch 2.13 and Pillow: `python make_files.py`.

Small networks of random weights with the layouts and keys of well-known projects, and what PyTorch
computes with them of images that Pillow resized, as these projects do. The modules are written here
from the published descriptions.
"""

import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

HERE = Path(__file__).parent
IMAGES = 3
HEIGHT, WIDTH = 64, 32
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CUBIC = ("fast-reid", "layumi")


def conv_norm(inputs, outputs, kernel, stride=1, padding=0):
    layers = nn.Module()
    layers.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    layers.bn = nn.BatchNorm2d(outputs)
    return layers


def run(layers, x):
    return layers.bn(layers.conv(x))


class Light(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False, groups=channels)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return functional.relu(self.bn(self.conv2(self.conv1(x))))


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x):
        pooled = functional.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.fc2(functional.relu(self.fc1(pooled))))


class OmniScale(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        middle = outputs // 4
        self.conv1 = conv_norm(inputs, middle, 1)
        self.conv2a = Light(middle)
        for name, depth in (("conv2b", 2), ("conv2c", 3), ("conv2d", 4)):
            setattr(self, name, nn.Sequential(*(Light(middle) for _ in range(depth))))
        self.gate = Gate(middle)
        self.conv3 = conv_norm(middle, outputs, 1)
        self.downsample = conv_norm(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x):
        y = functional.relu(run(self.conv1, x))
        branches = (self.conv2a, self.conv2b, self.conv2c, self.conv2d)
        y = run(self.conv3, sum(self.gate(branch(y)) for branch in branches))
        return functional.relu(y + (x if self.downsample is None else run(self.downsample, x)))


class OsNet(nn.Module):
    def __init__(self, channels=(16, 64, 64, 128), features=32, classes=3):
        super().__init__()
        self.conv1 = conv_norm(3, channels[0], 7, 2, 3)
        for name, inputs, outputs, last in zip(
            ("conv2", "conv3", "conv4"), channels, channels[1:], (False, False, True), strict=False
        ):
            layers = [OmniScale(inputs, outputs), OmniScale(outputs, outputs)]
            if not last:
                layers.append(nn.Sequential(conv_norm(outputs, outputs, 1), nn.AvgPool2d(2, 2)))
            setattr(self, name, nn.Sequential(*layers))
        self.conv5 = conv_norm(channels[3], channels[3], 1)
        self.fc = nn.Sequential(nn.Linear(channels[3], features), nn.BatchNorm1d(features))
        self.classifier = nn.Linear(features, classes)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(run(self.conv1, x)), 3, 2, 1)
        for stage in (self.conv2, self.conv3, self.conv4):
            for layer in stage:
                if isinstance(layer, OmniScale):
                    x = layer(x)
                else:
                    x = layer[1](functional.relu(run(layer[0], x)))
        x = functional.relu(run(self.conv5, x)).mean((2, 3))
        return functional.relu(self.fc(x))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, deep):
        super().__init__()
        middle = outputs // 4 if deep else outputs
        self.deep = deep
        self.conv1 = nn.Conv2d(
            inputs, middle, 1 if deep else 3, 1 if deep else stride, 0 if deep else 1, bias=False
        )
        self.bn1 = nn.BatchNorm2d(middle)
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
    def __init__(self, deep=False, last_stride=2, widths=(8, 16, 16, 32), stem="relu"):
        super().__init__()
        self.stem = stem
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        inputs = 8
        for index, width in enumerate(widths, start=1):
            stride = {1: 1, 4: last_stride}.get(index, 2)
            blocks = [Block(inputs, width, stride, deep)]
            if index == 2:
                blocks.append(Block(width, width, 1, deep))
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
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
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
    def __init__(self):
        super().__init__()
        self.base = Body(deep=True, last_stride=1, stem="plain")
        self.bottleneck = nn.BatchNorm1d(32)
        self.classifier = nn.Linear(32, 3, bias=False)

    def forward(self, x):
        return self.bottleneck(self.base(x))


class FastReId(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Body(deep=True, last_stride=1, stem="ceil")
        self.heads = nn.Module()
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
    "torchvision-resnet": TorchvisionResNet,
    "strong-baseline": StrongBaseline,
    "fast-reid": FastReId,
    "layumi": Layumi,
}


def settle(net):
    """Statistics as after a training, each layer's of its own kind."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
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


def main():
    for name, make in NETWORKS.items():
        torch.manual_seed(zlib.crc32(name.encode()))
        net = settle(make())
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
        }
        torch.save(state, HERE / f"{name}.pth", _use_new_zipfile_serialization=False)
        np.savez(HERE / f"{name}.npz", images=images, features=features.numpy())


if __name__ == "__main__":
    main()
