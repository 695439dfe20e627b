# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch renderings of U-Net, V-Net, nnU-Net (the example's and v2's) and MLPerf's 3D U-Net, written from the published
behaviour and independent of the compiler, so that they can check it.

Modules take and give NC[D]HW tensors. Parameters are registered in order of
use and carry the names of the compiled model; `export` and `load` convert to
the file layout: filters [k..., in, out], channels last, for transposed
convolutions too (in and out are those of the op).

Run as a program: prints and checks parameter counts and multiply-adds;
with --shapes DIR writes one line for each convolution of each network.
"""

import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

CONV = {2: F.conv2d, 3: F.conv3d}
CONV_TRANSPOSE = {2: F.conv_transpose2d, 3: F.conv_transpose3d}
AVG_POOL = {2: F.avg_pool2d, 3: F.avg_pool3d}


def same_padding(size, kernel, stride):
    """TensorFlow's `same`: (before, after), the odd voxel goes after."""
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Convolution(nn.Module):
    """padding: "valid", "same" (TensorFlow's, one-sided on stride 2) or
    "symmetric" ((k-1)/2 on both sides: PyTorch's habit, for timing only)."""

    def __init__(self, in_channels, out_channels, kernel, stride=None, bias=True, padding="same", init="glorot"):
        super().__init__()
        self.kernel, self.padding, self.init, self.prefix = tuple(kernel), padding, init, ""
        self.stride = tuple(stride or (1,) * len(kernel))
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, *kernel))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None

    def pads(self, spatial):
        if self.padding == "valid":
            return [(0, 0)] * len(spatial)
        if self.padding == "symmetric":
            return [((k - 1) // 2,) * 2 for k in self.kernel]
        return [same_padding(n, k, s) for n, k, s in zip(spatial, self.kernel, self.stride)]

    def forward(self, x):
        pads = self.pads(x.shape[2:])
        if any(before != after for before, after in pads):
            x = F.pad(x, [p for pair in reversed(pads) for p in pair])
            pads = [(0, 0)] * len(pads)
        return CONV[len(pads)](x, self.weight, self.bias, self.stride, [before for before, _ in pads])


class TransposedConvolution(nn.Module):
    """out[s*i + k] += in[i] * w[k], cut to s*n: TensorFlow's `same`."""

    def __init__(self, in_channels, out_channels, kernel, stride, init="glorot"):
        super().__init__()
        self.kernel, self.stride, self.init = tuple(kernel), tuple(stride), init
        self.weight = nn.Parameter(torch.empty(in_channels, out_channels, *kernel))
        self.bias = nn.Parameter(torch.empty(out_channels))

    def forward(self, x):
        out = CONV_TRANSPOSE[len(self.kernel)](x, self.weight, self.bias, self.stride)
        for axis, (n, s) in enumerate(zip(x.shape[2:], self.stride)):
            out = out.narrow(2 + axis, 0, n * s)
        return out


class BatchNorm(nn.Module):
    """Epsilon 1e-3; running averages (momentum 0.99) of mean and population
    variance."""

    epsilon, momentum = 1e-3, 0.99

    def __init__(self, channels):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))

    def forward(self, x):
        if not self.training:
            return F.batch_norm(x, self.running_mean, self.running_variance, self.gamma, self.beta, False, 0.0, self.epsilon)
        mean, variance = self.running_mean.clone(), self.running_variance.clone()
        n = x.numel() // x.shape[1]
        x = F.batch_norm(x, mean, variance, self.gamma, self.beta, True, 1 - self.momentum, self.epsilon)
        with torch.no_grad():
            self.running_mean.copy_(mean)
            # PyTorch averages the variance of a sample, n/(n-1) too large.
            kept = self.momentum * self.running_variance
            self.running_variance.copy_(kept + (variance - kept) * ((n - 1) / n))
        return x


class InstanceNorm(nn.Module):
    def __init__(self, channels, epsilon=1e-3):
        super().__init__()
        self.epsilon = epsilon
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return F.instance_norm(x, weight=self.gamma, bias=self.beta, eps=self.epsilon)


class Block(nn.Module):
    """A named group of layers; its owner runs them."""


