// RUN: segc-opt %s --seg-select-strategy=target=cpu:x86-64-v4 | FileCheck %s --check-prefixes=CHECK,V4
// RUN: segc-opt %s --seg-select-strategy=target=cpu:x86-64-v3 | FileCheck %s --check-prefixes=CHECK,V3
// RUN: segc-opt %s --seg-select-strategy=winograd=off | FileCheck %s --check-prefix=OFF
// RUN: segc-opt %s --seg-select-strategy=winograd=f2 | FileCheck %s --check-prefix=F2
// RUN: not segc-opt %s --seg-select-strategy=winograd=f3 2>&1 | FileCheck %s --check-prefix=TILES
// RUN: not segc-opt %s --seg-select-strategy=target=cpu:i386 2>&1 | FileCheck %s --check-prefix=CPU

// RUN: segc-opt %s --seg-select-strategy=threads=2 | FileCheck %s --check-prefix=TWO
// RUN: segc-opt %s --seg-select-strategy=threads=64 | FileCheck %s --check-prefix=MANY
// RUN: not segc-opt %s --seg-select-strategy=threads=-1 2>&1 | FileCheck %s --check-prefix=THREADS

// THREADS: error: expects threads to be 0 to 4096, got -1
// CPU: error: unknown version 'i386' of the target cpu: expected one of armv8-a, x86-64-v2, x86-64-v3, x86-64-v4, x86-64-v4-vnni, x86-64-v4-bf16, x86-64-v4-fp16
// TILES: error: expects winograd to be off, f2, f4 or f6, got 'f3'

!x = tensor<1x16x16x32xf32>
!w = tensor<3x3x32x64xf32>
!y = tensor<1x16x16x64xf32>

// A convolution is computed otherwise with 16 registers of 8 lanes than with
// 32 of 16. Tiles are as large as allowed where they save products.
// CHECK-LABEL: func.func @conv(
func.func @conv(%x: !x, %w: !w) -> !y {
  // CHECK: seg.fusion {{.*}} attributes {strategy = #seg.strategy<winograd,
  // V4-SAME: lanes = 16,
  // V3-SAME: lanes = 8,
  // CHECK-SAME: m = [1, 4, 4]
  // OFF: strategy<direct,
  // F2: strategy<winograd,{{.*}} m = [1, 2, 2]
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (!y) {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %r : !y
  }
  return %0 : !y
}

// Two threads share its points; more of them need parts of the tiles, too, each
// with sums of its own.
// TWO-LABEL: func.func @filter_grad(
// TWO: strategy<winograd,{{.*}} splits = 1,
// MANY-LABEL: func.func @filter_grad(
// MANY: splits = {{[2-9]}},
func.func @filter_grad(%x: tensor<2x16x16x16x64xf32>) -> tensor<3x3x3x64x64xf32> {
  %0 = seg.fusion (%a = %x : tensor<2x16x16x16x64xf32>) -> (tensor<3x3x3x64x64xf32>) {
    %r = seg.conv_filter_grad %a, %a strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<2x16x16x16x64xf32>, tensor<2x16x16x16x64xf32>) -> tensor<3x3x3x64x64xf32>
    seg.yield %r : tensor<3x3x3x64x64xf32>
  }
  return %0 : tensor<3x3x3x64x64xf32>
}

// Tiles are out of the question.
// CHECK-LABEL: func.func @strided(
func.func @strided(%x: !x, %w: !w) -> tensor<1x8x8x64xf32> {
  // CHECK: strategy<direct,
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (tensor<1x8x8x64xf32>) {
    %r = seg.conv %a, %f strides [2, 2] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> tensor<1x8x8x64xf32>
    seg.yield %r : tensor<1x8x8x64xf32>
  }
  return %0 : tensor<1x8x8x64xf32>
}

// A strategy that is there is the user's: it stays.
// CHECK-LABEL: func.func @given(
func.func @given(%x: !x, %w: !w) -> !y {
  // CHECK: seg.fusion {{.*}} attributes {strategy = #seg.strategy<grouped, in_place = false, lanes = 4, nb = 1, pixels = 1, tile = [1, 1, 1], temp_bytes = 64>}
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (!y) attributes {strategy = #seg.strategy<grouped, in_place = false, lanes = 4, nb = 1, pixels = 1, tile = [1, 1, 1], temp_bytes = 64>} {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %r : !y
  }
  return %0 : !y
}

// Pointwise kernels have one way to be computed.
// CHECK-LABEL: func.func @pointwise(
func.func @pointwise(%x: !x) -> !x {
  // CHECK: seg.fusion
  // CHECK-NOT: strategy
  // CHECK: return
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  return %0 : !x
}

// A sum of the gradients of a filter with two users: its first dimension is a
// tap, not the batch.
// CHECK-LABEL: func.func @shared_filter(
func.func @shared_filter(%g: !w, %h: !w) -> (!w {seg.region = "gradients"}) {
  // CHECK: seg.fusion {{.*}} attributes {strategy = #seg.strategy<pointwise, unbatched>}
  %0 = seg.fusion (%a = %g : !w, %b = %h : !w) -> (!w) {
    %r = seg.add %a, %b : (!w, !w) -> !w
    seg.yield %r : !w
  }
  return %0 : !w
}
