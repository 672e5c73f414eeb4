"""Writes the files beside it, with PyTorch 2.14 and onnxscript: `python make_files.py`.

A small transformer of random weights as both of PyTorch's exporters write it, and what PyTorch
computes with it. The newer one keeps weights in a file of their own.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

HERE = Path(__file__).parent
HEIGHT, WIDTH, PATCH = 64, 32, 16
DIM, HEADS = 16, 2
IMAGES = 3


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)

    def forward(self, x):
        batch, tokens, _ = x.shape
        parts = self.qkv(x).reshape(batch, tokens, 3, HEADS, DIM // HEADS)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        found = functional.scaled_dot_product_attention(q, k, v)
        return self.proj(found.transpose(1, 2).reshape(batch, tokens, DIM))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        tokens = HEIGHT // PATCH * (WIDTH // PATCH) + 1
        self.patches = nn.Conv2d(3, DIM, PATCH, PATCH)
        self.token = nn.Parameter(torch.randn(1, 1, DIM))
        self.position = nn.Parameter(torch.randn(1, tokens, DIM))
        self.norms = nn.ModuleList(nn.LayerNorm(DIM) for _ in range(3))
        self.attention = Attention()
        self.mlp = nn.Sequential(nn.Linear(DIM, 2 * DIM), nn.GELU(), nn.Linear(2 * DIM, DIM))

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        x = x + self.attention(self.norms[0](x))
        x = x + self.mlp(self.norms[1](x))
        return self.norms[2](x)[:, 0]


def main():
    torch.manual_seed(0)
    net = Transformer().eval()
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, HEIGHT, WIDTH, 3), dtype=np.uint8)
    prepared = (images.astype(np.float32) / 255 - np.float32(0.5)) / np.float32(0.5)
    inputs = torch.from_numpy(np.ascontiguousarray(prepared.transpose(0, 3, 1, 2)))
    with torch.no_grad():
        features = net(inputs)
    np.savez(HERE / "features.npz", images=images, features=features.numpy())
    names = {"input_names": ["image"], "output_names": ["features"]}
    torch.onnx.export(
        net,
        (inputs,),
        HERE / "script.onnx",
        dynamo=False,
        opset_version=17,
        dynamic_axes={"image": {0: "n"}, "features": {0: "n"}},
        **names,
    )
    torch.onnx.export(
        net,
        (inputs,),
        HERE / "dynamo.onnx",
        dynamo=True,
        external_data=True,
        dynamic_shapes={"image": {0: torch.export.Dim("n")}},
        **names,
    )


if __name__ == "__main__":
    main()
