// RUN: segc-opt %s --seg-narrow-filters=target=cuda | FileCheck %s
// RUN: segc-opt %s --seg-narrow-filters=target=cpu | FileCheck %s --check-prefix=KEPT
// RUN: segc-opt %s "--seg-narrow-filters=target=cuda multiply-type=f32" | FileCheck %s --check-prefix=KEPT
// RUN: segc-opt %s --seg-narrow-filters=target=cuda --mlir-debug-counter=seg-strategy-skip=0,seg-strategy-count=0 | FileCheck %s --check-prefix=KEPT
// RUN: segc-opt %s --pass-pipeline='builtin.module(func.func(seg-narrow-filters{target=cuda},seg-select-strategy{target=cuda}))' | FileCheck %s --check-prefix=PLAN

!xh = tensor<1x32x32x32xbf16>
!x = tensor<1x32x32x32xf32>
!w = tensor<3x3x32x32xf32>

// KEPT-NOT: tensor<3x3x32x32xbf16>

// One copy serves the convolution and the gradient of its input. What reads the
// parameter alone has no batch.
// CHECK-LABEL: func.func @step(
// CHECK-NEXT: %[[W:.*]] = seg.fusion (%{{.*}} = %arg1 : tensor<3x3x32x32xf32>) -> (tensor<3x3x32x32xbf16>)
// CHECK-NOT: -> (tensor<3x3x32x32xbf16>)
// CHECK: seg.fusion ({{.*}} = %[[W]] :
// CHECK: seg.cast %{{.*}} : tensor<3x3x32x32xbf16> -> tensor<3x3x32x32xf32>
// CHECK: seg.conv
// CHECK: seg.fusion ({{.*}} = %[[W]] :
// CHECK: seg.conv_input_grad
// PLAN-LABEL: func.func @step(
// PLAN: attributes {strategy = #seg.strategy<pointwise, unbatched>}
// PLAN-NOT: filter_copy
// PLAN: seg.conv_input_grad
func.func @step(%x: !xh, %w: !w {seg.region = "parameters", seg.offset = 0}, %g: !w) -> (!xh, !w {seg.region = "gradients"}) {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !w) -> (!xh) {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.conv %1, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    %3 = seg.cast %2 : !x -> !xh
    seg.yield %3 : !xh
  }
  %4 = seg.fusion (%a = %0 : !xh, %b = %w : !w) -> (!xh) {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.conv_input_grad %1, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    %3 = seg.cast %2 : !x -> !xh
    seg.yield %3 : !xh
  }
  %5 = seg.fusion (%a = %g : !w) -> (!w) {
    %6 = seg.scale %a by 0.5 : !w
    seg.yield %6 : !w
  }
  return %4, %5 : !xh, !w
}

// An input of f32 is multiplied as it is, and so is its filter.
// CHECK-LABEL: func.func @image(
// CHECK-NOT: xbf16>
func.func @image(%x: !x, %w: !w {seg.region = "parameters", seg.offset = 0}, %g: !w) -> (!x, !w {seg.region = "gradients"}) {
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    %1 = seg.conv %a, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "tf32"} : (!x, !w) -> !x
    seg.yield %1 : !x
  }
  %5 = seg.fusion (%a = %g : !w) -> (!w) {
    %6 = seg.scale %a by 0.5 : !w
    seg.yield %6 : !w
  }
  return %0, %5 : !x, !w
}

// The copy of a prediction's filter is made by prepare, once.
// CHECK-LABEL: func.func @predict(
// CHECK-NOT: seg.cast {{.*}} -> tensor<3x3x32x32xbf16>
// PLAN-LABEL: func.func @predict(
// PLAN: filter_copy{{.*}}prepared
func.func @predict(%x: !xh, %w: !w {seg.region = "parameters", seg.offset = 0}) -> !xh {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !w) -> (!xh) {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.conv %1, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    %3 = seg.cast %2 : !x -> !xh
    seg.yield %3 : !xh
  }
  return %0 : !xh
}

// The copy that the kernel makes of an odd number of channels has rows of
// eights, which are loaded at once.
// CHECK-LABEL: func.func @odd(
// CHECK-NOT: xbf16>) {
// CHECK: return
func.func @odd(%x: !xh, %w: tensor<3x3x32x33xf32> {seg.region = "parameters", seg.offset = 0}, %g: !w) -> (tensor<1x32x32x33xf32>, !w {seg.region = "gradients"}) {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : tensor<3x3x32x33xf32>) -> (tensor<1x32x32x33xf32>) {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.conv %1, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, tensor<3x3x32x33xf32>) -> tensor<1x32x32x33xf32>
    seg.yield %2 : tensor<1x32x32x33xf32>
  }
  %5 = seg.fusion (%a = %g : !w) -> (!w) {
    %6 = seg.scale %a by 0.5 : !w
    seg.yield %6 : !w
  }
  return %0, %5 : tensor<1x32x32x33xf32>, !w
}
