// The files in models/ parse, verify, and print to what parses again.

// RUN: segc-opt %S/../../models/unet2d.mlir | segc-opt | FileCheck %s --check-prefix=UNET
// RUN: segc-opt %S/../../models/vnet.mlir | segc-opt | FileCheck %s --check-prefix=VNET
// RUN: segc-opt %S/../../models/nnunet_04_3d.mlir | segc-opt | FileCheck %s --check-prefix=NNUNET3D
// RUN: segc-opt %S/../../models/nnunet_04_2d.mlir | segc-opt | FileCheck %s --check-prefix=NNUNET2D
// RUN: segc-opt %S/../../models/unet3d.mlir | segc-opt | FileCheck %s --check-prefix=UNET3D

// UNET-LABEL: seg.network @unet2d format 1 classes 2
// UNET-SAME: kind = "adam"
// UNET-SAME: weight_decay = 5.000000e-04
// UNET-SAME: pipeline {class_names = ["membrane", "background"], kind = "isbi"
// UNET-SAME: output = [388, 388], pad_to = [572, 572], resize = [388, 388]
// UNET: seg.network_dropout {{.*}} rate 5.000000e-01 : tensor<1x28x28x1024xf32>
// UNET: seg.output {{.*}} : tensor<1x388x388x2xf32>
// UNET: objective ["loss", "ce_loss", "dice_loss", "dice"]
// UNET: seg.dice {{.*}} squared smooth

// VNET-LABEL: seg.network @vnet format 1 classes 3
// VNET-SAME: kind = "rmsprop"
// VNET-SAME: class_names = ["background", "anterior", "posterior"], input_shape = [32, 32, 32], kind = "decathlon"
// VNET: seg.state "input.norm.running_mean"
// VNET: seg.output {{.*}} : tensor<2x32x32x32x3xf32>
// VNET: objective ["loss", "dice"]
// VNET: seg.dice {{.*}} sum_classes smooth

// NNUNET3D-LABEL: seg.network @nnunet_04_3d format 1 classes 3
// NNUNET3D-SAME: dim = 3 : i64, kind = "nnunet", modality = "MRI", patch = [40, 56, 40]
// NNUNET3D: seg.norm instance
// NNUNET3D: seg.output {{.*}} : tensor<2x40x56x40x3xf32>
// NNUNET3D: objective ["loss", "dice_loss", "ce_loss", "dice"]
// NNUNET3D: seg.dice {{.*}} batch_reduce exclude_background smooth

// NNUNET2D-LABEL: seg.network @nnunet_04_2d format 1 classes 3
// NNUNET2D-SAME: dim = 2 : i64, kind = "nnunet", modality = "MRI", patch = [56, 40]
// NNUNET2D: seg.output {{.*}} : tensor<2x56x40x3xf32>

// UNET3D-LABEL: seg.network @unet3d format 1 classes 3
// UNET3D-SAME: kind = "sgd", learning_rate = 1.000000e+00 : f64, momentum = 9.000000e-01 : f64, nesterov = true
// UNET3D-SAME: class_names = ["background", "kidney", "tumor"], clip = [-7.900000e+01, 3.040000e+02]
// UNET3D-SAME: kind = "kits19"
// UNET3D: seg.norm instance {{.*}} epsilon 1.000000e-05
// UNET3D: seg.output {{.*}} : tensor<2x128x128x128x3xf32>
// UNET3D: objective ["loss", "dice_loss", "ce_loss", "dice"]
// UNET3D: seg.dice {{.*}} exclude_background smooth
// UNET3D: seg.scale {{.*}} 5.000000e-01
