// RUN: segc-opt %s --seg-rematerialize=budget=12288 | FileCheck %s
// RUN: segc-opt %s --seg-rematerialize=budget=12288 | FileCheck %s --check-prefix=MOVED
// RUN: segc-opt %s --seg-rematerialize=budget=16384 | FileCheck %s --check-prefix=FITS
// RUN: segc-opt %s --seg-rematerialize="share=100" --seg-plan-memory | FileCheck %s --check-prefix=SHARE
// RUN: segc-opt %s --seg-rematerialize=table=true | FileCheck %s --check-prefix=TABLE

!x = tensor<1x8x8x16xf32>
!wide = tensor<1x8x8x32xf32>
!s = tensor<16xf32>

// The first value is idle while the wide one lives: it is computed again, on
// the same operand, before the kernel that reads it last. That kernel has to
// come last, for it reads (nothing of) what the wide one leaves.
// CHECK-LABEL: func.func @idle(
// CHECK: %[[FIRST:.*]] = seg.fusion
// CHECK-NEXT: seg.relu
// CHECK: seg.sigmoid
// CHECK: seg.concat
// CHECK: seg.channel_sum
// CHECK: %[[AGAIN:.*]] = seg.fusion ({{.*}} = %arg0
// CHECK-NEXT: seg.relu
// CHECK: seg.fusion ({{.*}} = %[[AGAIN]]
// CHECK-NEXT: seg.channel_sum
// FITS-LABEL: func.func @idle(
// FITS-COUNT-1: seg.relu
// FITS-NOT: seg.relu
// FITS: return
// SHARE-LABEL: func.func @idle(
// SHARE-SAME: seg.arena_bytes = 12288 : i64
// TABLE-LABEL: func.func @idle(
// TABLE-SAME: seg.memory_steps = array<i64: 16384, 0, 12288, {{[1-9][0-9]*}}>
// TABLE-COUNT-1: seg.relu
// TABLE-NOT: seg.relu
// TABLE: return
func.func @idle(%x: !x) -> (!s, tensor<32xf32>) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %1 : !x, %b = %x : !x) -> (!wide) {
    %r = seg.concat %a, %b : (!x, !x) -> !wide
    seg.yield %r : !wide
  }
  %3 = seg.fusion (%a = %2 : !wide) -> (tensor<32xf32>) {
    %r = seg.channel_sum %a : !wide -> tensor<32xf32>
    seg.yield %r : tensor<32xf32>
  }
  %4 = seg.fusion (%a = %0 : !x, %after = %3 : tensor<32xf32>) -> (!s) {
    %r = seg.channel_sum %a : !x -> !s
    seg.yield %r : !s
  }
  return %4, %3 : !s, tensor<32xf32>
}

// The copy of a dropout draws what the first did: its id is its own.
// CHECK-LABEL: func.func @dropout(
// CHECK: seg.dropout {{.*}} rate 5.000000e-01 id 7
// CHECK: seg.concat
// CHECK: seg.dropout {{.*}} rate 5.000000e-01 id 7
// CHECK: return
func.func @dropout(%x: !x, %seed: tensor<i64>, %step: tensor<i64>, %offset: tensor<i64>) -> (!s, tensor<32xf32>) {
  %0 = seg.fusion (%a = %x : !x, %p = %seed : tensor<i64>, %q = %step : tensor<i64>, %o = %offset : tensor<i64>) -> (!x) {
    %r = seg.dropout %a key(%p, %q, %o) rate 0.5 id 7 : (!x, tensor<i64>, tensor<i64>, tensor<i64>) -> !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %1 : !x, %b = %x : !x) -> (!wide) {
    %r = seg.concat %a, %b : (!x, !x) -> !wide
    seg.yield %r : !wide
  }
  %3 = seg.fusion (%a = %2 : !wide) -> (tensor<32xf32>) {
    %r = seg.channel_sum %a : !wide -> tensor<32xf32>
    seg.yield %r : tensor<32xf32>
  }
  %4 = seg.fusion (%a = %0 : !x, %after = %3 : tensor<32xf32>) -> (!s) {
    %r = seg.channel_sum %a : !x -> !s
    seg.yield %r : !s
  }
  return %4, %3 : !s, tensor<32xf32>
}

// The second of a chain is idle and its operand is dead by then: both run
// again, the first for the second.
// CHECK-LABEL: func.func @chain(
// CHECK: seg.relu
// CHECK: seg.max_pool
// CHECK: seg.concat
// CHECK: %[[RELU:.*]] = seg.fusion ({{.*}} = %arg0
// CHECK-NEXT: seg.relu
// CHECK: %[[POOL:.*]] = seg.fusion ({{.*}} = %[[RELU]]
// CHECK-NEXT: seg.max_pool
// CHECK: seg.fusion ({{.*}} = %[[POOL]]
// CHECK-NEXT: seg.channel_sum
func.func @chain(%x: !x, %y: tensor<1x8x8x24xf32>) -> (!s, tensor<48xf32>) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (tensor<1x4x4x16xf32>) {
    %r = seg.max_pool %a window [2, 2] strides [2, 2] : !x -> tensor<1x4x4x16xf32>
    seg.yield %r : tensor<1x4x4x16xf32>
  }
  %2 = seg.fusion (%a = %y : tensor<1x8x8x24xf32>) -> (tensor<1x8x8x48xf32>) {
    %r = seg.concat %a, %a : (tensor<1x8x8x24xf32>, tensor<1x8x8x24xf32>) -> tensor<1x8x8x48xf32>
    seg.yield %r : tensor<1x8x8x48xf32>
  }
  %3 = seg.fusion (%a = %2 : tensor<1x8x8x48xf32>) -> (tensor<48xf32>) {
    %r = seg.channel_sum %a : tensor<1x8x8x48xf32> -> tensor<48xf32>
    seg.yield %r : tensor<48xf32>
  }
  %4 = seg.fusion (%a = %1 : tensor<1x4x4x16xf32>, %after = %3 : tensor<48xf32>) -> (!s) {
    %r = seg.channel_sum %a : tensor<1x4x4x16xf32> -> !s
    seg.yield %r : !s
  }
  return %4, %3 : !s, tensor<48xf32>
}

// What reads the first value last may come at once: nothing needs to run again.
// MOVED-LABEL: func.func @moved(
// MOVED: seg.relu
// MOVED: seg.channel_sum
// MOVED: seg.sigmoid
// MOVED: seg.concat
// MOVED: seg.channel_sum
// MOVED-NOT: seg.relu
// MOVED: return
func.func @moved(%x: !x) -> (!s, tensor<32xf32>) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %1 : !x, %b = %x : !x) -> (!wide) {
    %r = seg.concat %a, %b : (!x, !x) -> !wide
    seg.yield %r : !wide
  }
  %3 = seg.fusion (%a = %2 : !wide) -> (tensor<32xf32>) {
    %r = seg.channel_sum %a : !wide -> tensor<32xf32>
    seg.yield %r : tensor<32xf32>
  }
  %4 = seg.fusion (%a = %0 : !x) -> (!s) {
    %r = seg.channel_sum %a : !x -> !s
    seg.yield %r : !s
  }
  return %4, %3 : !s, tensor<32xf32>
}
