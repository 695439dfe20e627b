// RUN: segc-opt %s --seg-schedule | FileCheck %s
// RUN: segc-opt %s --seg-schedule=in-place=false | FileCheck %s --check-prefix=APART
// RUN: segc-opt %s --seg-schedule="ranks=2 link=0:0.001" --remarks-filter-passed=memory --remarks-filter-missed=memory --remark-format=emitRemark 2> %t | FileCheck %s --check-prefix=RANKS
// RUN: FileCheck %s --check-prefix=REMARK < %t
// RUN: not segc-opt %s --seg-schedule="ranks=2 link=fast" 2>&1 | FileCheck %s --check-prefix=LINK
// LINK: error: link 'fast': expected ethernet-1g,

!x = tensor<1x8x8x16xf32>
!f = tensor<3x3x16x16xf32>

// The program's order needs no more than any other: nothing moves.
// CHECK-LABEL: func.func @chain(
// CHECK: seg.relu
// CHECK: seg.sigmoid
func.func @chain(%x: !x) -> !x {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  return %1 : !x
}

// Results that share no operand are made one after the other: what the program
// keeps alive beside the wide value is not there yet.
// CHECK-LABEL: func.func @apart(
// CHECK: seg.concat
// CHECK: seg.channel_sum
// CHECK: seg.relu
// CHECK: seg.channel_sum
func.func @apart(%x: !x) -> (tensor<32xf32>, tensor<16xf32>) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %x : !x) -> (tensor<1x8x8x32xf32>) {
    %r = seg.concat %a, %a : (!x, !x) -> tensor<1x8x8x32xf32>
    seg.yield %r : tensor<1x8x8x32xf32>
  }
  %2 = seg.fusion (%a = %1 : tensor<1x8x8x32xf32>) -> (tensor<32xf32>) {
    %r = seg.channel_sum %a : tensor<1x8x8x32xf32> -> tensor<32xf32>
    seg.yield %r : tensor<32xf32>
  }
  %3 = seg.fusion (%a = %0 : !x) -> (tensor<16xf32>) {
    %r = seg.channel_sum %a : !x -> tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  return %2, %3 : tensor<32xf32>, tensor<16xf32>
}

// In place counts: once the sum over %0 is done first, the sigmoid may
// overwrite it. Without in-place computation both orders need two buffers.
// CHECK-LABEL: func.func @in_place(
// CHECK: seg.relu
// CHECK: seg.channel_sum
// CHECK: seg.sigmoid
// APART-LABEL: func.func @in_place(
// APART: seg.relu
// APART: seg.sigmoid
// APART: seg.channel_sum
func.func @in_place(%x: !x) -> (tensor<16xf32>, tensor<16xf32>) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %0 : !x) -> (tensor<16xf32>) {
    %r = seg.channel_sum %a : !x -> tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  %3 = seg.fusion (%a = %1 : !x) -> (tensor<16xf32>) {
    %r = seg.channel_sum %a : !x -> tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  return %2, %3 : tensor<16xf32>, tensor<16xf32>
}

// A state and its next value share their place: who reads the old one stays
// before the kernel that writes the new one, though memory asks for the
// contrary.
// CHECK-LABEL: func.func @overwritten(
// CHECK: seg.mul
// CHECK: seg.sigmoid
func.func @overwritten(%x: !x, %s: !x {seg.name = "s", seg.offset = 0 : i64, seg.region = "states"})
    -> (tensor<16xf32>, !x {seg.name = "s", seg.offset = 0 : i64, seg.region = "states"}) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %s : !x) -> (!x) {
    %r = seg.mul %a, %a : (!x, !x) -> !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  %3 = seg.fusion (%a = %1 : !x) -> (tensor<16xf32>) {
    %r = seg.channel_sum %a : !x -> tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  return %3, %2 : tensor<16xf32>, !x
}

// Ranks exchange one gradient while the other is computed. Without ranks the
// order of the program is as good.
// CHECK-LABEL: func.func @gradients(
// CHECK: seg.relu
// CHECK: seg.channel_sum %{{.*}} : tensor<1x8x8x32xf32>
// RANKS-LABEL: func.func @gradients(
// RANKS: seg.channel_sum %{{.*}} : tensor<1x8x8x32xf32>
// RANKS: seg.relu
// REMARK-DAG: order | {{.*}}Remark="gradients: {{.*}}exposed_us=
// REMARK-DAG: order-not-taken | {{.*}}Reason="ranks wait longer for gradients", Remark="gradients: program"
func.func @gradients(%x: !x, %y: tensor<1x8x8x32xf32>)
    -> (tensor<16xf32> {seg.name = "a", seg.offset = 0 : i64, seg.region = "gradients"},
        tensor<32xf32> {seg.name = "b", seg.offset = 64 : i64, seg.region = "gradients"}) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (tensor<16xf32>) {
    %r = seg.channel_sum %a : !x -> tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  %2 = seg.fusion (%a = %y : tensor<1x8x8x32xf32>) -> (tensor<32xf32>) {
    %r = seg.channel_sum %a : tensor<1x8x8x32xf32> -> tensor<32xf32>
    seg.yield %r : tensor<32xf32>
  }
  return %1, %2 : tensor<16xf32>, tensor<32xf32>
}