def central_crop(x, spatial):
    for axis, n in enumerate(spatial):
        x = x.narrow(2 + axis, (x.shape[2 + axis] - n) // 2, n)
    return x


class UNet2D(nn.Module):
    dims, image_shape, label_shape, in_channels, classes = 2, (572, 572), (388, 388), 1, 2
    learning_rate, weight_decay = 1e-4, 5e-4

    def __init__(self, width=64, dropout=0.0):
        super().__init__()
        self.dropout = dropout

        def conv(i, o, k=3):
            return Convolution(i, o, (k, k), padding="valid")

        def up(i, o):
            return TransposedConvolution(i, o, (3, 3), (2, 2))

        w = [width * 2**i for i in range(5)]
        self.input = Block()
        self.input.conv1, self.input.conv2 = conv(1, w[0]), conv(w[0], w[0])
        for i in range(3):
            block = Block()
            block.conv1, block.conv2 = conv(w[i], w[i + 1]), conv(w[i + 1], w[i + 1])
            self.add_module(f"down{i}", block)
        self.bottleneck = Block()
        self.bottleneck.conv1, self.bottleneck.conv2 = conv(w[3], w[4]), conv(w[4], w[4])
        self.bottleneck.up = up(w[4], w[3])
        for i in range(3):
            c, block = w[3 - i], Block()
            block.conv1, block.conv2, block.up = conv(2 * c, c), conv(c, c), up(c, c // 2)
            self.add_module(f"up{i}", block)
        self.output = Block()
        self.output.conv1, self.output.conv2 = conv(2 * w[0], w[0]), conv(w[0], w[0])
        self.output.conv3 = conv(w[0], self.classes, 1)

    def forward(self, x):
        x = F.relu(self.input.conv2(F.relu(self.input.conv1(x))))
        skips = [x]
        for block in (self.down0, self.down1, self.down2):
            x = F.relu(block.conv2(F.relu(block.conv1(F.max_pool2d(x, 2)))))
            skips.append(x)
        x = F.relu(self.bottleneck.conv2(F.relu(self.bottleneck.conv1(F.max_pool2d(x, 2)))))
        x = F.relu(self.bottleneck.up(F.dropout(x, self.dropout, self.training)))
        for block in (self.up0, self.up1, self.up2, self.output):
            x = torch.cat((x, central_crop(skips.pop(), x.shape[2:])), 1)
            x = F.relu(block.conv2(F.relu(block.conv1(x))))
            if block is not self.output:
                x = F.relu(block.up(x))
        return [self.output.conv3(x)]

    def loss(self, outputs, label):
        logits = outputs[0]
        p, t = F.softmax(logits, 1), one_hot(label, self.classes, logits)
        intersection, total = (p * t).sum((2, 3)), (p * p + t * t).sum((2, 3))
        dice = (1 - ((2 * intersection + 1e-6) / (total + 1e-6)).mean(0)).mean()
        ce = F.cross_entropy(logits, label.long())
        return {"loss": ce + dice, "cross_entropy": ce, "dice_loss": dice}

    @staticmethod
    def decays(name):
        return True

    def optimizer(self, learning_rate):
        return Adam(self, learning_rate, self.weight_decay)


class VNet(nn.Module):
    dims, in_channels, classes = 3, 1, 3
    learning_rate, weight_decay = 1e-4, 0.0

    def __init__(self, kernel=3, shape=(32, 32, 32)):
        super().__init__()
        self.image_shape = self.label_shape = tuple(shape)

        def conv(i, o, k=kernel, s=1):
            return Convolution(i, o, (k,) * 3, (s,) * 3)

        def residual(block, channels):
            for j in (1, 2, 3):
                block.add_module(f"conv{j}", conv(channels, channels))
                block.add_module(f"norm{j}", BatchNorm(channels))

        def up(block, i, o):
            block.up, block.up_norm = TransposedConvolution(i, o, (2,) * 3, (2,) * 3), BatchNorm(o)

        self.input = Block()
        self.input.conv, self.input.norm = conv(1, 16), BatchNorm(16)
        for i, c in ((1, 32), (2, 64), (3, 128)):
            block = Block()
            block.down, block.down_norm = conv(c // 2, c, 2, 2), BatchNorm(c)
            residual(block, c)
            self.add_module(f"down{i}", block)
        for i, c in ((1, 64), (2, 32)):
            block = Block()
            up(block, 128, c)
            residual(block, 2 * c)
            self.add_module(f"up{i}", block)
        self.output = Block()
        up(self.output, 64, 16)
        self.output.conv = conv(16, self.classes)

    def forward(self, x):
        x = F.relu(self.input.norm(self.input.conv(x))) + x
        skips = [x]
        for block in (self.down1, self.down2, self.down3):
            x = self.residual(block, F.relu(block.down_norm(block.down(x))))
            skips.append(x)
        skips.pop()
        for block in (self.up1, self.up2):
            x = F.relu(block.up_norm(block.up(x)))
            x = self.residual(block, torch.cat((x, skips.pop()), 1))
        x = F.relu(self.output.up_norm(self.output.up(x)))
        return [self.output.conv(x)]

    @staticmethod
    def residual(block, y):
        x = F.relu(block.norm1(block.conv1(y)))
        x = F.relu(block.norm2(block.conv2(x)))
        return F.relu(block.norm3(block.conv3(x))) + y

    def loss(self, outputs, label):
        p, t = F.softmax(outputs[0], 1), one_hot(label, self.classes, outputs[0])
        intersection, total = (p * t).sum((2, 3, 4)), (p + t).sum((2, 3, 4))
        dice = ((2 * intersection + 1e-6) / (total + 1e-6)).mean(0)
        return {"loss": (1 - dice).sum(), "dice": dice}

    @staticmethod
    def decays(name):
        return False

    def optimizer(self, learning_rate):
        return CentredRMSProp(self, learning_rate)


def nnunet_topology(patch, spacing):
    """The topology rule: (kernels, strides) by level."""
    size, spacing = [float(s) for s in patch], list(spacing)
    kernels, strides = [], []
    while len(strides) < 5:
        ratios = [v / min(spacing) for v in spacing]
        stride = tuple(2 if r <= 2 and s >= 8 else 1 for r, s in zip(ratios, size))
        kernel = tuple(3 if r <= 2 else 1 for r in ratios)
        if all(s == 1 for s in stride):
            break
        size = [n / s for n, s in zip(size, stride)]
        spacing = [v * s for v, s in zip(spacing, stride)]
        kernels.append(kernel)
        strides.append(stride)
    return kernels + [(3,) * len(patch)], [(1,) * len(patch)] + strides


class NNUNet(nn.Module):
    learning_rate, weight_decay, slope = 3e-4, 1e-4, 0.01

    def __init__(self, patch, spacing, in_channels, classes, deep_supervision=False, padding="same"):
        super().__init__()
        self.dims, self.image_shape, self.label_shape = len(patch), tuple(patch), tuple(patch)
        self.in_channels, self.classes, self.deep_supervision = in_channels, classes, deep_supervision
        kernels, strides = nnunet_topology(patch, spacing)
        self.levels = len(kernels)
        if deep_supervision and self.levels < 4:
            raise ValueError(f"deep supervision needs decoder levels 1 and 2, so 4 levels; got {self.levels}")
        filters = [min(32 * 2**i, 320 if self.dims == 3 else 512) for i in range(self.levels)]

        def fill(block, i, o, kernel, stride):
            for j in (1, 2):
                block.add_module(
                    f"conv{j}",
                    Convolution(i if j == 1 else o, o, kernel, stride if j == 1 else None, False, padding, "he"),
                )
                block.add_module(f"norm{j}", InstanceNorm(o))

        for i in range(self.levels):
            block = Block()
            fill(block, filters[i - 1] if i else in_channels, filters[i], kernels[i], strides[i])
            self.add_module(f"encoder{i}", block)
        for i in reversed(range(self.levels - 1)):
            block = Block()
            block.up = TransposedConvolution(filters[i + 1], filters[i], strides[i + 1], strides[i + 1])
            fill(block, 2 * filters[i], filters[i], kernels[i + 1], None)
            self.add_module(f"decoder{i}", block)
        one = (1,) * self.dims
        self.head = Convolution(filters[0], classes, one, init="he")
        if deep_supervision:
            self.head1 = Convolution(filters[1], classes, one, init="he")
            self.head2 = Convolution(filters[2], classes, one, init="he")

    def block(self, block, x):
        x = F.leaky_relu(block.norm1(block.conv1(x)), self.slope)
        return F.leaky_relu(block.norm2(block.conv2(x)), self.slope)

    def forward(self, x):
        skips = []
        for i in range(self.levels):
            x = self.block(self.get_submodule(f"encoder{i}"), x)
            skips.append(x)
        skips.pop()
        outputs = []
        for i in reversed(range(self.levels - 1)):
            block = self.get_submodule(f"decoder{i}")
            x = self.block(block, torch.cat((block.up(x), skips.pop()), 1))
            if self.deep_supervision and self.training and i in (1, 2):
                outputs.append(self.get_submodule(f"head{i}")(x))
        return [self.head(x)] + outputs[::-1]

    def head_loss(self, logits, label):
        p, t = F.softmax(logits, 1), one_hot(label, self.classes, logits)
        axes = (0, *range(2, p.dim()))
        dice = (2 * (p * t).sum(axes) + 1e-6) / (p.sum(axes) + t.sum(axes) + 1e-6)
        return (1 - dice[1:]).mean(), F.cross_entropy(logits, label.long())

    def loss(self, outputs, label):
        dice, ce = self.head_loss(outputs[0], label)
        total, parts = dice + ce, {"dice_loss": dice, "cross_entropy": ce}
        if len(outputs) == 3:
            for i, logits in enumerate(outputs[1:], 1):
                full = F.interpolate(logits, size=label.shape[1:], mode="nearest")
                total = total + sum(self.head_loss(full, label)) / 2**i
            total = total / (2 - 2**-3)
        return {"loss": total, **parts}

    @staticmethod
    def decays(name):
        return not name.endswith((".gamma", ".beta"))

    def optimizer(self, learning_rate):
        return Adam(self, learning_rate, self.weight_decay)


class ResidualBlock(nn.Module):
    """ResNet-D's basic block: the mean over the strides, then a projection if
    the width changes, goes around two convolutions."""

    def __init__(self, conv, i, o, kernel, stride):
        super().__init__()
        self.stride, one = tuple(stride), (1,) * len(kernel)
        self.conv1, self.norm1 = conv(i, o, kernel, stride), InstanceNorm(o, 1e-5)
        self.conv2, self.norm2 = conv(o, o, kernel), InstanceNorm(o, 1e-5)
        if i != o:
            self.skip_conv, self.skip_norm = conv(i, o, one, bias=False), InstanceNorm(o, 1e-5)

    def forward(self, x):
        y = self.norm2(self.conv2(F.leaky_relu(self.norm1(self.conv1(x)), NNUNetV2.slope)))
        if any(s != 1 for s in self.stride):
            x = AVG_POOL[len(self.stride)](x, self.stride, self.stride)
        if hasattr(self, "skip_conv"):
            x = self.skip_norm(self.skip_conv(x))
        return F.leaky_relu(y + x, NNUNetV2.slope)


class NNUNetV2(nn.Module):
    """nnU-Net v2's networks from a configuration of a plan (docs/Planning.md):
    plain, or with a residual encoder."""

    learning_rate, weight_decay, max_norm, slope = 1e-2, 3e-5, 12.0, 0.01

    def __init__(self, plan, configuration):
        super().__init__()
        chosen = plan["configurations"][configuration]
        self.image_shape = self.label_shape = tuple(chosen["patch"])
        self.dims, self.levels = len(self.image_shape), len(chosen["filters"])
        self.in_channels, self.classes = len(plan["channel_names"]), len(plan["class_names"])
        self.residual, self.batch_dice = chosen["residual_encoder"], chosen["batch_dice"]
        kernels, strides, filters = chosen["kernels"], chosen["strides"], chosen["filters"]
        one = (1,) * self.dims

        def conv(i, o, kernel, stride=None, bias=True):
            return Convolution(i, o, kernel, stride, bias, "symmetric", "he")

        def fill(block, i, o, count, kernel, stride):
            for j in range(1, count + 1):
                block.add_module(f"conv{j}", conv(i if j == 1 else o, o, kernel, stride if j == 1 else None))
                block.add_module(f"norm{j}", InstanceNorm(o, 1e-5))

        width = self.in_channels
        if self.residual:
            self.stem, width = Block(), filters[0]
            fill(self.stem, self.in_channels, width, 1, kernels[0], one)
        for level, (o, count) in enumerate(zip(filters, chosen["encoder_blocks"])):
            block = Block()
            if self.residual:
                for j in range(1, count + 1):
                    first = j == 1
                    unit = ResidualBlock(conv, width if first else o, o, kernels[level], strides[level] if first else one)
                    block.add_module(f"block{j}", unit)
            else:
                fill(block, width, o, count, kernels[level], strides[level])
            self.add_module(f"encoder{level}", block)
            width = o
        for level in reversed(range(self.levels - 1)):
            block = Block()
            stride = strides[level + 1]
            block.up = TransposedConvolution(filters[level + 1], filters[level], stride, stride, "he")
            fill(block, 2 * filters[level], filters[level], chosen["decoder_blocks"][level], kernels[level], one)
            self.add_module(f"decoder{level}", block)
        self.head = conv(filters[0], self.classes, one)
        # The deepest decoder level's loss has no weight.
        self.lower = range(1, max(1, self.levels - 2))
        for level in self.lower:
            self.add_module(f"head{level}", conv(filters[level], self.classes, one))

    def convs(self, block, x):
        j = 1
        while hasattr(block, f"conv{j}"):
            x = F.leaky_relu(block.get_submodule(f"norm{j}")(block.get_submodule(f"conv{j}")(x)), self.slope)
            j += 1
        return x

    def forward(self, x):
        skips, x = [], self.convs(self.stem, x) if self.residual else x
        for level in range(self.levels):
            block = self.get_submodule(f"encoder{level}")
            if self.residual:
                for unit in block.children():
                    x = unit(x)
            else:
                x = self.convs(block, x)
            skips.append(x)
        skips.pop()
        outputs = []
        for level in reversed(range(self.levels - 1)):
            block = self.get_submodule(f"decoder{level}")
            x = self.convs(block, torch.cat((block.up(x), skips.pop()), 1))
            if level in self.lower and self.training:
                outputs.append(self.get_submodule(f"head{level}")(x))
        return [self.head(x)] + outputs[::-1]

    def head_loss(self, logits, label):
        p, t = F.softmax(logits, 1), one_hot(label, self.classes, logits)
        axes = (*((0,) if self.batch_dice else ()), *range(2, p.dim()))
        dice = (2 * (p * t).sum(axes) + 1e-5) / (p.sum(axes) + t.sum(axes) + 1e-5)
        # nnU-Net has -Dice for 1 - Dice.
        return (1 - dice[..., 1:]).mean(), F.cross_entropy(logits, label.long())

    def loss(self, outputs, label):
        dice, ce = self.head_loss(outputs[0], label)
        total, weights = dice + ce, 1.0
        for i, logits in enumerate(outputs[1:], 1):
            # As nnU-Net v2's loader downsamples labels.
            coarse = F.interpolate(label[:, None].double(), logits.shape[2:], mode="nearest-exact")[:, 0]
            total = total + sum(self.head_loss(logits, coarse)) / 2**i
            weights += 1 / 2**i
        return {"loss": total / weights, "dice_loss": dice, "cross_entropy": ce}

    @staticmethod
    def decays(name):
        return True

    def optimizer(self, learning_rate):
        return NesterovSGD(self, learning_rate, 0.99, self.weight_decay, self.max_norm)


class UNet3D(nn.Module):
    """The MLPerf training benchmark's network (KiTS19): strided convolutions
    down, one level more as bottleneck, transposed convolutions up."""

    dims, in_channels, classes = 3, 1, 3
    learning_rate, weight_decay = 1.0, 0.0

    def __init__(self, patch=(128, 128, 128), filters=(32, 64, 128, 256, 320)):
        super().__init__()
        self.image_shape = self.label_shape = tuple(patch)

        def fill(block, i, o, stride=None):
            for j in (1, 2):
                step = stride if j == 1 else None
                conv = Convolution(i if j == 1 else o, o, (3,) * 3, step, False, "symmetric", "uniform")
                block.add_module(f"conv{j}", conv)
                block.add_module(f"norm{j}", InstanceNorm(o, 1e-5))

        self.input = Block()
        fill(self.input, self.in_channels, filters[0])
        for n, (i, o) in enumerate(zip(filters, filters[1:])):
            block = Block()
            fill(block, i, o, (2,) * 3)
            self.add_module(f"down{n}", block)
        self.bottleneck = Block()
        fill(self.bottleneck, filters[-1], filters[-1], (2,) * 3)
        for n, (i, o) in enumerate(zip((filters[-1], *filters[::-1]), filters[::-1])):
            block = Block()
            block.up = TransposedConvolution(i, o, (2,) * 3, (2,) * 3, "uniform")
            fill(block, 2 * o, o)
            self.add_module(f"up{n}", block)
        self.output = Block()
        self.output.conv = Convolution(filters[0], self.classes, (1,) * 3, init="uniform")
        self.downs = len(filters) - 1

    def block(self, block, x):
        return F.relu(block.norm2(block.conv2(F.relu(block.norm1(block.conv1(x))))))

    def forward(self, x):
        skips = [x := self.block(self.input, x)]
        for i in range(self.downs):
            skips.append(x := self.block(self.get_submodule(f"down{i}"), x))
        x = self.block(self.bottleneck, x)
        for i in range(self.downs + 1):
            block = self.get_submodule(f"up{i}")
            x = self.block(block, torch.cat((block.up(x), skips.pop()), 1))
        return [self.output.conv(x)]

    def loss(self, outputs, label):
        p, t = F.softmax(outputs[0], 1), one_hot(label, self.classes, outputs[0])
        intersection, total = (p * t).sum((2, 3, 4)), (p + t).sum((2, 3, 4))
        dice = (1 - (2 * intersection + 1e-6) / (total + 1e-6))[:, 1:].mean()
        ce = F.cross_entropy(outputs[0], label.long())
        return {"loss": (dice + ce) / 2, "dice_loss": dice, "cross_entropy": ce}

    @staticmethod
    def decays(name):
        return True

    def optimizer(self, learning_rate):
        return NesterovSGD(self, learning_rate)


def one_hot(label, classes, like):
    """(N, spatial) integers to (N, classes, spatial) of the type of `like`."""
    return torch.movedim(F.one_hot(label.long(), classes), -1, 1).to(like.dtype)


# Optimisers, written out. The L2 term enters as weight_decay * w.


class Adam:
    def __init__(self, model, learning_rate, weight_decay, beta1=0.9, beta2=0.999, epsilon=1e-7):
        named = list(model.named_parameters())
        self.parameters = [p for _, p in named]
        self.decayed = [weight_decay if model.decays(name) else 0.0 for name, _ in named]
        self.rate, self.beta1, self.beta2, self.epsilon, self.t = learning_rate, beta1, beta2, epsilon, 0
        self.m = [torch.zeros_like(p) for p in self.parameters]
        self.v = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self):
        self.t += 1
        rate = self.rate * math.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        for w, decay, m, v in zip(self.parameters, self.decayed, self.m, self.v):
            g = w.grad + decay * w
            m.mul_(self.beta1).add_(g, alpha=1 - self.beta1)
            v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            w.sub_(rate * m / (v.sqrt() + self.epsilon))


class CentredRMSProp:
    def __init__(self, model, learning_rate, momentum=0.0, decay=0.9, epsilon=1e-10):
        self.parameters = list(model.parameters())
        self.rate, self.momentum, self.decay, self.epsilon = learning_rate, momentum, decay, epsilon
        self.ms = [torch.ones_like(p) for p in self.parameters]
        self.mg = [torch.zeros_like(p) for p in self.parameters]
        self.mom = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self):
        rest = 1 - self.decay
        for w, ms, mg, mom in zip(self.parameters, self.ms, self.mg, self.mom):
            g = w.grad
            ms.mul_(self.decay).addcmul_(g, g, value=rest)
            mg.mul_(self.decay).add_(g, alpha=rest)
            mom.mul_(self.momentum).add_(self.rate * g / (ms - mg * mg + self.epsilon).sqrt())
            w.sub_(mom)


class NesterovSGD:
    def __init__(self, model, learning_rate, momentum=0.9, weight_decay=0.0, max_norm=math.inf):
        self.parameters = list(model.parameters())
        self.rate, self.momentum, self.decay, self.max_norm = learning_rate, momentum, weight_decay, max_norm
        self.velocity = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self):
        norm = math.sqrt(sum((w.grad.double() ** 2).sum().item() for w in self.parameters))
        factor = min(1.0, self.max_norm / (norm + 1e-6))
        for w, v in zip(self.parameters, self.velocity):
            g = factor * w.grad + self.decay * w
            v.mul_(self.momentum).add_(g)
            w.sub_(self.rate * (g + self.momentum * v))


