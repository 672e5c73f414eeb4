"""Small OSNet, OSNet-IBN and OSNet-AIN, with the keys of torchreid."""

import torch
from torch import nn
from torch.nn import functional

CHANNELS = (16, 64, 64, 128)
# Instance normalisation adds little to a file; half the weights keep it small.
SLIM = (16, 64, 64, 64)


def conv_norm(inputs, outputs, kernel, stride=1, padding=0):
    layers = nn.Module()
    layers.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    layers.bn = nn.BatchNorm2d(outputs)
    return layers


def image_norm(channels):
    return nn.InstanceNorm2d(channels, affine=True)


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
    """`per_image`: with an instance normalisation behind the sum."""

    def __init__(self, inputs, outputs, per_image=False):
        super().__init__()
        middle = outputs // 4
        self.conv1 = conv_norm(inputs, middle, 1)
        self.conv2a = Light(middle)
        for name, depth in (("conv2b", 2), ("conv2c", 3), ("conv2d", 4)):
            setattr(self, name, nn.Sequential(*(Light(middle) for _ in range(depth))))
        self.gate = Gate(middle)
        self.conv3 = conv_norm(middle, outputs, 1)
        self.downsample = conv_norm(inputs, outputs, 1) if inputs != outputs else None
        self.IN = image_norm(outputs) if per_image else None

    def forward(self, x):
        y = functional.relu(run(self.conv1, x))
        branches = (self.conv2a, self.conv2b, self.conv2c, self.conv2d)
        y = run(self.conv3, sum(self.gate(branch(y)) for branch in branches))
        y = y + (x if self.downsample is None else run(self.downsample, x))
        return functional.relu(y if self.IN is None else self.IN(y))


class Stream(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.layers = nn.Sequential(*(Light(channels) for _ in range(depth)))

    def forward(self, x):
        return self.layers(x)


class AdaptiveOmniScale(nn.Module):
    """`per_image`: with an instance normalisation inside the branch, instead of the batch one."""

    def __init__(self, inputs, outputs, per_image):
        super().__init__()
        middle = outputs // 4
        self.conv1 = conv_norm(inputs, middle, 1)
        self.conv2 = nn.ModuleList(Stream(middle, depth) for depth in (1, 2, 3, 4))
        self.gate = Gate(middle)
        self.conv3 = conv_norm(middle, outputs, 1)
        if per_image:
            self.conv3.bn = None
        self.downsample = conv_norm(inputs, outputs, 1) if inputs != outputs else None
        self.IN = image_norm(outputs) if per_image else None

    def forward(self, x):
        y = functional.relu(run(self.conv1, x))
        y = self.conv3.conv(sum(self.gate(stream(y)) for stream in self.conv2))
        y = self.conv3.bn(y) if self.IN is None else self.IN(y)
        return functional.relu(y + (x if self.downsample is None else run(self.downsample, x)))


class OsNetAin(nn.Module):
    def __init__(self, channels=SLIM, features=32, classes=3):
        super().__init__()
        self.conv1 = conv_norm(3, channels[0], 7, 2, 3)
        self.conv1.bn = image_norm(channels[0])
        kinds = ((True, True), (False, True), (True, False))
        for index, (first, second) in enumerate(kinds):
            inputs, outputs = channels[index : index + 2]
            layers = (
                AdaptiveOmniScale(inputs, outputs, first),
                AdaptiveOmniScale(outputs, outputs, second),
            )
            setattr(self, f"conv{index + 2}", nn.Sequential(*layers))
            if index < 2:
                pool = nn.Sequential(conv_norm(outputs, outputs, 1), nn.AvgPool2d(2, 2))
                setattr(self, f"pool{index + 2}", pool)
        self.conv5 = conv_norm(channels[3], channels[3], 1)
        self.fc = nn.Sequential(nn.Linear(channels[3], features), nn.BatchNorm1d(features))
        self.classifier = nn.Linear(features, classes)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(run(self.conv1, x)), 3, 2, 1)
        for stage, pool in ((self.conv2, self.pool2), (self.conv3, self.pool3)):
            x = pool[1](functional.relu(run(pool[0], stage(x))))
        x = functional.relu(run(self.conv5, self.conv4(x))).mean((2, 3))
        return functional.relu(self.fc(x))


class OsNet(nn.Module):
    def __init__(self, channels=CHANNELS, features=32, classes=3, per_image=False):
        super().__init__()
        self.conv1 = conv_norm(3, channels[0], 7, 2, 3)
        if per_image:
            self.conv1.bn = image_norm(channels[0])
        for name, inputs, outputs, last in zip(
            ("conv2", "conv3", "conv4"), channels, channels[1:], (False, False, True), strict=False
        ):
            normed = per_image and name == "conv2"
            layers = [OmniScale(inputs, outputs, normed), OmniScale(outputs, outputs, normed)]
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
