// Convolutions that cuDNN has are calls with generated kernels beside them:
// nothing but casts is fused with them, and their bias is a kernel's.
// RUN: segc-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(seg-fuse{target=cuda conv=cudnn},seg-select-strategy{target=cuda conv=cudnn},seg-plan-memory),exec-outline-programs{target=cuda},exec-verify)' | FileCheck %s --check-prefix=CUDNN
// RUN: segc-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(seg-fuse{target=cuda conv=auto},seg-select-strategy{target=cuda conv=auto},seg-plan-memory),exec-outline-programs{target=cuda},exec-emit-kernels{target=cuda})' | FileCheck %s --check-prefix=AUTO
// RUN: segc-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(seg-fuse{target=cuda},seg-select-strategy{target=cuda},seg-plan-memory),exec-outline-programs{target=cuda})' | FileCheck %s --check-prefix=GENERATED
// GENERATED-NOT: strategy<cudnn
// GENERATED-NOT: call <

// CUDNN-LABEL: exec.fusion @f0_conv
// CUDNN: strategy<cudnn, {{.*}}kernels = mma_{{sync|patch}},{{.*}} required{{.*}} tensor_cores
// CUDNN-NEXT: seg.cast
// CUDNN-NEXT: seg.conv %{{[^ ]*}}, %{{[^ ]*}} strides
// CUDNN-NEXT: seg.cast
// CUDNN-NEXT: seg.yield
// CUDNN: exec.fusion @f1_add
// CUDNN: seg.relu
// CUDNN-LABEL: exec.program @forward
// CUDNN: exec.launch {{.*}}@k0_conv{{.*}} call <"cudnn" inputs [0, 1] {convolution = "forward", filter = array<i64: 64, 3, 3, 64>, filter_layout = "tck", filter_type = "f32", image = array<i64: 280, 280, 64>, padding_after = array<i64: 1, 1>, padding_before = array<i64: 1, 1>, required = true, strides = array<i64: 1, 1>, tensor_cores = true, type = "bf16"}>
// CUDNN-NEXT: exec.launch {{.*}}@k1_add
func.func @forward(%x: tensor<4x280x280x64xbf16>, %w: tensor<3x3x64x64xf32>, %b: tensor<64xf32>) -> tensor<4x280x280x64xbf16> {
  %0 = seg.cast %x : tensor<4x280x280x64xbf16> -> tensor<4x280x280x64xf32>
  %1 = seg.conv %0, %w bias %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<4x280x280x64xf32>, tensor<3x3x64x64xf32>, tensor<64xf32>) -> tensor<4x280x280x64xf32>
  %2 = seg.cast %1 : tensor<4x280x280x64xf32> -> tensor<4x280x280x64xbf16>
  %3 = seg.cast %2 : tensor<4x280x280x64xbf16> -> tensor<4x280x280x64xf32>
  %4 = seg.relu %3 : tensor<4x280x280x64xf32>
  %5 = seg.cast %4 : tensor<4x280x280x64xf32> -> tensor<4x280x280x64xbf16>
  return %5 : tensor<4x280x280x64xbf16>
}

// -----

// Of many channels, so that cuDNN is expected to be faster, but may lose on the
// device. With fewer the pointwise ops that it leaves apart cost more.
// AUTO-LABEL: exec.program @deep
// AUTO: exec.launch {{.*}} call <"cudnn" inputs [0, 1] {{{.*}} required = false
func.func @deep(%x: tensor<4x136x136x256xbf16>, %w: tensor<3x3x256x256xf32>, %b: tensor<256xf32>) -> tensor<4x136x136x256xbf16> {
  %0 = seg.cast %x : tensor<4x136x136x256xbf16> -> tensor<4x136x136x256xf32>
  %1 = seg.conv %0, %w bias %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<4x136x136x256xf32>, tensor<3x3x256x256xf32>, tensor<256xf32>) -> tensor<4x136x136x256xf32>
  %2 = seg.cast %1 : tensor<4x136x136x256xf32> -> tensor<4x136x136x256xbf16>
  %3 = seg.cast %2 : tensor<4x136x136x256xbf16> -> tensor<4x136x136x256xf32>
  %4 = seg.relu %3 : tensor<4x136x136x256xf32>
  %5 = seg.cast %4 : tensor<4x136x136x256xf32> -> tensor<4x136x136x256xbf16>
  return %5 : tensor<4x136x136x256xbf16>
}

// -----

// A small one costs less where all is one kernel.
// CUDNN-LABEL: exec.program @small
// CUDNN: exec.launch {{.*}}@k0_conv{{.*}} call <"cudnn"
// CUDNN-NEXT: exec.launch {{.*}}@k1_add
// AUTO-LABEL: exec.program @small
// AUTO-NOT: call <
// AUTO: exec.return
func.func @small(%x: tensor<1x8x8x8xf32>, %w: tensor<3x3x8x8xf32>, %b: tensor<8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = seg.conv %x, %w bias %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x8xf32>, tensor<3x3x8x8xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  %1 = seg.relu %0 : tensor<1x8x8x8xf32>
  return %1 : tensor<1x8x8x8xf32>
}