def l2_term(model):
    """weight_decay * sum of 0.5 ||w||^2 over the variables that decay."""
    decayed = [p for name, p in model.named_parameters() if model.decays(name)]
    return model.weight_decay * sum(0.5 * (p.detach() ** 2).sum().item() for p in decayed)


# The file layout.


def _modules_of(model):
    for path, module in model.named_modules():
        for name, tensor in module.named_parameters(recurse=False):
            yield f"{path}.{name}", module, tensor


def to_file(module, tensor):
    """Torch's layout to [k..., in, out]."""
    if tensor.dim() > 1:
        first = (1, 0) if isinstance(module, Convolution) else (0, 1)
        tensor = tensor.permute(*range(2, tensor.dim()), *first)
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def from_file(module, array):
    tensor = torch.from_numpy(np.array(array))
    if tensor.dim() > 1:
        last = tensor.dim() - 1
        first = (last, last - 1) if isinstance(module, Convolution) else (last - 1, last)
        tensor = tensor.permute(*first, *range(last - 1))
    return tensor


def export(model, gradients=False):
    """Parameters (or their gradients) in order of use, in the file layout."""
    return {name: to_file(m, p.grad if gradients else p) for name, m, p in _modules_of(model)}


def export_states(model):
    return {name: buffer.detach().cpu().numpy().copy() for name, buffer in model.named_buffers()}


