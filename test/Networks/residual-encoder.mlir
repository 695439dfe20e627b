// RUN: segc verify %s --cpu x86-64-v3 | FileCheck %s
// RUN: segc verify %s --cpu native --precision f16 | FileCheck %s
// CHECK: _avg_pool {{.*}} ok
// CHECK: _avg_pool_grad {{.*}} ok
// CHECK: {{[1-9][0-9]*}} kernels checked, 0 skipped, 0 FAILED

// Its loss falls from 1.50 to 1.08.
// RUN: rm -rf %t && mkdir %t && segc compile %s --cpu native -O1 -o %t/model.so
// RUN: segrun train --model %t/model.so --data %segc_source/data/Task04_Hippocampus --results %t/results --max-steps 30 --log-every 1 --momentum 0.9
// RUN: FileCheck %s --input-file %t/results/train.jsonl --check-prefix=TRAIN
// TRAIN: "step":1,{{.*}}"train_total_loss":1.5
// TRAIN: "step":30,{{.*}}"train_total_loss":{{1\.[01]|0\.}}

// A small residual encoder, as nnU-Net's: a strided block averages on the way
// around its convolutions, projects to its width, adds, then activates. One
// stage has a stride in two of three dimensions.

seg.network @residual_encoder format 1 classes 3
    optimizer {kind = "sgd", learning_rate = 1.0e-2, momentum = 9.9e-1, nesterov = true, weight_decay = 3.0e-5}
    pipeline {kind = "decathlon", input_shape = [8, 8, 16], class_names = ["background", "anterior", "posterior"]} forward {
^bb0(%image: tensor<2x8x8x16x1xf32>):
  %stem_conv_weight = seg.param "stem.conv.weight" he_normal 0.01 decay : tensor<3x3x3x1x4xf32>
  %stem_conv_bias = seg.param "stem.conv.bias" constant 0.0 decay : tensor<4xf32>
  %stem_conv = seg.conv %image, %stem_conv_weight bias %stem_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x8x8x16x1xf32>, tensor<3x3x3x1x4xf32>, tensor<4xf32>) -> tensor<2x8x8x16x4xf32>
  %stem_norm_gamma = seg.param "stem.norm.gamma" constant 1.0 decay : tensor<4xf32>
  %stem_norm_beta = seg.param "stem.norm.beta" constant 0.0 decay : tensor<4xf32>
  %stem_norm, %stem_norm_mean, %stem_norm_rstd = seg.norm instance %stem_conv, %stem_norm_gamma, %stem_norm_beta epsilon 1.0e-5 : (tensor<2x8x8x16x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x8x8x16x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>)
  %stem_relu = seg.leaky_relu %stem_norm slope 0.01 : tensor<2x8x8x16x4xf32>
  %stage0_block0_conv1_conv_weight = seg.param "stage0.block0.conv1.conv.weight" he_normal 0.01 decay : tensor<3x3x3x4x4xf32>
  %stage0_block0_conv1_conv_bias = seg.param "stage0.block0.conv1.conv.bias" constant 0.0 decay : tensor<4xf32>
  %stage0_block0_conv1_conv = seg.conv %stem_relu, %stage0_block0_conv1_conv_weight bias %stage0_block0_conv1_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x8x8x16x4xf32>, tensor<3x3x3x4x4xf32>, tensor<4xf32>) -> tensor<2x8x8x16x4xf32>
  %stage0_block0_conv1_norm_gamma = seg.param "stage0.block0.conv1.norm.gamma" constant 1.0 decay : tensor<4xf32>
  %stage0_block0_conv1_norm_beta = seg.param "stage0.block0.conv1.norm.beta" constant 0.0 decay : tensor<4xf32>
  %stage0_block0_conv1_norm, %stage0_block0_conv1_norm_mean, %stage0_block0_conv1_norm_rstd = seg.norm instance %stage0_block0_conv1_conv, %stage0_block0_conv1_norm_gamma, %stage0_block0_conv1_norm_beta epsilon 1.0e-5 : (tensor<2x8x8x16x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x8x8x16x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>)
  %stage0_block0_conv1_relu = seg.leaky_relu %stage0_block0_conv1_norm slope 0.01 : tensor<2x8x8x16x4xf32>
  %stage0_block0_conv2_conv_weight = seg.param "stage0.block0.conv2.conv.weight" he_normal 0.01 decay : tensor<3x3x3x4x4xf32>
  %stage0_block0_conv2_conv_bias = seg.param "stage0.block0.conv2.conv.bias" constant 0.0 decay : tensor<4xf32>
  %stage0_block0_conv2_conv = seg.conv %stage0_block0_conv1_relu, %stage0_block0_conv2_conv_weight bias %stage0_block0_conv2_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x8x8x16x4xf32>, tensor<3x3x3x4x4xf32>, tensor<4xf32>) -> tensor<2x8x8x16x4xf32>
  %stage0_block0_conv2_norm_gamma = seg.param "stage0.block0.conv2.norm.gamma" constant 1.0 decay : tensor<4xf32>
  %stage0_block0_conv2_norm_beta = seg.param "stage0.block0.conv2.norm.beta" constant 0.0 decay : tensor<4xf32>
  %stage0_block0_conv2_norm, %stage0_block0_conv2_norm_mean, %stage0_block0_conv2_norm_rstd = seg.norm instance %stage0_block0_conv2_conv, %stage0_block0_conv2_norm_gamma, %stage0_block0_conv2_norm_beta epsilon 1.0e-5 : (tensor<2x8x8x16x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x8x8x16x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>)
  %stage0_block0_add = seg.add %stage0_block0_conv2_norm, %stem_relu : (tensor<2x8x8x16x4xf32>, tensor<2x8x8x16x4xf32>) -> tensor<2x8x8x16x4xf32>
  %stage0_block0_relu = seg.leaky_relu %stage0_block0_add slope 0.01 : tensor<2x8x8x16x4xf32>
  %stage1_block0_conv1_conv_weight = seg.param "stage1.block0.conv1.conv.weight" he_normal 0.01 decay : tensor<3x3x3x4x6xf32>
  %stage1_block0_conv1_conv_bias = seg.param "stage1.block0.conv1.conv.bias" constant 0.0 decay : tensor<6xf32>
  %stage1_block0_conv1_conv = seg.conv %stage0_block0_relu, %stage1_block0_conv1_conv_weight bias %stage1_block0_conv1_conv_bias strides [2, 2, 2] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x8x8x16x4xf32>, tensor<3x3x3x4x6xf32>, tensor<6xf32>) -> tensor<2x4x4x8x6xf32>
  %stage1_block0_conv1_norm_gamma = seg.param "stage1.block0.conv1.norm.gamma" constant 1.0 decay : tensor<6xf32>
  %stage1_block0_conv1_norm_beta = seg.param "stage1.block0.conv1.norm.beta" constant 0.0 decay : tensor<6xf32>
  %stage1_block0_conv1_norm, %stage1_block0_conv1_norm_mean, %stage1_block0_conv1_norm_rstd = seg.norm instance %stage1_block0_conv1_conv, %stage1_block0_conv1_norm_gamma, %stage1_block0_conv1_norm_beta epsilon 1.0e-5 : (tensor<2x4x4x8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x4x4x8x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>)
  %stage1_block0_conv1_relu = seg.leaky_relu %stage1_block0_conv1_norm slope 0.01 : tensor<2x4x4x8x6xf32>
  %stage1_block0_conv2_conv_weight = seg.param "stage1.block0.conv2.conv.weight" he_normal 0.01 decay : tensor<3x3x3x6x6xf32>
  %stage1_block0_conv2_conv_bias = seg.param "stage1.block0.conv2.conv.bias" constant 0.0 decay : tensor<6xf32>
  %stage1_block0_conv2_conv = seg.conv %stage1_block0_conv1_relu, %stage1_block0_conv2_conv_weight bias %stage1_block0_conv2_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x4x8x6xf32>, tensor<3x3x3x6x6xf32>, tensor<6xf32>) -> tensor<2x4x4x8x6xf32>
  %stage1_block0_conv2_norm_gamma = seg.param "stage1.block0.conv2.norm.gamma" constant 1.0 decay : tensor<6xf32>
  %stage1_block0_conv2_norm_beta = seg.param "stage1.block0.conv2.norm.beta" constant 0.0 decay : tensor<6xf32>
  %stage1_block0_conv2_norm, %stage1_block0_conv2_norm_mean, %stage1_block0_conv2_norm_rstd = seg.norm instance %stage1_block0_conv2_conv, %stage1_block0_conv2_norm_gamma, %stage1_block0_conv2_norm_beta epsilon 1.0e-5 : (tensor<2x4x4x8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x4x4x8x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>)
  %stage1_block0_skip_pool = seg.avg_pool %stage0_block0_relu window [2, 2, 2] strides [2, 2, 2] pad_low [0, 0, 0] pad_high [0, 0, 0] : tensor<2x8x8x16x4xf32> -> tensor<2x4x4x8x4xf32>
  %stage1_block0_skip_conv_weight = seg.param "stage1.block0.skip.conv.weight" he_normal 0.01 decay : tensor<1x1x1x4x6xf32>
  %stage1_block0_skip_conv = seg.conv %stage1_block0_skip_pool, %stage1_block0_skip_conv_weight strides [1, 1, 1] pad_low [0, 0, 0] pad_high [0, 0, 0] : (tensor<2x4x4x8x4xf32>, tensor<1x1x1x4x6xf32>) -> tensor<2x4x4x8x6xf32>
  %stage1_block0_skip_norm_gamma = seg.param "stage1.block0.skip.norm.gamma" constant 1.0 decay : tensor<6xf32>
  %stage1_block0_skip_norm_beta = seg.param "stage1.block0.skip.norm.beta" constant 0.0 decay : tensor<6xf32>
  %stage1_block0_skip_norm, %stage1_block0_skip_norm_mean, %stage1_block0_skip_norm_rstd = seg.norm instance %stage1_block0_skip_conv, %stage1_block0_skip_norm_gamma, %stage1_block0_skip_norm_beta epsilon 1.0e-5 : (tensor<2x4x4x8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x4x4x8x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>)
  %stage1_block0_add = seg.add %stage1_block0_conv2_norm, %stage1_block0_skip_norm : (tensor<2x4x4x8x6xf32>, tensor<2x4x4x8x6xf32>) -> tensor<2x4x4x8x6xf32>
  %stage1_block0_relu = seg.leaky_relu %stage1_block0_add slope 0.01 : tensor<2x4x4x8x6xf32>
  %stage1_block1_conv1_conv_weight = seg.param "stage1.block1.conv1.conv.weight" he_normal 0.01 decay : tensor<3x3x3x6x6xf32>
  %stage1_block1_conv1_conv_bias = seg.param "stage1.block1.conv1.conv.bias" constant 0.0 decay : tensor<6xf32>
  %stage1_block1_conv1_conv = seg.conv %stage1_block0_relu, %stage1_block1_conv1_conv_weight bias %stage1_block1_conv1_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x4x8x6xf32>, tensor<3x3x3x6x6xf32>, tensor<6xf32>) -> tensor<2x4x4x8x6xf32>
  %stage1_block1_conv1_norm_gamma = seg.param "stage1.block1.conv1.norm.gamma" constant 1.0 decay : tensor<6xf32>
  %stage1_block1_conv1_norm_beta = seg.param "stage1.block1.conv1.norm.beta" constant 0.0 decay : tensor<6xf32>
  %stage1_block1_conv1_norm, %stage1_block1_conv1_norm_mean, %stage1_block1_conv1_norm_rstd = seg.norm instance %stage1_block1_conv1_conv, %stage1_block1_conv1_norm_gamma, %stage1_block1_conv1_norm_beta epsilon 1.0e-5 : (tensor<2x4x4x8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x4x4x8x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>)
  %stage1_block1_conv1_relu = seg.leaky_relu %stage1_block1_conv1_norm slope 0.01 : tensor<2x4x4x8x6xf32>
  %stage1_block1_conv2_conv_weight = seg.param "stage1.block1.conv2.conv.weight" he_normal 0.01 decay : tensor<3x3x3x6x6xf32>
  %stage1_block1_conv2_conv_bias = seg.param "stage1.block1.conv2.conv.bias" constant 0.0 decay : tensor<6xf32>
  %stage1_block1_conv2_conv = seg.conv %stage1_block1_conv1_relu, %stage1_block1_conv2_conv_weight bias %stage1_block1_conv2_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x4x8x6xf32>, tensor<3x3x3x6x6xf32>, tensor<6xf32>) -> tensor<2x4x4x8x6xf32>
  %stage1_block1_conv2_norm_gamma = seg.param "stage1.block1.conv2.norm.gamma" constant 1.0 decay : tensor<6xf32>
  %stage1_block1_conv2_norm_beta = seg.param "stage1.block1.conv2.norm.beta" constant 0.0 decay : tensor<6xf32>
  %stage1_block1_conv2_norm, %stage1_block1_conv2_norm_mean, %stage1_block1_conv2_norm_rstd = seg.norm instance %stage1_block1_conv2_conv, %stage1_block1_conv2_norm_gamma, %stage1_block1_conv2_norm_beta epsilon 1.0e-5 : (tensor<2x4x4x8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x4x4x8x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>)
  %stage1_block1_add = seg.add %stage1_block1_conv2_norm, %stage1_block0_relu : (tensor<2x4x4x8x6xf32>, tensor<2x4x4x8x6xf32>) -> tensor<2x4x4x8x6xf32>
  %stage1_block1_relu = seg.leaky_relu %stage1_block1_add slope 0.01 : tensor<2x4x4x8x6xf32>
  %stage2_block0_conv1_conv_weight = seg.param "stage2.block0.conv1.conv.weight" he_normal 0.01 decay : tensor<3x3x3x6x8xf32>
  %stage2_block0_conv1_conv_bias = seg.param "stage2.block0.conv1.conv.bias" constant 0.0 decay : tensor<8xf32>
  %stage2_block0_conv1_conv = seg.conv %stage1_block1_relu, %stage2_block0_conv1_conv_weight bias %stage2_block0_conv1_conv_bias strides [1, 2, 2] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x4x8x6xf32>, tensor<3x3x3x6x8xf32>, tensor<8xf32>) -> tensor<2x4x2x4x8xf32>
  %stage2_block0_conv1_norm_gamma = seg.param "stage2.block0.conv1.norm.gamma" constant 1.0 decay : tensor<8xf32>
  %stage2_block0_conv1_norm_beta = seg.param "stage2.block0.conv1.norm.beta" constant 0.0 decay : tensor<8xf32>
  %stage2_block0_conv1_norm, %stage2_block0_conv1_norm_mean, %stage2_block0_conv1_norm_rstd = seg.norm instance %stage2_block0_conv1_conv, %stage2_block0_conv1_norm_gamma, %stage2_block0_conv1_norm_beta epsilon 1.0e-5 : (tensor<2x4x2x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x2x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  %stage2_block0_conv1_relu = seg.leaky_relu %stage2_block0_conv1_norm slope 0.01 : tensor<2x4x2x4x8xf32>
  %stage2_block0_conv2_conv_weight = seg.param "stage2.block0.conv2.conv.weight" he_normal 0.01 decay : tensor<3x3x3x8x8xf32>
  %stage2_block0_conv2_conv_bias = seg.param "stage2.block0.conv2.conv.bias" constant 0.0 decay : tensor<8xf32>
  %stage2_block0_conv2_conv = seg.conv %stage2_block0_conv1_relu, %stage2_block0_conv2_conv_weight bias %stage2_block0_conv2_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x2x4x8xf32>, tensor<3x3x3x8x8xf32>, tensor<8xf32>) -> tensor<2x4x2x4x8xf32>
  %stage2_block0_conv2_norm_gamma = seg.param "stage2.block0.conv2.norm.gamma" constant 1.0 decay : tensor<8xf32>
  %stage2_block0_conv2_norm_beta = seg.param "stage2.block0.conv2.norm.beta" constant 0.0 decay : tensor<8xf32>
  %stage2_block0_conv2_norm, %stage2_block0_conv2_norm_mean, %stage2_block0_conv2_norm_rstd = seg.norm instance %stage2_block0_conv2_conv, %stage2_block0_conv2_norm_gamma, %stage2_block0_conv2_norm_beta epsilon 1.0e-5 : (tensor<2x4x2x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x2x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  %stage2_block0_skip_pool = seg.avg_pool %stage1_block1_relu window [1, 2, 2] strides [1, 2, 2] pad_low [0, 0, 0] pad_high [0, 0, 0] : tensor<2x4x4x8x6xf32> -> tensor<2x4x2x4x6xf32>
  %stage2_block0_skip_conv_weight = seg.param "stage2.block0.skip.conv.weight" he_normal 0.01 decay : tensor<1x1x1x6x8xf32>
  %stage2_block0_skip_conv = seg.conv %stage2_block0_skip_pool, %stage2_block0_skip_conv_weight strides [1, 1, 1] pad_low [0, 0, 0] pad_high [0, 0, 0] : (tensor<2x4x2x4x6xf32>, tensor<1x1x1x6x8xf32>) -> tensor<2x4x2x4x8xf32>
  %stage2_block0_skip_norm_gamma = seg.param "stage2.block0.skip.norm.gamma" constant 1.0 decay : tensor<8xf32>
  %stage2_block0_skip_norm_beta = seg.param "stage2.block0.skip.norm.beta" constant 0.0 decay : tensor<8xf32>
  %stage2_block0_skip_norm, %stage2_block0_skip_norm_mean, %stage2_block0_skip_norm_rstd = seg.norm instance %stage2_block0_skip_conv, %stage2_block0_skip_norm_gamma, %stage2_block0_skip_norm_beta epsilon 1.0e-5 : (tensor<2x4x2x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x2x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  %stage2_block0_add = seg.add %stage2_block0_conv2_norm, %stage2_block0_skip_norm : (tensor<2x4x2x4x8xf32>, tensor<2x4x2x4x8xf32>) -> tensor<2x4x2x4x8xf32>
  %stage2_block0_relu = seg.leaky_relu %stage2_block0_add slope 0.01 : tensor<2x4x2x4x8xf32>
  %stage2_block1_conv1_conv_weight = seg.param "stage2.block1.conv1.conv.weight" he_normal 0.01 decay : tensor<3x3x3x8x8xf32>
  %stage2_block1_conv1_conv_bias = seg.param "stage2.block1.conv1.conv.bias" constant 0.0 decay : tensor<8xf32>
  %stage2_block1_conv1_conv = seg.conv %stage2_block0_relu, %stage2_block1_conv1_conv_weight bias %stage2_block1_conv1_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x2x4x8xf32>, tensor<3x3x3x8x8xf32>, tensor<8xf32>) -> tensor<2x4x2x4x8xf32>
  %stage2_block1_conv1_norm_gamma = seg.param "stage2.block1.conv1.norm.gamma" constant 1.0 decay : tensor<8xf32>
  %stage2_block1_conv1_norm_beta = seg.param "stage2.block1.conv1.norm.beta" constant 0.0 decay : tensor<8xf32>
  %stage2_block1_conv1_norm, %stage2_block1_conv1_norm_mean, %stage2_block1_conv1_norm_rstd = seg.norm instance %stage2_block1_conv1_conv, %stage2_block1_conv1_norm_gamma, %stage2_block1_conv1_norm_beta epsilon 1.0e-5 : (tensor<2x4x2x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x2x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  %stage2_block1_conv1_relu = seg.leaky_relu %stage2_block1_conv1_norm slope 0.01 : tensor<2x4x2x4x8xf32>
  %stage2_block1_conv2_conv_weight = seg.param "stage2.block1.conv2.conv.weight" he_normal 0.01 decay : tensor<3x3x3x8x8xf32>
  %stage2_block1_conv2_conv_bias = seg.param "stage2.block1.conv2.conv.bias" constant 0.0 decay : tensor<8xf32>
  %stage2_block1_conv2_conv = seg.conv %stage2_block1_conv1_relu, %stage2_block1_conv2_conv_weight bias %stage2_block1_conv2_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x2x4x8xf32>, tensor<3x3x3x8x8xf32>, tensor<8xf32>) -> tensor<2x4x2x4x8xf32>
  %stage2_block1_conv2_norm_gamma = seg.param "stage2.block1.conv2.norm.gamma" constant 1.0 decay : tensor<8xf32>
  %stage2_block1_conv2_norm_beta = seg.param "stage2.block1.conv2.norm.beta" constant 0.0 decay : tensor<8xf32>
  %stage2_block1_conv2_norm, %stage2_block1_conv2_norm_mean, %stage2_block1_conv2_norm_rstd = seg.norm instance %stage2_block1_conv2_conv, %stage2_block1_conv2_norm_gamma, %stage2_block1_conv2_norm_beta epsilon 1.0e-5 : (tensor<2x4x2x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x2x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  %stage2_block1_add = seg.add %stage2_block1_conv2_norm, %stage2_block0_relu : (tensor<2x4x2x4x8xf32>, tensor<2x4x2x4x8xf32>) -> tensor<2x4x2x4x8xf32>
  %stage2_block1_relu = seg.leaky_relu %stage2_block1_add slope 0.01 : tensor<2x4x2x4x8xf32>
  %decoder1_up_weight = seg.param "decoder1.up.weight" he_normal 0.01 decay : tensor<1x2x2x8x6xf32>
  %decoder1_up_bias = seg.param "decoder1.up.bias" constant 0.0 decay : tensor<6xf32>
  %decoder1_up = seg.conv_transpose %stage2_block1_relu, %decoder1_up_weight bias %decoder1_up_bias strides [1, 2, 2] pad_low [0, 0, 0] pad_high [0, 0, 0] : (tensor<2x4x2x4x8xf32>, tensor<1x2x2x8x6xf32>, tensor<6xf32>) -> tensor<2x4x4x8x6xf32>
  %decoder1_concat = seg.concat %decoder1_up, %stage1_block1_relu : (tensor<2x4x4x8x6xf32>, tensor<2x4x4x8x6xf32>) -> tensor<2x4x4x8x12xf32>
  %decoder1_conv_weight = seg.param "decoder1.conv.weight" he_normal 0.01 decay : tensor<3x3x3x12x6xf32>
  %decoder1_conv_bias = seg.param "decoder1.conv.bias" constant 0.0 decay : tensor<6xf32>
  %decoder1_conv = seg.conv %decoder1_concat, %decoder1_conv_weight bias %decoder1_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x4x8x12xf32>, tensor<3x3x3x12x6xf32>, tensor<6xf32>) -> tensor<2x4x4x8x6xf32>
  %decoder1_norm_gamma = seg.param "decoder1.norm.gamma" constant 1.0 decay : tensor<6xf32>
  %decoder1_norm_beta = seg.param "decoder1.norm.beta" constant 0.0 decay : tensor<6xf32>
  %decoder1_norm, %decoder1_norm_mean, %decoder1_norm_rstd = seg.norm instance %decoder1_conv, %decoder1_norm_gamma, %decoder1_norm_beta epsilon 1.0e-5 : (tensor<2x4x4x8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x4x4x8x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>)
  %decoder1_relu = seg.leaky_relu %decoder1_norm slope 0.01 : tensor<2x4x4x8x6xf32>
  %decoder0_up_weight = seg.param "decoder0.up.weight" he_normal 0.01 decay : tensor<2x2x2x6x4xf32>
  %decoder0_up_bias = seg.param "decoder0.up.bias" constant 0.0 decay : tensor<4xf32>
  %decoder0_up = seg.conv_transpose %decoder1_relu, %decoder0_up_weight bias %decoder0_up_bias strides [2, 2, 2] pad_low [0, 0, 0] pad_high [0, 0, 0] : (tensor<2x4x4x8x6xf32>, tensor<2x2x2x6x4xf32>, tensor<4xf32>) -> tensor<2x8x8x16x4xf32>
  %decoder0_concat = seg.concat %decoder0_up, %stage0_block0_relu : (tensor<2x8x8x16x4xf32>, tensor<2x8x8x16x4xf32>) -> tensor<2x8x8x16x8xf32>
  %decoder0_conv_weight = seg.param "decoder0.conv.weight" he_normal 0.01 decay : tensor<3x3x3x8x4xf32>
  %decoder0_conv_bias = seg.param "decoder0.conv.bias" constant 0.0 decay : tensor<4xf32>
  %decoder0_conv = seg.conv %decoder0_concat, %decoder0_conv_weight bias %decoder0_conv_bias strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x8x8x16x8xf32>, tensor<3x3x3x8x4xf32>, tensor<4xf32>) -> tensor<2x8x8x16x4xf32>
  %decoder0_norm_gamma = seg.param "decoder0.norm.gamma" constant 1.0 decay : tensor<4xf32>
  %decoder0_norm_beta = seg.param "decoder0.norm.beta" constant 0.0 decay : tensor<4xf32>
  %decoder0_norm, %decoder0_norm_mean, %decoder0_norm_rstd = seg.norm instance %decoder0_conv, %decoder0_norm_gamma, %decoder0_norm_beta epsilon 1.0e-5 : (tensor<2x8x8x16x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x8x8x16x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>)
  %decoder0_relu = seg.leaky_relu %decoder0_norm slope 0.01 : tensor<2x8x8x16x4xf32>
  %head_weight = seg.param "head.weight" he_normal 0.01 decay : tensor<1x1x1x4x3xf32>
  %head_bias = seg.param "head.bias" constant 0.0 decay : tensor<3xf32>
  %head = seg.conv %decoder0_relu, %head_weight bias %head_bias strides [1, 1, 1] pad_low [0, 0, 0] pad_high [0, 0, 0] : (tensor<2x8x8x16x4xf32>, tensor<1x1x1x4x3xf32>, tensor<3xf32>) -> tensor<2x8x8x16x3xf32>
  seg.output %head : tensor<2x8x8x16x3xf32>
} objective ["loss", "dice"] {
^bb0(%logits: tensor<2x8x8x16x3xf32>, %labels: tensor<2x8x8x16xi32>):
  %dice, %per_class, %sums = seg.dice %logits, %labels batch_reduce exclude_background smooth 1.0e-5 : (tensor<2x8x8x16x3xf32>, tensor<2x8x8x16xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  %ce = seg.cross_entropy %logits, %labels : (tensor<2x8x8x16x3xf32>, tensor<2x8x8x16xi32>) -> tensor<f32>
  %loss = seg.add %dice, %ce : (tensor<f32>, tensor<f32>) -> tensor<f32>
  seg.output %loss, %per_class : tensor<f32>, tensor<3xf32>
}
