# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the renderings against plain loops, published tables and nnU-Net v2's own networks."""

import itertools
import json
import os
import tempfile
import unittest

import numpy as np
import torch

import compare
import networks
import record
import record_v2
import safetensors_io

try:
    from dynamic_network_architectures.architectures import unet as architectures
except ImportError:
    architectures = None


class Layers(unittest.TestCase):
    def test_same_padding_is_one_sided_on_stride_two(self):
        self.assertEqual(networks.same_padding(8, 3, 2), (0, 1))
        self.assertEqual(networks.same_padding(7, 3, 2), (1, 1))
        self.assertEqual(networks.same_padding(8, 3, 1), (1, 1))
        self.assertEqual(networks.same_padding(8, 2, 2), (0, 0))

    def test_convolution_in_the_file_layout(self):
        """out[o] = sum_k in[s*o + k - before] * w[k, in, out] + bias"""
        for stride in (1, 2):
            layer = networks.Convolution(2, 3, (3, 3), (stride, stride)).double()
            random = np.random.default_rng(0)
            w, b, x = random.normal(size=(3, 3, 2, 3)), random.normal(size=3), random.normal(size=(6, 4, 2))
            with torch.no_grad():
                layer.weight.copy_(networks.from_file(layer, w))
                layer.bias.copy_(torch.from_numpy(b))
                got = layer(torch.from_numpy(x).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
            np.testing.assert_array_equal(networks.to_file(layer, layer.weight), w)
            pads = [networks.same_padding(n, 3, stride) for n in (6, 4)]
            padded = np.pad(x, [*pads, (0, 0)])
            for i, j in np.ndindex(got.shape[:2]):
                window = padded[i * stride : i * stride + 3, j * stride : j * stride + 3]
                np.testing.assert_allclose(got[i, j], np.tensordot(window, w, 3) + b, rtol=1e-12)

    def test_transposed_convolution_in_the_file_layout(self):
        """out[2i + k] += in[i] * w[k], cut to 2n"""
        for k in (2, 3):
            layer = networks.TransposedConvolution(2, 3, (k, k), (2, 2)).double()
            random = np.random.default_rng(1)
            w, b, x = random.normal(size=(k, k, 2, 3)), random.normal(size=3), random.normal(size=(4, 3, 2))
            with torch.no_grad():
                layer.weight.copy_(networks.from_file(layer, w))
                layer.bias.copy_(torch.from_numpy(b))
                got = layer(torch.from_numpy(x).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
            np.testing.assert_array_equal(networks.to_file(layer, layer.weight), w)
            full = np.zeros((9, 7, 3))
            for i, j, u, v in itertools.product(range(4), range(3), range(k), range(k)):
                full[2 * i + u, 2 * j + v] += x[i, j] @ w[u, v]
            np.testing.assert_allclose(got, full[:8, :6] + b, rtol=1e-12)

    def test_batch_norm_averages_the_population_variance(self):
        layer, x = networks.BatchNorm(2).double().train(), torch.randn(2, 2, 3, 3, dtype=torch.float64)
        layer(x)
        variance = x.var((0, 2, 3), unbiased=False)
        torch.testing.assert_close(layer.running_variance, 0.99 + 0.01 * variance)
        torch.testing.assert_close(layer.running_mean, 0.01 * x.mean((0, 2, 3)))


class Topology(unittest.TestCase):
    def strides(self, patch, spacing):
        kernels, strides = networks.nnunet_topology(patch, spacing)
        return ["".join(map(str, k)) for k in kernels], ["".join(map(str, s)) for s in strides]

    def test_published_table(self):
        cases = [
            ((128, 128, 128), (1, 1, 1), ["333"] * 6, ["111"] + ["222"] * 5),
            ((80, 192, 160), (1.37, 1.25, 1.25), ["333"] * 6, ["111"] + ["222"] * 4 + ["122"]),
            ((40, 56, 40), (1, 1, 1), ["333"] * 4, ["111"] + ["222"] * 3),
            ((20, 320, 256), (3.6, 0.62, 0.62), ["133"] * 2 + ["333"] * 4, "111 122 122 222 222 122".split()),
            ((40, 224, 224), (2.5, 0.8, 0.8), ["133"] + ["333"] * 5, "111 122 222 222 222 122".split()),
            ((64, 192, 160), (1.6, 0.79, 0.79), ["133"] + ["333"] * 5, "111 122 222 222 222 222".split()),
            ((192, 160), (1, 1), ["33"] * 6, ["11"] + ["22"] * 5),
            ((56, 40), (1, 1), ["33"] * 4, ["11"] + ["22"] * 3),
        ]
        for patch, spacing, kernels, strides in cases:
            with self.subTest(patch=patch):
                self.assertEqual(self.strides(patch, spacing), (kernels, strides))

    def test_parameter_counts_and_heads(self):
        for name, (count, _) in networks.EXPECTED.items():
            with torch.device("meta"):
                model = networks.build(name)
            self.assertEqual(sum(p.numel() for p in model.parameters()), count, name)
        for name, heads in (("nnunet01_3d", 776), ("nnunet04_3d", 582), ("nnunet04_2d", 582)):
            with torch.device("meta"):
                model = networks.build(name, deep_supervision=True)
            self.assertEqual(sum(p.numel() for p in model.parameters()), networks.EXPECTED[name][0] + heads)


class Optimizers(unittest.TestCase):
    def assert_steps_agree(self, model, ours, twin, theirs):
        """Takes three steps of both optimizers with the same random gradients."""
        for _ in range(3):
            for p, q in zip(model.parameters(), twin.parameters()):
                p.grad = torch.randn_like(p)
                q.grad = p.grad.clone()
            ours.step()
            theirs.step()
        for p, q in zip(model.parameters(), twin.parameters()):
            torch.testing.assert_close(p, q)

    def test_adam_agrees_with_torch_for_a_tiny_epsilon(self):
        torch.manual_seed(0)
        model = networks.NNUNet((8, 8), (1, 1), 1, 2).double()
        networks.load(model, networks.initial_weights(model, 1))
        twin = networks.NNUNet((8, 8), (1, 1), 1, 2).double()
        networks.load(twin, networks.initial_weights(model, 1))
        groups = [
            {"params": [p for n, p in twin.named_parameters() if twin.decays(n) == decays], "weight_decay": wd}
            for decays, wd in ((True, 1e-4), (False, 0.0))
        ]
        ours, theirs = networks.Adam(model, 1e-3, 1e-4, epsilon=1e-30), torch.optim.Adam(groups, 1e-3, eps=1e-30)
        self.assert_steps_agree(model, ours, twin, theirs)

    def test_nesterov_agrees_with_torch(self):
        torch.manual_seed(0)
        model, twin = (networks.build("unet3d_small").double() for _ in range(2))
        for each in (model, twin):
            networks.load(each, networks.initial_weights(model, 1))
        ours = networks.NesterovSGD(model, 1e-2)
        theirs = torch.optim.SGD(twin.parameters(), 1e-2, momentum=0.9, nesterov=True)
        self.assert_steps_agree(model, ours, twin, theirs)

    def test_rmsprop_first_step(self):
        model = networks.VNet().double()
        networks.load(model, networks.initial_weights(model, 1))
        optimizer, before = networks.CentredRMSProp(model, 0.1), [p.detach().clone() for p in model.parameters()]
        for p in model.parameters():
            p.grad = torch.full_like(p, 0.5)
        optimizer.step()
        expected = 0.1 * 0.5 / (0.9 + 0.1 * 0.25 - 0.05**2 + 1e-10) ** 0.5
        for p, q in zip(model.parameters(), before):
            torch.testing.assert_close(q - p.detach(), torch.full_like(p, expected))


class Losses(unittest.TestCase):
    def test_deep_supervision_weights_sum_to_14_15(self):
        model = networks.NNUNet((32, 32), (1, 1), 1, 2, deep_supervision=True)
        label = torch.zeros(2, 32, 32, dtype=torch.int32)
        logits = torch.randn(2, 2, 1, 1).expand(2, 2, 32, 32)  # constant: equal at every resolution
        heads = [logits, logits[..., :16, :16], logits[..., :8, :8]]
        single = model.loss([logits], label)["loss"]
        torch.testing.assert_close(model.loss(heads, label)["loss"], single * 14 / 15)

    def test_unet3d_is_half_of_dice_by_sample_and_cross_entropy(self):
        model, torch_logits = networks.UNet3D((2, 2, 2), (1,)), torch.zeros(2, 3, 2, 2, 2)
        label = torch.zeros(2, 2, 2, 2, dtype=torch.int32)
        label[0, 0, 0, 0], label[1, 0] = 1, 2
        # Equal probabilities: of 8 voxels 1 of class 1, then 4 of class 2.
        dice = [[(2 / 3) / (8 / 3 + 1), 0], [0, (8 / 3) / (8 / 3 + 4)]]
        expected = (1 - np.mean(dice) + np.log(3)) / 2
        self.assertAlmostEqual(model.loss([torch_logits], label)["loss"].item(), expected, places=5)

    def test_perfect_prediction(self):
        for name, rest in (("unet16", 0.0), ("vnet", 0.0), ("nnunet04_2d", 0.0), ("unet3d_small", 0.0)):
            model = networks.build(name)
            label = torch.randint(0, model.classes, (2, *model.label_shape))
            logits = networks.one_hot(label, model.classes, torch.zeros(1)) * 100
            self.assertAlmostEqual(model.loss([logits], label)["loss"].item(), rest, places=5)


class V2(unittest.TestCase):
    """Networks of nnU-Net v2 against those of the package that it builds them with."""

    def published(self, plan, configuration):
        chosen = plan["configurations"][configuration]
        dims, levels = len(chosen["patch"]), len(chosen["filters"])
        residual = chosen["residual_encoder"]
        kind = architectures.ResidualEncoderUNet if residual else architectures.PlainConvUNet
        return kind(
            input_channels=len(plan["channel_names"]),
            n_stages=levels,
            features_per_stage=chosen["filters"],
            conv_op=(torch.nn.Conv2d, torch.nn.Conv3d)[dims - 2],
            kernel_sizes=chosen["kernels"],
            strides=chosen["strides"],
            num_classes=len(plan["class_names"]),
            n_conv_per_stage_decoder=chosen["decoder_blocks"][::-1],
            conv_bias=True,
            norm_op=(torch.nn.InstanceNorm2d, torch.nn.InstanceNorm3d)[dims - 2],
            norm_op_kwargs={"eps": 1e-5, "affine": True},
            nonlin=torch.nn.LeakyReLU,
            **{"n_blocks_per_stage" if residual else "n_conv_per_stage": chosen["encoder_blocks"]},
        )

    @unittest.skipUnless(architectures, "needs dynamic-network-architectures")
    def test_logits_are_those_of_the_published_networks(self):
        with open(os.path.join(os.path.dirname(__file__), "plans", "small.json"), encoding="utf-8") as file:
            plan = json.load(file)
        for configuration in plan["configurations"]:
            ours, theirs = networks.NNUNetV2(plan, configuration).double(), self.published(plan, configuration).double()
            networks.load(ours, record_v2.initial_weights(ours))
            image, _ = record_v2.batch(ours, 0)
            # The lower heads serve deep supervision alone.
            head = list(theirs.decoder.seg_layers[-1].parameters())
            others = [p for n, p in theirs.named_parameters() if "seg_layers" not in n]
            lower = 2 * len(ours.lower)
            self.assertEqual(len(others) + len(head) + lower, len(list(ours.parameters())))
            self.assign(ours, theirs, head)
            with torch.no_grad():
                torch.testing.assert_close(ours(image)[0], theirs(image), rtol=1e-12, atol=1e-12)

    def test_heads_weigh_as_in_nnunet(self):
        """Weights 1, 1/2, .. of which the last is 0, divided by their sum; a constant is the same at each level."""
        model = networks.small_plan("3d_plain")
        label = torch.zeros(2, *model.label_shape, dtype=torch.int64)
        logits = torch.randn(2, 3, 1, 1, 1).expand(2, 3, *model.label_shape)
        single = model.loss([logits], label)["loss"]
        heads = [logits, logits[:, :, :, ::2, ::2]]
        self.assertEqual(list(model.lower), [1])
        torch.testing.assert_close(model.loss(heads, label)["loss"], single)
        weights = np.array([1 / 2**i for i in range(model.levels - 1)])
        weights[-1] = 0
        weights /= weights.sum()
        label = torch.randint(0, 3, label.shape)
        coarse = torch.nn.functional.interpolate(label[:, None].float(), (8, 8, 8), mode="nearest-exact")[:, 0]
        self.assertTrue(torch.equal(coarse, label[:, :, 1::2, 1::2].float()))
        expected = weights[0] * sum(model.head_loss(heads[0], label)) + weights[1] * sum(model.head_loss(heads[1], coarse))
        torch.testing.assert_close(model.loss(heads, label)["loss"], expected.float())

    @torch.no_grad()
    def assign(self, ours, theirs, head):
        """Copies parameters into the published network, module by module."""

        def copy(mine, conv, norm=None):
            conv.weight.copy_(mine[0].weight)
            if mine[0].bias is not None:
                conv.bias.copy_(mine[0].bias)
            if norm is not None:
                norm.weight.copy_(mine[1].gamma)
                norm.bias.copy_(mine[1].beta)

        def pair(block, suffix, unit):
            copy((block.get_submodule(f"conv{suffix}"), block.get_submodule(f"norm{suffix}")), unit.conv, unit.norm)

        if ours.residual:
            pair(ours.stem, 1, theirs.encoder.stem.convs[0])
        for level, stage in enumerate(theirs.encoder.stages):
            block = ours.get_submodule(f"encoder{level}")
            if not ours.residual:
                for j, unit in enumerate(stage[0].convs, 1):
                    pair(block, j, unit)
                continue
            for mine, unit in zip(block.children(), stage.blocks):
                pair(mine, 1, unit.conv1)
                pair(mine, 2, unit.conv2)
                if hasattr(mine, "skip_conv"):
                    copy((mine.skip_conv, mine.skip_norm), unit.skip[-1].conv, unit.skip[-1].norm)
        for s, (up, stage) in enumerate(zip(theirs.decoder.transpconvs, theirs.decoder.stages)):
            block = ours.get_submodule(f"decoder{ours.levels - 2 - s}")
            copy((block.up,), up)
            for j, unit in enumerate(stage.convs, 1):
                pair(block, j, unit)
        for value, mine in zip(head, (ours.head.weight, ours.head.bias)):
            value.copy_(mine)


class Recording(unittest.TestCase):
    def test_names_are_in_order_of_use(self):
        with torch.device("meta"):
            names = [name for name, _ in networks.build("vnet").named_parameters()]
        self.assertEqual(names[:4], ["input.conv.weight", "input.conv.bias", "input.norm.gamma", "input.norm.beta"])
        self.assertEqual(names[-2:], ["output.conv.weight", "output.conv.bias"])

    def test_batches_repeat(self):
        model = networks.build("vnet")
        first, second = record.make_batch(model, 2, 7), record.make_batch(model, 2, 7)
        np.testing.assert_array_equal(first[0], second[0])
        self.assertEqual(set(np.unique(first[1])), {0, 1, 2})

    def test_safetensors_round_trip(self):
        tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1, 2], np.int32)}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.safetensors")
            safetensors_io.save(path, tensors)
            for name, array in safetensors_io.load(path).items():
                np.testing.assert_array_equal(array, tensors[name])

    def test_log_lines(self):
        text = 'DLLL {"type": "LOG", "step": [1, 2], "data": {"train_loss": 1.5}}\nstep 3\n{"step": 3, "loss": 0.5}\n'
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "train.jsonl")
            with open(path, "w") as file:
                file.write(text)
            self.assertEqual(compare.read_log(path, compare.LOSS_KEYS), {2: 1.5, 3: 0.5})


if __name__ == "__main__":
    unittest.main()
