// What does not matter for a property is taken away: of three ops the one that
// the test looks for remains, with what it needs.

// RUN: segc-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/has_sigmoid' | FileCheck %s
// CHECK: func.func @f
// CHECK: seg.sigmoid
// CHECK-NOT: @other

func.func @f(%x: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
  %0 = seg.sigmoid %x : tensor<1x4x4x8xf32>
  return %0 : tensor<1x4x4x8xf32>
}

func.func @other(%x: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
  %0 = seg.relu %x : tensor<1x4x4x8xf32>
  return %0 : tensor<1x4x4x8xf32>
}
