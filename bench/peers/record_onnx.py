# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records small ONNX models that PyTorch exports, with what ONNX Runtime computes, for unittests/Exchange.

record_onnx.py FOLDER

FOLDER gets layers2d.onnx and layers3d.onnx, which hold every kind of node that segc imports and PyTorch writes, and
for each a safetensors file with `image` and `result`, channels first.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn import functional as F

import safetensors_io


class Layers(nn.Module):
    def __init__(self, dims):
        super().__init__()
        conv, up = (nn.Conv2d, nn.ConvTranspose2d) if dims == 2 else (nn.Conv3d, nn.ConvTranspose3d)
        batch, instance = (nn.BatchNorm2d, nn.InstanceNorm2d) if dims == 2 else (nn.BatchNorm3d, nn.InstanceNorm3d)
        self.first = conv(2, 6, 3, padding=1)
        self.batch = batch(6)
        self.strided = conv(6, 8, 3, stride=2, padding=1, bias=False)
        self.instance = instance(8, affine=True, eps=1e-3)
        self.grouped = conv(8, 8, 3, padding=2, dilation=2, groups=4)
        self.prelu = nn.PReLU(8)
        self.up = up(8, 6, 3, stride=2, padding=1, output_padding=1)
        self.wide = up(6, 4, 2, stride=2, groups=2)
        self.last = conv(4 + 6, 3, 1)
        self.scale = nn.Parameter(torch.rand(6, *[1] * dims))
        self.max_pool = nn.MaxPool2d(2) if dims == 2 else nn.MaxPool3d(2)
        self.avg_pool = nn.AvgPool2d(3, 1, 1) if dims == 2 else nn.AvgPool3d(3, 1, 1, count_include_pad=False)
        self.linear = "bilinear" if dims == 2 else "trilinear"

    def forward(self, image):
        x = self.batch(F.relu(self.first(image)))
        skip = x * self.scale - 0.25 * x
        x = F.leaky_relu(self.instance(self.strided(x)), 0.02)
        x = self.prelu(self.grouped(x)) + x
        x = self.up(x)
        x = self.wide(self.avg_pool(self.max_pool(torch.cat([x[:, 1:4], skip[:, 3:]], 1))))
        lower = F.interpolate(F.interpolate(skip, scale_factor=2.0, mode="nearest"), size=skip.shape[2:], mode=self.linear)
        lower = F.pad(lower[..., 1:-1], (1, 1))
        return F.softmax(self.last(torch.cat([x, lower], 1)), 1)


def record(folder, dims):
    torch.manual_seed(dims)
    model = Layers(dims).eval()
    for name, tensor in model.state_dict().items():
        if tensor.dtype == torch.float32:
            tensor.copy_(torch.rand_like(tensor) + 0.5 if "running_var" in name else torch.randn_like(tensor) * 0.4)
    image = torch.randn(1, 2, *(8, 12, 8)[:dims])
    path = folder / f"layers{dims}d.onnx"
    torch.onnx.export(model, (image,), str(path), dynamo=True, verbose=False, external_data=False, opset_version=18, input_names=["image"])
    # The exporter notes where in the sources each node comes from.
    exported = onnx.load(str(path))
    for part in (exported, exported.graph, *exported.graph.node, *exported.graph.value_info):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    onnx.checker.check_model(exported)
    onnx.save(exported, str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    result = session.run(None, {"image": image.numpy()})[0]
    safetensors_io.save(folder / f"layers{dims}d.safetensors", {"image": image.numpy(), "result": np.asarray(result)})
    kinds = sorted({node.op_type for node in onnx.load(str(path)).graph.node})
    print(path, path.stat().st_size, " ".join(kinds))


if __name__ == "__main__":
    for rank in (2, 3):
        record(pathlib.Path(sys.argv[1]), rank)
