// `segc model` writes the files in models/ and says what is wrong with an option.

// RUN: segc model unet2d -o %t.mlir && diff %t.mlir %S/../../models/unet2d.mlir
// RUN: segc model nnunet --task 04 --dim 2 -o %t.mlir && diff %t.mlir %S/../../models/nnunet_04_2d.mlir

// RUN: not segc model unet2d --size 570 -o %t.mlir 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: unet2d: size: expected 188 plus a multiple of 16, got 570

// RUN: not segc model vnet --convolution-size 4 -o %t.mlir 2>&1 | FileCheck %s --check-prefix=KERNEL
// KERNEL: vnet: convolution-size: expected 3 or 5, got 4

// RUN: not segc model resnet -o %t.mlir 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: network: expected unet2d, vnet, nnunet, unet3d, got 'resnet'
