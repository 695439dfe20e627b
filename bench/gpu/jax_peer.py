"""Times training steps and inference in JAX on a GPU:

  jax_peer.py NETWORK --batch N --mode train|predict --precision f32|tf32|f16|bf16 --parameters FILE [--device cuda]

Whole steps under jit, with donated buffers; master weights and losses are f32. Dropout and running averages are left out, which favours JAX. FILE is
models.json of prepare.py, for the shapes of the parameters. Speaks the protocol of peers.py."""
import argparse
import json
import os

import peers

# A process of ours runs beside it.
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"


def platform(device):
    os.environ["JAX_PLATFORMS"] = device


def softmax_sums(jnp, jax, logits, label, axes):
    """Probabilities and labels, one of `classes`, and their sums that Dice takes."""
    p, t = jax.nn.softmax(logits), jax.nn.one_hot(label, logits.shape[-1])
    cross_entropy = -(jax.nn.log_softmax(logits) * t).sum(-1).mean()
    return p, t, (p * t).sum(axes), cross_entropy


def make_loss(network):
    import jax
    import jax.numpy as jnp

    def loss(logits, label):
        pixels = tuple(range(1, logits.ndim - 1))
        axes = (0, *pixels) if network.startswith("nnunet") else pixels
        p, t, intersection, cross_entropy = softmax_sums(jnp, jax, logits, label, axes)
        total = (p * p + t * t if network.startswith("unet64") else p + t).sum(axes)
        dice = (2 * intersection + 1e-6) / (total + 1e-6)
        if network.startswith("vnet"):
            return (1 - dice.mean(0)).sum()
        if network.startswith("nnunet"):
            return (1 - dice[1:]).mean() + cross_entropy
        if network.startswith("unet3d"):
            return ((1 - dice[:, 1:]).mean() + cross_entropy) / 2
        return (1 - dice.mean(0)).mean() + cross_entropy

    return loss


def make_update(network):
    """(slots, update(step, weight, gradient, *slots) -> weight and slots) of one tensor."""
    import jax.numpy as jnp

    def adam(step, w, g, m, v):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        rate = 3e-4 * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        return w - rate * m / (jnp.sqrt(v) + 1e-7), m, v

    def rmsprop(step, w, g, square, mean):
        square, mean = 0.9 * square + 0.1 * g * g, 0.9 * mean + 0.1 * g
        return w - 1e-4 * g / jnp.sqrt(square - mean * mean + 1e-10), square, mean

    def sgd(step, w, g, v):
        v = 0.9 * v + g
        return w - (g + 0.9 * v), v

    if network.startswith("vnet"):
        return 2, rmsprop
    return (1, sgd) if network.startswith("unet3d") else (2, adam)


def make(options):
    platform(options.device)
    import jax
    import jax.numpy as jnp
    import numpy as np

    import jax_bench

    jax.config.update("jax_default_matmul_precision", "highest" if options.precision == "f32" else "tensorfloat32" if options.precision == "tf32" else None)
    narrow = {"f16": jnp.float16, "bf16": jnp.bfloat16}.get(options.precision, jnp.float32)
    with open(options.parameters) as file:
        model = next(m for m in json.load(file)["models"] if m["peer"] == options.network)
    random = np.random.default_rng(0)
    running = {"mean": np.zeros, "variance": np.ones}
    weights = {}
    for name, shape in model["parameters"].items():
        kind = name.rpartition("running_")[2] if "running_" in name else None
        drawn = running[kind](shape) if kind else random.normal(0, 1 / max(1, np.prod(shape[:-1])) ** 0.5, shape)
        weights[name] = jnp.asarray(drawn, jnp.float32)
    image = jnp.asarray(random.normal(size=[options.batch, *model["inputs"][0]["shape"][1:]]), narrow)
    label = jnp.asarray(random.integers(0, model["classes"], [options.batch, *model["inputs"][1]["shape"][1:]]))
    forward = next(f for f in (jax_bench.unet3d, jax_bench.unet, jax_bench.vnet, jax_bench.nnunet) if options.network.startswith(f.__name__))

    class TrainingNetwork(jax_bench.Network):
        def batch_norm(self, name, x):
            axes = tuple(range(x.ndim - 1))
            return self.affine(name, x, x.mean(axes), x.var(axes))

    kind = TrainingNetwork if options.mode == "train" else jax_bench.Network

    def logits(weights):
        net = kind({name: w.astype(narrow) for name, w in weights.items()})
        return forward(net, image).astype(jnp.float32)

    if options.mode == "predict":
        call = jax.jit(lambda weights: jax.nn.softmax(logits(weights)))
        return lambda: call(weights).block_until_ready()

    loss, (slots, update) = make_loss(options.network), make_update(options.network)
    # Gradients of f16 would underflow.
    scale = 1024.0 if options.precision == "f16" else 1.0

    def train(step, weights, state):
        gradients = jax.grad(lambda w: scale * loss(logits(w), label))(weights)
        new = {name: update(step, w, gradients[name] / scale, *state[name]) for name, w in weights.items()}
        return step + 1, {name: value[0] for name, value in new.items()}, {name: value[1:] for name, value in new.items()}

    call = jax.jit(train, donate_argnums=(1, 2))
    held = [jnp.float32(1), weights, {name: tuple(jnp.zeros_like(w) for _ in range(slots)) for name, w in weights.items()}]

    def step():
        held[:] = call(*held)
        held[0].block_until_ready()

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    peers.add_arguments(parser)
    parser.add_argument("--parameters", required=True)
    options = parser.parse_args()
    peers.serve(lambda: make(options))


if __name__ == "__main__":
    main()
