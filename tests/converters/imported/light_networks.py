"""Small MobileNetV2, EfficientNet-Lite0 and CDNet, with the keys of the projects they come from."""

import torch
from torch import nn
from torch.nn import functional

MOBILENET_STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)
LITE_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
LITE_KERNELS = (3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3)


def unit(inputs, outputs, kernel, stride=1, groups=1):
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expands):
        super().__init__()
        middle = 2 * inputs if expands else inputs
        parts = [unit(inputs, middle, 1)] if expands else []
        parts.append(unit(middle, middle, 3, stride, groups=middle))
        layers = [nn.Sequential(*part, nn.ReLU6()) for part in parts]
        self.conv = nn.Sequential(*layers, *unit(middle, outputs, 1))
        self.keeps = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.keeps else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Sequential(*unit(3, 8, 3, 2), nn.ReLU6())]
        inputs = 8
        for index, stride in enumerate(MOBILENET_STRIDES):
            outputs = 8 if index < 9 else 12
            layers.append(InvertedResidual(inputs, outputs, stride, index > 0))
            inputs = outputs
        layers.append(nn.Sequential(*unit(inputs, 24, 1), nn.ReLU6()))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(24, 3))

    def forward(self, x):
        return self.features(x).mean((2, 3))


class SameConv2d(nn.Conv2d):
    """TensorFlow's border: what is odd of it comes behind."""

    def forward(self, x):
        pads = []
        for size, kernel, stride in zip(
            x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            border = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [border // 2, border - border // 2]
        return functional.conv2d(
            functional.pad(x, pads), self.weight, None, self.stride, 0, 1, self.groups
        )


def same(inputs, outputs, kernel, stride=1, groups=1):
    return SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)


def lite_norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


class MbConv(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride, expands):
        super().__init__()
        middle = 2 * inputs if expands else inputs
        if expands:
            self._expand_conv, self._bn0 = same(inputs, middle, 1), lite_norm(middle)
        self._depthwise_conv = same(middle, middle, kernel, stride, middle)
        self._bn1 = lite_norm(middle)
        self._project_conv, self._bn2 = same(middle, outputs, 1), lite_norm(outputs)
        self.expands, self.keeps = expands, stride == 1 and inputs == outputs

    def forward(self, x):
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.keeps else y


class EfficientNetLite0(nn.Module):
    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = same(3, 8, 3, 2), lite_norm(8)
        inputs = 8
        self._blocks = nn.ModuleList()
        for index, (kernel, stride) in enumerate(zip(LITE_KERNELS, LITE_STRIDES, strict=True)):
            outputs = 8 if index < 9 else 12
            self._blocks.append(MbConv(inputs, outputs, kernel, stride, index > 0))
            inputs = outputs
        self._conv_head, self._bn1 = same(inputs, 24, 1), lite_norm(24)
        self._fc = nn.Linear(24, 3)

    def forward(self, x):
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return functional.relu6(self._bn1(self._conv_head(x))).mean((2, 3))


def operation(*layers):
    module = nn.Module()
    module.op = nn.Sequential(*layers)
    return module


class LiteConvolution(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.op = nn.Sequential(
            nn.Conv2d(channels, channels, 1, bias=False), *unit(channels, channels, 3, 1, channels)
        )

    def forward(self, x):
        return functional.relu(self.op(x))


class Adaption(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 4, 1)
        self.fc2 = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x):
        pooled = functional.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.fc2(functional.relu(self.fc1(pooled))))


class CombinedBlock(nn.Module):
    def __init__(self, inputs, outputs, kernels):
        super().__init__()
        middle = outputs // 4
        self.squeeze = operation(*unit(inputs, middle, 1))
        for name, kernel in zip(("conv1", "conv2"), kernels, strict=True):
            chain = (LiteConvolution(middle) for _ in range(kernel // 2))
            setattr(self, name, nn.Sequential(*chain))
        self.adaption = Adaption(middle)
        self.restore = operation(*unit(middle, outputs, 1))
        self.expand = operation(*unit(inputs, outputs, 1)) if inputs != outputs else None

    def forward(self, x):
        y = functional.relu(self.squeeze.op(x))
        y = self.adaption(self.conv1(y)) + self.adaption(self.conv2(y))
        return functional.relu(
            self.restore.op(y) + (x if self.expand is None else self.expand.op(x))
        )


class Halving(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1x1 = operation(*unit(channels, channels, 1))

    def forward(self, x):
        return functional.avg_pool2d(functional.relu(self.conv1x1.op(x)), 2, 2)


class CdNet(nn.Module):
    CHOICES = (((3, 5), 1), ((3, 7), 2), ((5, 7), 2), ((5, 9), 1), ((5, 7), 1), ((7, 9), 1))

    def __init__(self, channels=(8, 16, 16, 32)):
        super().__init__()
        self.base, self.neck = nn.Module(), nn.Module()
        self.base.stem = nn.Module()
        self.base.stem.conv1 = operation(*unit(3, channels[0], 7, 2))
        cells, inputs = [], channels[0]
        for index, (kernels, depth) in enumerate(self.CHOICES):
            outputs = channels[1 + index // 2]
            blocks = []
            for _ in range(depth):
                blocks.append(CombinedBlock(inputs, outputs, kernels))
                inputs = outputs
            cell = nn.Module()
            cell.ops = nn.Sequential(*blocks)
            cells.append(cell)
            if index in (1, 3):
                cells.append(Halving(outputs))
        self.base.cells = nn.ModuleList(cells)
        self.neck.squeeze = nn.Conv2d(channels[2], 8, 1, bias=False)
        for name, size in (("local", 16), ("global", channels[3])):
            fcs = nn.Sequential(nn.Linear(size, 12), nn.BatchNorm1d(12))
            setattr(self.neck, f"{name}_fcs", fcs)
            setattr(self.neck, f"{name}_classifier", nn.Linear(12, 3))

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.base.stem.conv1.op(x)), 3, 2, 1)
        for index, cell in enumerate(self.base.cells):
            x = cell(x) if isinstance(cell, Halving) else cell.ops(x)
            if index == 5:
                fine = self.neck.squeeze(x)
        stripes = [part.mean((2, 3)) for part in fine.chunk(2, dim=2)]
        return torch.cat([x.mean((2, 3)), *stripes], dim=1)
