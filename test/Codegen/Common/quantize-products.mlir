// RUN: segc-opt %s --seg-quantize-products=target=cpu:x86-64-v4-vnni | FileCheck %s
// RUN: segc-opt %s --pass-pipeline='builtin.module(func.func(seg-quantize-products{target=cpu:x86-64-v4-vnni},seg-select-strategy{target=cpu:x86-64-v4-vnni}))' | FileCheck %s --check-prefix=PLAN
// RUN: segc-opt %s --seg-quantize-products=target=cpu:x86-64-v3 | FileCheck %s --check-prefix=KEPT
// RUN: segc-opt %s --seg-quantize-products=target=cpu:x86-64-v4-vnni --mlir-debug-counter=seg-strategy-skip=0,seg-strategy-count=0 | FileCheck %s --check-prefix=KEPT

// No convolution keeps what calibration wrote.
// CHECK-NOT: seg.input_scale
// KEPT-NOT: seg.input_scale
// Without the instruction, or fuel, none is quantized.
// KEPT-NOT: seg.quantize

!x = tensor<1x16x16x16x32xf32>
!w = tensor<5x5x5x32x32xf32>

// Both factors are quantized in the fusion; the kernel prepares the filter.
// CHECK-LABEL: func.func @predict(
// CHECK: seg.fusion (%[[A:.*]] = %arg0 : {{.*}}, %[[B:.*]] = %arg1 :
// CHECK: %[[R:.*]] = seg.relu %[[A]]
// CHECK: %[[Q:.*]] = seg.quantize %[[R]] scale 1.250000e-02
// CHECK: %[[X:.*]] = seg.dequantize %[[Q]] scale 1.250000e-02
// CHECK: %[[V:.*]], %[[S:.*]] = seg.quantize_filter %[[B]]
// CHECK: %[[W:.*]] = seg.dequantize %[[V]] scales %[[S]]
// CHECK: seg.conv %[[X]], %[[W]]
// PLAN-LABEL: func.func @predict(
// PLAN: strategy = #seg.strategy<int8, {{.*}}prepared>
func.func @predict(%x: !x, %w: !w {seg.region = "parameters", seg.offset = 0}) -> !x {
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    %1 = seg.relu %a : !x
    %2 = seg.conv %1, %b strides [1, 1, 1] pad_low [2, 2, 2] pad_high [2, 2, 2] {seg.input_scale = 0.0125, seg.quantized_error = 0.01} : (!x, !w) -> !x
    seg.yield %2 : !x
  }
  return %0 : !x
}

// One that is sensitive, and one that is pinned.
// CHECK-LABEL: func.func @kept(
// CHECK-NOT: seg.quantize
func.func @kept(%x: !x, %w: !w {seg.region = "parameters", seg.offset = 0}) -> (!x, !x) {
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    %1 = seg.conv %a, %b strides [1, 1, 1] pad_low [2, 2, 2] pad_high [2, 2, 2] {seg.input_scale = 0.0125, seg.quantized_error = 0.05} : (!x, !w) -> !x
    seg.yield %1 : !x
  }
  %2 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    %1 = seg.conv %a, %b strides [1, 1, 1] pad_low [2, 2, 2] pad_high [2, 2, 2] {seg.input_scale = 0.0125, seg.precision = "f32"} : (!x, !w) -> !x
    seg.yield %1 : !x
  }
  return %0, %2 : !x, !x
}

// Entries that train are not for 8 bits.
// CHECK-LABEL: func.func @step(
// CHECK-NOT: seg.quantize
func.func @step(%x: !x, %w: !w {seg.region = "parameters", seg.offset = 0}) -> (!x {seg.region = "gradients"}) {
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    %1 = seg.conv %a, %b strides [1, 1, 1] pad_low [2, 2, 2] pad_high [2, 2, 2] {seg.input_scale = 0.0125, seg.quantized_error = 0.01} : (!x, !w) -> !x
    seg.yield %1 : !x
  }
  return %0 : !x
}

// Winograd tiles take an input of 8 bits and the filter as it is.
// CHECK-LABEL: func.func @tiles(
// CHECK: %[[Q:.*]] = seg.quantize %{{.*}} scale 1.250000e-02
// CHECK: %[[X:.*]] = seg.dequantize %[[Q]] scale 1.250000e-02
// CHECK-NOT: seg.quantize_filter
// CHECK: seg.conv %[[X]], %{{.*}}
// PLAN-LABEL: func.func @tiles(
// PLAN: strategy = #seg.strategy<winograd, {{.*}}m = [1, {{[46]}}, 6], multiply_type = fixed, {{.*}}prepared>
!i = tensor<1x128x128x64xbf16>
!j = tensor<1x128x128x64xf32>
!v = tensor<3x3x64x64xf32>
func.func @tiles(%x: !i, %w: !v {seg.region = "parameters", seg.offset = 0}) -> !i {
  %0 = seg.fusion (%a = %x : !i, %b = %w : !v) -> (!i) {
    %1 = seg.cast %a : !i -> !j
    %2 = seg.conv %1, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.input_scale = 0.0125, seg.quantized_error = 0.01} : (!j, !v) -> !j
    %3 = seg.cast %2 : !j -> !i
    seg.yield %3 : !i
  }
  return %0 : !i
}
