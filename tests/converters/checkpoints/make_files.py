"""Writes the checkpoints beside it, with PyTorch 2.13 and safetensors: `python make_files.py`.

One small network in every layout that people have, and its tensors as NumPy saw them.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer = nn.Sequential(nn.Linear(4, 2), nn.PReLU())

    def forward(self, images):
        return self.layer(self.bn1(self.conv1(images)).mean((2, 3)))


def main():
    torch.manual_seed(0)
    net = Net()
    net(torch.randn(4, 3, 8, 8)).sum().backward()
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    optimizer.step()
    net.eval()
    state = {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}
    np.savez(HERE / "tensors.npz", **{name: tensor.numpy() for name, tensor in state.items()})
    torch.save(state, HERE / "state.pth")
    torch.save(state, HERE / "legacy.pth", _use_new_zipfile_serialization=False)
    wrapped = {f"module.{name}": tensor for name, tensor in state.items()}
    training = {
        "state_dict": wrapped,
        "epoch": 3,
        "rank1": np.float32(0.5),
        "optimizer": optimizer.state_dict(),
        "args": argparse.Namespace(lr=0.1),
    }
    torch.save(training, HERE / "training.pth")
    averaged = {"n_averaged": torch.tensor(2)} | wrapped
    torch.save(averaged, HERE / "averaged.pth", _use_new_zipfile_serialization=False)
    torch.save(net, HERE / "module.pth")
    torch.jit.script(net).save(HERE / "script.pt")
    halves = {
        name: tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
    torch.save(halves, HERE / "bfloat16.pth", _use_new_zipfile_serialization=False)
    save_file(state, HERE / "state.safetensors")
    many = torch.arange(100.0)
    views = {"slice": many[10:20], "transposed": many.view(10, 10).t()}
    torch.save(views, HERE / "views.pth", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
