# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times training steps and inference in PyTorch: common.py's command line.

  torch_bench.py NETWORK --batch N [--mode train|predict]
                 [--layout contiguous|channels_last] [--compile]

The peer is given its best form: fused or batched optimisers and symmetric
padding in nnU-Net (no separate pad kernel; networks.mirror says why it computes
the same). A training step is zero_grad, forward, loss, backward and optimiser;
dropout is on in U-Net. Inference ends with the softmax, without recording.
"""

import torch
from torch.nn import functional as F

import common
import networks
import problem as problems


def make_optimizer(model):
    if isinstance(model, networks.VNet):
        return torch.optim.RMSprop(
            model.parameters(), model.learning_rate, alpha=0.9, eps=1e-10, centered=True, foreach=True
        )
    if isinstance(model, networks.UNet3D):
        return torch.optim.SGD(model.parameters(), model.learning_rate, momentum=0.9, nesterov=True, fused=True)
    decayed = [p for name, p in model.named_parameters() if model.decays(name)]
    rest = [p for name, p in model.named_parameters() if not model.decays(name)]
    groups = [{"params": decayed, "weight_decay": model.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.Adam([g for g in groups if g["params"]], model.learning_rate, eps=1e-7, fused=True)


def make(options, problem, wrap=lambda model: model):
    """`wrap` is what several processes put around the network."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    name, training = options.network, options.mode == "train"
    model = problems.build(name)
    if isinstance(model, networks.UNet2D):
        model.dropout = 0.5
    problems.load(model, name, problem.weights())
    image = torch.from_numpy(common.channels_first(name, problem.image()))
    if options.layout == "channels_last":
        memory = torch.channels_last if model.dims == 2 else torch.channels_last_3d
        model, image = model.to(memory_format=memory), image.to(memory_format=memory)
    model.train(training)
    call = wrap(model)
    if options.compile:
        call = torch.compile(call)
    if not training:

        @torch.inference_mode()
        def predict():
            return F.softmax(call(image)[0], 1)

        return common.Contestant(predict, lambda result: common.channels_last(name, result.numpy()))

    # The label keeps its orientation: time does not depend on its values.
    label, optimizer = torch.from_numpy(problem.label().copy()), make_optimizer(model)

    def train():
        optimizer.zero_grad(set_to_none=True)
        model.loss(call(image), label)["loss"].backward()
        optimizer.step()

    return common.Contestant(train)


def add_arguments(parser):
    parser.add_argument("--compile", action="store_true", help="through torch.compile (needs a C++ compiler)")


if __name__ == "__main__":
    layouts, modes = ("contiguous", "channels_last"), ("train", "predict")
    common.main(__doc__, "torch", torch.__version__, make, layouts, modes, add_arguments=add_arguments)