@torch.no_grad()
def load(model, tensors):
    for name, module, parameter in _modules_of(model):
        parameter.copy_(from_file(module, tensors[name]))
    for name, buffer in model.named_buffers():
        if name in tensors:
            buffer.copy_(torch.from_numpy(np.array(tensors[name])))


def mirror(tensors):
    """Filters of the network mirrored in space. On stride 2 and an even size
    `same` pads (0, 1), which no kernel of the peers takes. Mirrored that is
    (1, 0), and with (1, 1) the last zero is never read: `symmetric` padding
    computes the mirrored network, without a separate pad."""
    spatial = {name: tuple(range(array.ndim - 2)) for name, array in tensors.items() if array.ndim > 1}
    return {name: np.flip(array, spatial.get(name, ())) for name, array in tensors.items()}


def initial_weights(model, seed):
    """Published initialisers, in the file layout, each parameter from its own
    generator (so that the order of layers does not matter). Norms before an
    addition start as 1, not as nnU-Net v2's 0: the convolutions before them
    would have no gradient."""
    tensors = {}
    for index, (name, module, parameter) in enumerate(_modules_of(model)):
        shape = to_file_shape(module, parameter)
        random = np.random.Generator(np.random.Philox(key=[seed, index]))
        if name.endswith(".gamma"):
            array = np.ones(shape)
        elif getattr(module, "init", None) == "uniform":
            # PyTorch's default. Its fan-in is that of the tensor's second
            # dimension, of transposed convolutions too.
            limit = 1 / math.sqrt(module.weight[0].numel())
            array = random.uniform(-limit, limit, shape)
        elif len(shape) == 1:
            array = np.zeros(shape)
        elif module.init == "he":
            fan_in = math.prod(shape[:-1])
            array = random.standard_normal(shape) * math.sqrt(2 / ((1 + NNUNet.slope**2) * fan_in))
        else:
            limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
            array = random.uniform(-limit, limit, shape)
        tensors[name] = array.astype(np.float32)
    return tensors


