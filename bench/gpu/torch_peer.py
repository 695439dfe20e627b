"""Times training steps and inference in PyTorch on a GPU, in the forms that are fastest there:

  torch_peer.py NETWORK --batch N --mode train|predict --precision f32|tf32|f16|bf16 --variant graph|compile [--device cuda]

Channels last, 16 bits through autocast. `graph` records whole steps as a CUDA graph, `compile` is torch.compile(mode="max-autotune"), which records
its own. The loss scale of f16 stays as it is, and no step looks for values that are not finite. Speaks the protocol of peers.py."""
import argparse
import contextlib

import torch
from torch.nn import functional as F

import peers
import networks
import problem
import torch_bench

TYPES = {"f16": torch.float16, "bf16": torch.bfloat16}
LOSS_SCALE = {"f16": 1024.0}


def recordable(optimizer):
    """The optimizer with its step counters on the GPU, so that its steps can be recorded."""
    for group in optimizer.param_groups:
        if "capturable" in group:
            group["capturable"] = True
    return optimizer


def recorded(step):
    """The step as a graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def make(options):
    tf32 = options.precision != "f32"
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    device, training = torch.device(options.device), options.mode == "train"
    model = problem.build(options.network)
    problem.load(model, options.network, problem.make_weights(model, seed=0))
    if isinstance(model, networks.UNet2D):
        model.dropout = 0.5
    memory = torch.channels_last if model.dims == 2 else torch.channels_last_3d
    model = model.to(device).to(memory_format=memory).train(training)
    image = torch.randn(options.batch, model.in_channels, *model.image_shape, device=device).to(memory_format=memory)
    label = torch.randint(model.classes, (options.batch, *model.label_shape), device=device)
    call = torch.compile(model, mode="max-autotune") if options.variant == "compile" else model

    def narrow():
        if options.precision not in TYPES:
            return contextlib.nullcontext()
        return torch.autocast(device.type, TYPES[options.precision], cache_enabled=options.variant != "graph")

    if training:
        optimizer, scale = torch_bench.make_optimizer(model), LOSS_SCALE.get(options.precision, 1.0)
        if device.type == "cuda":
            recordable(optimizer)

        def step():
            optimizer.zero_grad(set_to_none=True)
            with narrow():
                outputs = call(image)
            loss = model.loss([output.float() for output in outputs], label)["loss"]
            (loss * scale).backward()
            if scale != 1:
                torch._foreach_div_([p.grad for p in model.parameters()], scale)
            optimizer.step()

    else:

        @torch.no_grad()
        def step():
            with narrow():
                outputs = call(image)
            return F.softmax(outputs[0].float(), 1)

    records = options.variant == "graph" and device.type == "cuda"
    return recorded(step) if records else step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    peers.add_arguments(parser)
    parser.add_argument("--variant", choices=("graph", "compile"), required=True)
    options = parser.parse_args()
    peers.serve(lambda: make(options), torch.cuda.synchronize if options.device == "cuda" else lambda: None)


if __name__ == "__main__":
    main()
