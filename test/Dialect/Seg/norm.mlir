// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

!x = tensor<2x4x4x8xf32>
!c = tensor<8xf32>
!s = tensor<2x8xf32>

// CHECK-LABEL: @whole
func.func @whole(%x: !x, %dy: !x, %g: !c, %b: !c) -> (!x, !x) {
  // CHECK: seg.norm batch %{{.*}}, %{{.*}}, %{{.*}} epsilon 1.000000e-03 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  %y, %mean, %rstd = seg.norm batch %x, %g, %b epsilon 1.0e-3 : (!x, !c, !c) -> (!x, !c, !c)
  // CHECK: seg.norm group %{{.*}}, %{{.*}}, %{{.*}} groups 4 epsilon 1.000000e-03 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  %y2, %mean2, %rstd2 = seg.norm group %y, %g, %b groups 4 epsilon 1.0e-3 : (!x, !c, !c) -> (!x, !s, !s)
  // CHECK: seg.norm_grad group %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} groups 4 epsilon 1.000000e-03 :
  %dx, %dg, %db = seg.norm_grad group %y, %dy, %g, %mean2, %rstd2 groups 4 epsilon 1.0e-3 : (!x, !x, !c, !s, !s) -> (!x, !c, !c)
  return %y2, %dx : !x, !x
}

// CHECK-LABEL: @pieces
func.func @pieces(%x: !x, %dy: !x, %g: !c, %b: !c) -> (!x, !x) {
  // CHECK: seg.norm_stats instance %{{.*}} epsilon 1.000000e-05 : (tensor<2x4x4x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>)
  %mean, %rstd = seg.norm_stats instance %x epsilon 1.0e-5 : (!x) -> (!s, !s)
  // CHECK: seg.norm_apply %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x4x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  %y = seg.norm_apply %x, %mean, %rstd, %g, %b : (!x, !s, !s, !c, !c) -> !x
  // CHECK: seg.norm_grad_stats instance %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} epsilon 1.000000e-05 :
  %s1, %s2, %dg, %db = seg.norm_grad_stats instance %x, %dy, %g, %mean, %rstd epsilon 1.0e-5 : (!x, !x, !c, !s, !s) -> (!s, !s, !c, !c)
  // CHECK: seg.norm_grad_apply %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} :
  %dx = seg.norm_grad_apply %x, %dy, %g, %mean, %rstd, %s1, %s2 : (!x, !x, !c, !s, !s, !s, !s) -> !x
  return %y, %dx : !x, !x
}

// CHECK-LABEL: @ranks
func.func @ranks(%mean: !c, %rstd: !c, %center: !c) -> !c {
  // CHECK: seg.norm_deviation %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %0 = seg.norm_deviation %mean, %rstd, %center : (!c, !c, !c) -> !c
  // CHECK: seg.norm_rstd %{{.*}} : tensor<8xf32>
  %1 = seg.norm_rstd %0 : !c
  return %1 : !c
}

// CHECK-LABEL: @running
func.func @running(%x: !x, %g: !c, %b: !c, %mean: !c, %variance: !c) -> (!x, !c, !c) {
  // CHECK: seg.batch_norm_inference %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} epsilon 1.000000e-03 :
  %y = seg.batch_norm_inference %x, %g, %b, %mean, %variance epsilon 1.0e-3 : (!x, !c, !c, !c, !c) -> !x
  // CHECK: seg.running_mean %{{.*}}, %{{.*}} momentum 7.500000e-01 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %m = seg.running_mean %mean, %g momentum 0.75 : (!c, !c) -> !c
  // CHECK: seg.running_variance %{{.*}}, %{{.*}} momentum 7.500000e-01 epsilon 1.000000e-03 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %v = seg.running_variance %variance, %g momentum 0.75 epsilon 1.0e-3 : (!c, !c) -> !c
  // CHECK: seg.batch_norm %{{.*}}, %{{.*}}, %{{.*}} running %{{.*}}, %{{.*}} epsilon 1.000000e-03 momentum 7.500000e-01 :
  %z = seg.batch_norm %y, %g, %b running %mean, %variance epsilon 1.0e-3 momentum 0.75 : (!x, !c, !c, !c, !c) -> !x
  return %z, %m, %v : !x, !c, !c
}