def to_file_shape(module, tensor):
    shape = tuple(tensor.shape)
    if len(shape) == 1:
        return shape
    return shape[2:] + ((shape[1], shape[0]) if isinstance(module, Convolution) else shape[:2])


def small_plan(configuration, **options):
    """A network of plans/small.json."""
    with open(os.path.join(os.path.dirname(__file__), "plans", "small.json"), encoding="utf-8") as file:
        return NNUNetV2(json.load(file), configuration, **options)


# By name: a builder (options as keywords) and the batch of its recording.
NETWORKS = {
    "unet64": (lambda **k: UNet2D(64, **k), 1),
    "unet16": (lambda **k: UNet2D(16, **k), 1),
    "vnet": (lambda **k: VNet(**k), 2),
    "nnunet01_3d": (lambda **k: NNUNet((128, 128, 128), (1, 1, 1), 4, 4, **k), 2),
    "nnunet01_2d": (lambda **k: NNUNet((192, 160), (1, 1), 4, 4, **k), 64),
    "nnunet04_3d": (lambda **k: NNUNet((40, 56, 40), (1, 1, 1), 1, 3, **k), 2),
    "nnunet04_2d": (lambda **k: NNUNet((56, 40), (1, 1), 1, 3, **k), 8),
    "unet3d": (lambda **k: UNet3D(**k), 2),
    # As deep as the published one, and narrow.
    "unet3d_deep": (lambda **k: UNet3D((64, 64, 64), (8, 8, 16, 16, 16), **k), 2),
    # Small enough that no activation lies within rounding of its kink, so that
    # gradients can be compared strictly. See the README.
    "vnet_small": (lambda **k: VNet(shape=(16, 16, 16), **k), 2),
    "nnunet_small_3d": (lambda **k: NNUNet((16, 24, 16), (1, 1, 1), 1, 3, **k), 2),
    "unet3d_small": (lambda **k: UNet3D((16, 16, 16), (8, 16), **k), 2),
    "v2_small_2d": (lambda **k: small_plan("2d_residual", **k), 2),
    "v2_small_3d": (lambda **k: small_plan("3d_plain", **k), 2),
    "v2_small_3d_residual": (lambda **k: small_plan("3d_residual", **k), 2),
}

