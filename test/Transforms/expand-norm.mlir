// RUN: segc-opt %s --seg-expand-norm | FileCheck %s

!x = tensor<2x4x4x8xf32>
!c = tensor<8xf32>
!s = tensor<2x8xf32>

// Statistics, then their pointwise application; kind, groups and epsilon go
// with the statistics.
// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x4x4x8xf32>, %[[G:[^:]*]]: tensor<8xf32>, %[[B:[^:]*]]: tensor<8xf32>)
func.func @forward(%x: !x, %g: !c, %b: !c) -> (!x, !s, !s) {
  // CHECK-NEXT: %[[MEAN:.*]], %[[RSTD:.*]] = seg.norm_stats group %[[X]] groups 4 epsilon 1.000000e-03
  // CHECK-NEXT: %[[Y:.*]] = seg.norm_apply %[[X]], %[[MEAN]], %[[RSTD]], %[[G]], %[[B]]
  // CHECK-NEXT: return %[[Y]], %[[MEAN]], %[[RSTD]]
  %y, %mean, %rstd = seg.norm group %x, %g, %b groups 4 epsilon 1.0e-3 : (!x, !c, !c) -> (!x, !s, !s)
  return %y, %mean, %rstd : !x, !s, !s
}

// The gradient's two means and the parameters' gradients are one reduction,
// the input's gradient is pointwise.
// CHECK-LABEL: func.func @backward(
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x4x4x8xf32>, %[[DY:[^:]*]]: tensor<2x4x4x8xf32>, %[[G:[^:]*]]: tensor<8xf32>, %[[MEAN:[^:]*]]: tensor<8xf32>, %[[RSTD:[^:]*]]: tensor<8xf32>)
func.func @backward(%x: !x, %dy: !x, %g: !c, %mean: !c, %rstd: !c) -> (!x, !c, !c) {
  // CHECK-NEXT: %[[S1:.*]], %[[S2:.*]], %[[DG:.*]], %[[DB:.*]] = seg.norm_grad_stats batch %[[X]], %[[DY]], %[[G]], %[[MEAN]], %[[RSTD]] epsilon 1.000000e-05
  // CHECK-NEXT: %[[DX:.*]] = seg.norm_grad_apply %[[X]], %[[DY]], %[[G]], %[[MEAN]], %[[RSTD]], %[[S1]], %[[S2]]
  // CHECK-NEXT: return %[[DX]], %[[DG]], %[[DB]]
  %dx, %dg, %db = seg.norm_grad batch %x, %dy, %g, %mean, %rstd epsilon 1.0e-5 : (!x, !x, !c, !c, !c) -> (!x, !c, !c)
  return %dx, %dg, %db : !x, !c, !c
}
