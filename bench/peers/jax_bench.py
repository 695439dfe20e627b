# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times inference in JAX (jit, CPU): common.py's command line.

A plain rendering of the networks in channels-last layout, with the filters as
the files hold them. Inference only: a training step would need optimisers and
losses of its own.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
from jax import lax

import common

FORMATS = {2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


class Network:
    """Layers by the names of their parameters."""

    def __init__(self, tensors):
        self.tensors = {name: jnp.asarray(array) for name, array in tensors.items()}

    def filter(self, name):
        return self.tensors[f"{name}.weight"]

    def bias(self, name, x):
        bias = self.tensors.get(f"{name}.bias")
        return x if bias is None else x + bias

    def conv(self, name, x, strides=None, padding="SAME"):
        dims = x.ndim - 2
        return self.bias(
            name,
            lax.conv_general_dilated(
                x, self.filter(name), strides or (1,) * dims, padding, dimension_numbers=FORMATS[dims]
            ),
        )

    def up(self, name, x, strides):
        """out[s*i + k] += in[i] * w[k], cut to s*n"""
        dims, filter_ = x.ndim - 2, self.filter(name)
        pads = [(k - 1, s - 1) for k, s in zip(filter_.shape, strides)]
        flipped = jnp.flip(filter_, range(dims))
        numbers = FORMATS[dims]
        x = lax.conv_general_dilated(x, flipped, (1,) * dims, pads, lhs_dilation=strides, dimension_numbers=numbers)
        return self.bias(name, x)

    def affine(self, name, x, mean, variance, epsilon=1e-3):
        scale = self.tensors[f"{name}.gamma"] * lax.rsqrt(variance + epsilon)
        return (x - mean) * scale + self.tensors[f"{name}.beta"]

    def batch_norm(self, name, x):
        return self.affine(name, x, self.tensors[f"{name}.running_mean"], self.tensors[f"{name}.running_variance"])

    def instance_norm(self, name, x, epsilon=1e-3):
        axes = tuple(range(1, x.ndim - 1))
        return self.affine(name, x, x.mean(axes, keepdims=True), x.var(axes, keepdims=True), epsilon)


def unet(net, x):
    def pair(name, x):
        x = jax.nn.relu(net.conv(f"{name}.conv1", x, padding="VALID"))
        return jax.nn.relu(net.conv(f"{name}.conv2", x, padding="VALID"))

    def pool(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def up(name, x):
        return jax.nn.relu(net.up(f"{name}.up", x, (2, 2)))

    def crop(skip, x):
        top, left = ((skip.shape[axis] - x.shape[axis]) // 2 for axis in (1, 2))
        return skip[:, top : top + x.shape[1], left : left + x.shape[2]]

    skips = [x := pair("input", x)]
    for name in ("down0", "down1", "down2"):
        skips.append(x := pair(name, pool(x)))
    x = up("bottleneck", pair("bottleneck", pool(x)))
    for name in ("up0", "up1", "up2", "output"):
        x = pair(name, jnp.concatenate((x, crop(skips.pop(), x)), -1))
        if name != "output":
            x = up(name, x)
    return net.conv("output.conv3", x)


def vnet(net, x):
    def act(norm, x):
        return jax.nn.relu(net.batch_norm(norm, x))

    def residual(name, y):
        x = y
        for j in (1, 2, 3):
            x = act(f"{name}.norm{j}", net.conv(f"{name}.conv{j}", x))
        return x + y

    x = act("input.norm", net.conv("input.conv", x)) + x
    skips = [x]
    for name in ("down1", "down2", "down3"):
        x = act(f"{name}.down_norm", net.conv(f"{name}.down", x, (2, 2, 2)))
        skips.append(x := residual(name, x))
    skips.pop()
    for name in ("up1", "up2"):
        x = act(f"{name}.up_norm", net.up(f"{name}.up", x, (2, 2, 2)))
        x = residual(name, jnp.concatenate((x, skips.pop()), -1))
    x = act("output.up_norm", net.up("output.up", x, (2, 2, 2)))
    return net.conv("output.conv", x)


def nnunet(net, x):
    def block(name, x, strides=None):
        for j in (1, 2):
            x = net.conv(f"{name}.conv{j}", x, strides if j == 1 else None)
            x = jax.nn.leaky_relu(net.instance_norm(f"{name}.norm{j}", x), 0.01)
        return x

    # A transposed convolution's kernel is the stride that it undoes.
    levels = sum(f"encoder{i}.conv1.weight" in net.tensors for i in range(8))
    strides = [net.filter(f"decoder{i}.up").shape[: x.ndim - 2] for i in range(levels - 1)]
    skips = [x := block("encoder0", x)]
    for i in range(1, levels):
        skips.append(x := block(f"encoder{i}", x, strides[i - 1]))
    skips.pop()
    for i in reversed(range(levels - 1)):
        x = net.up(f"decoder{i}.up", x, strides[i])
        x = block(f"decoder{i}", jnp.concatenate((x, skips.pop()), -1))
    return net.conv("head", x)


def unet3d(net, x):
    def block(name, x, stride=1):
        for j in (1, 2):
            x = net.conv(f"{name}.conv{j}", x, (stride if j == 1 else 1,) * 3, [(1, 1)] * 3)
            x = jax.nn.relu(net.instance_norm(f"{name}.norm{j}", x, 1e-5))
        return x

    downs = sum(f"down{i}.conv1.weight" in net.tensors for i in range(16))
    skips = [x := block("input", x)]
    for i in range(downs):
        skips.append(x := block(f"down{i}", x, 2))
    x = block("bottleneck", x, 2)
    for i in range(downs + 1):
        x = block(f"up{i}", jnp.concatenate((net.up(f"up{i}.up", x, (2, 2, 2)), skips.pop()), -1))
    return net.conv("output.conv", x)


def make(options, problem):
    # The longer of two names that begin alike comes first.
    forward = next(f for f in (unet3d, unet, vnet, nnunet) if options.network.startswith(f.__name__))
    net, image = Network(problem.weights()), jnp.asarray(problem.image())
    # Weights are constants of the program, as the other peers have them.
    call = jax.jit(lambda x: jax.nn.softmax(forward(net, x), -1))
    return common.Contestant(lambda: call(image).block_until_ready(), lambda result: jax.device_get(result))


if __name__ == "__main__":
    common.main(__doc__, "jax", jax.__version__, make)
