// RUN: segc-opt %s --seg-select-strategy="target=cpu:x86-64-v4-bf16 multiply-type=bf16" | FileCheck %s --check-prefixes=CHECK,PAIRS,BF16
// RUN: segc-opt %s --seg-select-strategy="target=cpu:x86-64-v4-bf16 multiply-type=fixed" | FileCheck %s --check-prefixes=CHECK,FIXED
// RUN: segc-opt %s --seg-select-strategy=target=cpu:x86-64-v4-vnni | FileCheck %s --check-prefixes=CHECK,FIXED
// RUN: segc-opt %s --seg-select-strategy=target=cpu:x86-64-v4-bf16 | FileCheck %s --check-prefixes=CHECK,PAIRS,AUTO
// RUN: segc-opt %s --seg-select-strategy="target=cpu:x86-64-v4-bf16 multiply-type=f32" | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: segc-opt %s --seg-select-strategy=target=cpu:x86-64-v4 | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: not segc-opt %s --seg-select-strategy=multiply-type=f8 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: segc-opt %s --seg-select-strategy=target=cpu:x86-64-v4-bf16 --remarks-filter=strategy 2>&1 | FileCheck %s --check-prefix=REMARK

// TYPE: error: expects multiply-type to be {{.*}}, got 'f8'

// A remark has cycles and error of each alternative, or why it is none.
// REMARK: direct: {{[0-9]+}} cycles; direct of bf16: {{[0-9]+}} cycles, error 2.4e-03; direct of fixed: only with Winograd tiles; winograd: {{[0-9]+}} cycles; winograd of bf16: error 3.9e-03, at most 2.5e-03 allowed; winograd of fixed: {{[0-9]+}} cycles, error {{[0-9.]+}}e-04

!h = tensor<1x16x16x32xbf16>
!x = tensor<1x16x16x32xf32>
!w = tensor<3x3x32x64xf32>
!y = tensor<1x16x16x64xf32>

// What is of 16 bits is multiplied in pairs.
// CHECK-LABEL: func.func @short(
// PAIRS: multiply_type = {{bf16|fixed}}
// FIXED: strategy<winograd,{{.*}} multiply_type = fixed
// WIDE-NOT: multiply_type
func.func @short(%x: !h, %w: !w) -> !y {
  %0 = seg.fusion (%a = %x : !h, %f = %w : !w) -> (!y) {
    %c = seg.cast %a : !h -> !x
    %r = seg.conv %c, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %r : !y
  }
  return %0 : !y
}

// So is what a prologue computes from it.
// CHECK-LABEL: func.func @prologue(
// PAIRS: multiply_type = {{bf16|fixed}}
// FIXED: multiply_type = fixed
// WIDE-NOT: multiply_type
func.func @prologue(%x: !h, %w: !w) -> !y {
  %0 = seg.fusion (%a = %x : !h, %f = %w : !w) -> (!y) {
    %c = seg.cast %a : !h -> !x
    %u = seg.relu %c : !x
    %r = seg.conv %u, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %r : !y
  }
  return %0 : !y
}

// A strided one has no tiles, so that no integers are multiplied.
// CHECK-LABEL: func.func @strided(
// PAIRS: strategy<direct,{{.*}} multiply_type = bf16
// FIXED-NOT: multiply_type
// WIDE-NOT: multiply_type
func.func @strided(%x: !h, %w: !w) -> tensor<1x8x8x64xf32> {
  %0 = seg.fusion (%a = %x : !h, %f = %w : !w) -> (tensor<1x8x8x64xf32>) {
    %c = seg.cast %a : !h -> !x
    %r = seg.conv %c, %f strides [2, 2] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> tensor<1x8x8x64xf32>
    seg.yield %r : tensor<1x8x8x64xf32>
  }
  return %0 : tensor<1x8x8x64xf32>
}

// Both factors of a filter gradient must be of 16 bits.
// CHECK-LABEL: func.func @filter_grad(
// PAIRS: multiply_type = bf16
// FIXED-NOT: multiply_type
// WIDE-NOT: multiply_type
func.func @filter_grad(%x: !h, %g: tensor<1x16x16x64xbf16>) -> !w {
  %0 = seg.fusion (%a = %x : !h, %b = %g : tensor<1x16x16x64xbf16>) -> (!w) {
    %c = seg.cast %a : !h -> !x
    %d = seg.cast %b : tensor<1x16x16x64xbf16> -> !y
    %r = seg.conv_filter_grad %c, %d strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !y) -> !w
    seg.yield %r : !w
  }
  return %0 : !w
}
// CHECK-LABEL: func.func @filter_grad_of_wide(
// CHECK-NOT: multiply_type
func.func @filter_grad_of_wide(%x: !h, %g: !y) -> !w {
  %0 = seg.fusion (%a = %x : !h, %b = %g : !y) -> (!w) {
    %c = seg.cast %a : !h -> !x
    %r = seg.conv_filter_grad %c, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !y) -> !w
    seg.yield %r : !w
  }
  return %0 : !w
}

// CHECK-LABEL: func.func @wide(
// CHECK-NOT: multiply_type
func.func @wide(%x: !x, %w: !w) -> !y {
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (!y) {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %r : !y
  }
  return %0 : !y
}

// An op that is to compute in f32 does so, whatever it reads.
// CHECK-LABEL: func.func @pinned(
// CHECK-NOT: multiply_type
func.func @pinned(%x: !h, %w: !w) -> !y {
  %0 = seg.fusion (%a = %x : !h, %f = %w : !w) -> (!y) {
    %c = seg.cast %a : !h -> !x
    %r = seg.conv %c, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "f32"} : (!x, !w) -> !y
    seg.yield %r : !y
  }
  return %0 : !y
}

// A prediction may not err as much as a gradient: tiles of 4 are in fixed point
// there, or in f32.
!v = tensor<1x32x32x32x32xf32>
!u = tensor<1x32x32x32x32xbf16>
!k = tensor<3x3x3x32x32xf32>
// CHECK-LABEL: func.func @volume(
// BF16-NOT: multiply_type
// AUTO: m = [4, 4, 4]{{.*}} multiply_type = fixed
// FIXED: m = [4, 4, 4]{{.*}} multiply_type = fixed
// WIDE: m = [4, 4, 4]
func.func @volume(%x: !u, %w: !k) -> !v {
  %0 = seg.fusion (%a = %x : !u, %f = %w : !k) -> (!v) {
    %c = seg.cast %a : !u -> !v
    %r = seg.conv %c, %f strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!v, !k) -> !v
    seg.yield %r : !v
  }
  return %0 : !v
}
// CHECK-LABEL: func.func @volume_grad(
// PAIRS: m = [4, 4, 4]{{.*}} multiply_type = bf16
// WIDE: m = [4, 4, 4]
func.func @volume_grad(%x: !u, %w: !k) -> !v {
  %0 = seg.fusion (%a = %x : !u, %f = %w : !k) -> (!v) {
    %c = seg.cast %a : !u -> !v
    %r = seg.conv_input_grad %c, %f strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!v, !k) -> !v
    seg.yield %r : !v
  }
  return %0 : !v
}
