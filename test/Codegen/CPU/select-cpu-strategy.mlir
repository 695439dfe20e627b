// RUN: segc-opt %s --seg-select-cpu-strategy=cpu=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,V4
// RUN: segc-opt %s --seg-select-cpu-strategy=cpu=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,V3
// RUN: not segc-opt %s --seg-select-cpu-strategy=cpu=i386 2>&1 | FileCheck %s --check-prefix=CPU

// CPU: error: expects one of x86-64-v3, x86-64-v4, got 'i386'

!x = tensor<1x16x16x32xf32>
!w = tensor<3x3x32x64xf32>
!y = tensor<1x16x16x64xf32>

// A convolution is computed otherwise with 16 registers of 8 lanes than with
// 32 of 16.
// CHECK-LABEL: func.func @conv(
func.func @conv(%x: !x, %w: !w) -> !y {
  // CHECK: seg.fusion {{.*}} attributes {strategy = {
  // CHECK-SAME: kind = "direct"
  // V4-SAME: lanes = 16 : i64
  // V3-SAME: lanes = 8 : i64
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (!y) {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %r : !y
  }
  return %0 : !y
}

// A strategy that is there is the user's: it stays.
// CHECK-LABEL: func.func @given(
func.func @given(%x: !x, %w: !w) -> !y {
  // CHECK: seg.fusion {{.*}} attributes {strategy = {kind = "mine"}}
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (!y) attributes {strategy = {kind = "mine"}} {
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
  // CHECK: seg.fusion {{.*}} attributes {strategy = {kind = "pointwise", unbatched}}
  %0 = seg.fusion (%a = %g : !w, %b = %h : !w) -> (!w) {
    %r = seg.add %a, %b : (!w, !w) -> !w
    seg.yield %r : !w
  }
  return %0 : !w
}