# Published parameter counts and multiply-adds (in 1e9) of a forward pass.
EXPECTED = {
    "unet64": (34_512_258, 157.47),
    "vnet": (3_599_747, 2.77),
    "nnunet01_3d": (31_192_868, 482.80),
    "nnunet01_2d": (20_613_092, 6.69),
    "nnunet04_3d": (5_601_187, 19.14),
    "nnunet04_2d": (1_926_499, 0.314),
    "unet3d": (31_190_243, 477.30),
}


def build(name, **options):
    return NETWORKS[name][0](**options)


def convolutions(name):
    """One dictionary for each convolution, in order of use, for one sample."""
    with torch.device("meta"):
        model = build(name).eval()
        image = torch.empty(1, model.in_channels, *model.image_shape)
    records = []

    def hook(module, inputs, output, path):
        x, transposed = inputs[0], isinstance(module, TransposedConvolution)
        taps = math.prod(module.kernel) * x.shape[1] * output.shape[1]
        records.append(
            {
                "tag": path,
                "op": "conv_transpose" if transposed else "conv",
                "in": tuple(x.shape[2:]),
                "cin": x.shape[1],
                "out": tuple(output.shape[2:]),
                "cout": output.shape[1],
                "kernel": module.kernel,
                "stride": module.stride,
                "pads": [(0, 0)] * len(module.kernel) if transposed else module.pads(x.shape[2:]),
                "macs": taps * math.prod(x.shape[2:] if transposed else output.shape[2:]),
            }
        )

    for path, module in model.named_modules():
        if isinstance(module, (Convolution, TransposedConvolution)):
            module.register_forward_hook(lambda m, i, o, path=path: hook(m, i, o, path))
    model(image)
    return records


