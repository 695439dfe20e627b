# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A results folder of nnU-Net v2 from our plan and our weights.

  nnunet_folder.py PLAN.json MODEL.safetensors FOLDER [--configuration NAME]

FOLDER gets plans.json, dataset.json and fold_0/checkpoint_final.pth, which
nnU-Net's own predictor reads. The heads of the coarser levels, which it builds
and a prediction leaves alone, are 0.
"""

import argparse
import json
import pathlib

import numpy as np
import torch

import safetensors_io

NORMALIZATIONS = {
    "zscore": "ZScoreNormalization",
    "ct": "CTNormalization",
    "nonorm": "NoNormalization",
    "rescale_to_0_1": "RescaleTo01Normalization",
    "rgb_to_0_1": "RGBTo01Normalization",
}
INTENSITIES = ("mean", "median", "std", "min", "max")


def architecture(configuration):
    dims = len(configuration["patch"])
    return {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": len(configuration["filters"]),
            "features_per_stage": configuration["filters"],
            "conv_op": f"torch.nn.modules.conv.Conv{dims}d",
            "kernel_sizes": configuration["kernels"],
            "strides": configuration["strides"],
            "n_conv_per_stage": configuration["encoder_blocks"],
            "n_conv_per_stage_decoder": configuration["decoder_blocks"],
            "conv_bias": True,
            "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dims}d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }


def resampling(order):
    """As the planner writes it; labels are those of the nearest order 1."""
    return {"is_seg": order == 1, "order": order, "order_z": 0, "force_separate_z": None}


def plans_of(plan, name):
    """The plans.json of one configuration of a plan by the rules of v2."""
    ours = plan["configurations"][name]
    if plan["rules"] != "v2" or ours["residual_encoder"] or "regions" in plan or "ignore_label" in plan:
        raise ValueError("expected a plan by the rules of v2 of a plain network, without regions and an ignore label")
    configuration = {
        "data_identifier": f"nnUNetPlans_{name}",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": ours["batch"],
        "patch_size": ours["patch"],
        "median_image_size_in_voxels": ours["median_shape"],
        "spacing": ours["spacing"],
        "normalization_schemes": [NORMALIZATIONS[scheme] for scheme in ours["normalization"]],
        "use_mask_for_norm": ours["use_mask"],
        "architecture": architecture(ours),
        "batch_dice": ours["batch_dice"],
    }
    for what, order in (("data", 3), ("seg", 1), ("probabilities", 1)):
        configuration[f"resampling_fn_{what}"] = "resample_data_or_seg_to_shape"
        configuration[f"resampling_fn_{what}_kwargs"] = {**resampling(order), "is_seg": what == "seg"}
    intensities = {
        str(channel): {
            **{key: values[key] for key in INTENSITIES},
            "percentile_00_5": values["lower_clip"],
            "percentile_99_5": values["upper_clip"],
        }
        for channel, values in enumerate(plan["intensities"])
    }
    order = plan["transpose"]
    return {
        "dataset_name": f"Dataset001_{plan['dataset']}",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [1.0, 1.0, 1.0],
        "original_median_shape_after_transp": [1, 1, 1],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": order,
        "transpose_backward": [order.index(axis) for axis in range(3)],
        "configurations": {name: configuration},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": intensities,
    }


def torch_weights(tensors, strides):
    """Our tensors by the names of PlainConvUNet; filters [k..., in, out] become [out, in, k...], transposed ones [in, out, k...]."""
    levels, result = len(strides), {}

    def put(name, values):
        result[name] = torch.from_numpy(np.array(values, order="C"))

    def block(ours, name, number):
        parts = ("conv", "all_modules.0"), ("norm", "all_modules.1")
        weight = tensors[f"{ours}.conv{number + 1}.weight"]
        for part in parts[0]:
            put(f"{name}.convs.{number}.{part}.weight", np.moveaxis(weight, (-1, -2), (0, 1)))
            put(f"{name}.convs.{number}.{part}.bias", tensors[f"{ours}.conv{number + 1}.bias"])
        for part in parts[1]:
            put(f"{name}.convs.{number}.{part}.weight", tensors[f"{ours}.norm{number + 1}.gamma"])
            put(f"{name}.convs.{number}.{part}.bias", tensors[f"{ours}.norm{number + 1}.beta"])

    def blocks(ours, name):
        count = sum(key.startswith(f"{ours}.conv") and key.endswith(".weight") for key in tensors)
        for number in range(count):
            block(ours, name, number)

    for level in range(levels):
        blocks(f"encoder{level}", f"encoder.stages.{level}.0")
    for stage, level in enumerate(range(levels - 2, -1, -1)):
        up = tensors[f"decoder{level}.up.weight"]
        put(f"decoder.transpconvs.{stage}.weight", np.moveaxis(up, (-2, -1), (0, 1)))
        put(f"decoder.transpconvs.{stage}.bias", tensors[f"decoder{level}.up.bias"])
        blocks(f"decoder{level}", f"decoder.stages.{stage}")
    head = np.moveaxis(tensors["head.weight"], (-1, -2), (0, 1))
    put(f"decoder.seg_layers.{levels - 2}.weight", head)
    put(f"decoder.seg_layers.{levels - 2}.bias", tensors["head.bias"])
    return result


def complete(weights, plans, name, classes):
    """All tensors that the network asks for, each of the shape that it has there."""
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

    network = plans["configurations"][name]["architecture"]
    imports = network["_kw_requires_import"]
    channels = len(plans["foreground_intensity_properties_per_channel"])
    built = get_network_from_plans(network["network_class_name"], network["arch_kwargs"], imports, channels, classes, deep_supervision=False)
    wanted = built.state_dict()
    result = {key: weights.pop(key.replace("decoder.encoder.", "encoder."), None) for key in wanted if not key.startswith("decoder.encoder.")}
    for key, value in wanted.items():
        if key.startswith("decoder.encoder."):
            result[key] = result[key.replace("decoder.encoder.", "encoder.")]
        elif result[key] is None and key.startswith("decoder.seg_layers."):
            result[key] = torch.zeros_like(value)
        if result[key] is None or result[key].shape != value.shape:
            found = "nothing" if result[key] is None else list(result[key].shape)
            raise ValueError(f"{key}: expected {list(value.shape)}, got {found}")
    if weights:
        raise ValueError(f"tensors that nnU-Net's network lacks: {', '.join(weights)}")
    return result


def write(plan, checkpoint, folder, name, ending=".nii.gz"):
    plans, classes = plans_of(plan, name), plan["class_names"]
    tensors = safetensors_io.load(checkpoint)
    weights = torch_weights(tensors, plan["configurations"][name]["strides"])
    dataset = {
        "channel_names": dict(enumerate(plan["channel_names"])),
        "labels": {label: value for value, label in enumerate(classes)},
        "numTraining": 0,
        "file_ending": ending,
    }
    saved = {
        "network_weights": complete(weights, plans, name, len(classes)),
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": name},
        "inference_allowed_mirroring_axes": tuple(range(len(plan["configurations"][name]["patch"]))),
    }
    (folder / "fold_0").mkdir(parents=True, exist_ok=True)
    (folder / "plans.json").write_text(json.dumps(plans, indent=1))
    (folder / "dataset.json").write_text(json.dumps(dataset, indent=1))
    torch.save(saved, folder / "fold_0" / "checkpoint_final.pth")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("plan", "checkpoint", "folder"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--configuration", default="3d_fullres")
    options = parser.parse_args()
    write(json.loads(options.plan.read_text()), options.checkpoint, options.folder, options.configuration)


if __name__ == "__main__":
    main()