// -----

// Gradients. A transposed convolution is the gradient of an image, and the
// filter's takes the result's gradient first.
// CUDNN-LABEL: exec.program @gradients
// CUDNN: exec.launch {{.*}}conv_input_grad{{.*}} call <"cudnn" inputs [0, 1] {convolution = "input_gradient", filter = array<i64: 16, 3, 3, 3, 8>, filter_layout = "tck", filter_type = "f32", image = array<i64: 8, 8, 8, 8>
// CUDNN-SAME: strides = array<i64: 2, 2, 2>, tensor_cores = false
// CUDNN-NEXT: exec.launch {{.*}}conv_filter_grad{{.*}} call <"cudnn" inputs [1, 0] {convolution = "filter_gradient", filter = array<i64: 16, 3, 3, 3, 8>, filter_layout = "tck"
// CUDNN-NEXT: exec.launch {{.*}}conv_transpose{{.*}} call <"cudnn" inputs [0, 1] {convolution = "input_gradient", filter = array<i64: 16, 2, 2, 2, 8>, filter_layout = "tkc", filter_type = "f32", image = array<i64: 8, 8, 8, 8>
func.func @gradients(%x: tensor<2x8x8x8x8xf32>, %dy: tensor<2x4x4x4x16xf32>, %w: tensor<3x3x3x8x16xf32>, %v: tensor<2x2x2x16x8xf32>) -> (tensor<2x8x8x8x8xf32>, tensor<3x3x3x8x16xf32>, tensor<2x8x8x8x8xf32>) {
  %0 = seg.conv_input_grad %dy, %w strides [2, 2, 2] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x4x4x4x16xf32>, tensor<3x3x3x8x16xf32>) -> tensor<2x8x8x8x8xf32>
  %1 = seg.conv_filter_grad %x, %dy strides [2, 2, 2] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x8x8x8x8xf32>, tensor<2x4x4x4x16xf32>) -> tensor<3x3x3x8x16xf32>
  %2 = seg.conv_transpose %dy, %v strides [2, 2, 2] pad_low [0, 0, 0] pad_high [0, 0, 0] : (tensor<2x4x4x4x16xf32>, tensor<2x2x2x16x8xf32>) -> tensor<2x8x8x8x8xf32>
  return %0, %1, %2 : tensor<2x8x8x8x8xf32>, tensor<3x3x3x8x16xf32>, tensor<2x8x8x8x8xf32>
}

// -----

// f32 is rounded to tf32 only where the precision says so.
// CUDNN-LABEL: exec.program @tf32
// CUDNN: exec.launch {{.*}} call <"cudnn" {{.*}} tensor_cores = true, type = "f32"
// CUDNN: exec.launch {{.*}} call <"cudnn" {{.*}} tensor_cores = false, type = "f32"
func.func @tf32(%x: tensor<2x8x8x8xf32>, %w: tensor<3x3x8x8xf32>) -> (tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>) {
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "tf32"} : (tensor<2x8x8x8xf32>, tensor<3x3x8x8xf32>) -> tensor<2x8x8x8xf32>
  %1 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "f32"} : (tensor<2x8x8x8xf32>, tensor<3x3x8x8xf32>) -> tensor<2x8x8x8xf32>
  return %0, %1 : tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>
}

// -----

// What cuDNN does not have, or this runtime does not ask for, is generated:
// groups, dilations, padding of one side, a part of the channels.
// CUDNN-LABEL: exec.program @others
// CUDNN-NOT: call <
func.func @others(%x: tensor<2x8x8x8xf32>, %w: tensor<3x3x1x8xf32>, %v: tensor<3x3x8x8xf32>) -> (tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>, tensor<2x4x4x8xf32>, tensor<2x8x8x4xf32>) {
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] groups 8 : (tensor<2x8x8x8xf32>, tensor<3x3x1x8xf32>) -> tensor<2x8x8x8xf32>
  %1 = seg.conv %x, %v strides [1, 1] pad_low [2, 2] pad_high [2, 2] dilations [2, 2] : (tensor<2x8x8x8xf32>, tensor<3x3x8x8xf32>) -> tensor<2x8x8x8xf32>
  %2 = seg.conv %x, %v strides [2, 2] pad_low [0, 0] pad_high [1, 1] : (tensor<2x8x8x8xf32>, tensor<3x3x8x8xf32>) -> tensor<2x4x4x8xf32>
  %3 = seg.conv_input_grad %x, %v strides [1, 1] pad_low [1, 1] pad_high [1, 1] first_channel 4 : (tensor<2x8x8x8xf32>, tensor<3x3x8x8xf32>) -> tensor<2x8x8x4xf32>
  return %0, %1, %2, %3 : tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>, tensor<2x4x4x8xf32>, tensor<2x8x8x4xf32>
}