def shape_line(name, record):
    def by(values):
        return "x".join(str(v) for v in values)

    pads = ",".join(f"{before}:{after}" for before, after in record["pads"])
    return (
        f"{name}:{record['tag']} {record['op']} in={by(record['in'])}x{record['cin']} "
        f"out={by(record['out'])}x{record['cout']} kernel={by(record['kernel'])} "
        f"stride={by(record['stride'])} pad={pads} gmac={record['macs'] / 1e9:.6g}"
    )


def main():
    import argparse
    import os
    import sys

    parser = argparse.ArgumentParser(description="check counts; write shape lists")
    parser.add_argument("--shapes", metavar="DIR", help="write DIR/NETWORK.txt")
    options = parser.parse_args()
    failed = False
    for name in NETWORKS:
        with torch.device("meta"):
            count = sum(p.numel() for p in build(name).parameters())
        records = convolutions(name)
        gmac = sum(record["macs"] for record in records) / 1e9
        verdict = "-"
        if name in EXPECTED:
            parameters, published = EXPECTED[name]
            good = count == parameters and abs(gmac - published) < 0.006 * max(1.0, published / 100)
            verdict = "ok" if good else f"EXPECTED {parameters}, {published}"
            failed |= not good
        print(f"{name:12} {count:>11,} parameters {gmac:9.3f} GMAC {len(records):3} convolutions  {verdict}")
        if options.shapes:
            with open(os.path.join(options.shapes, f"{name}.txt"), "w") as file:
                file.write(f"# Convolutions of {name} in order of use, one sample; spatial sizes, then channels.\n")
                file.writelines(shape_line(name, record) + "\n" for record in records)
    sys.exit(failed)


if __name__ == "__main__":
    main()
