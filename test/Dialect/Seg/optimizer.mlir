// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

!f = tensor<100xf32>
!s = tensor<f32>

// CHECK-LABEL: @adam
func.func @adam(%w: !f, %g: !f, %m: !f, %v: !f, %lr: !s, %wd: !s, %ls: !s, %step: tensor<i64>) -> (!f, !f, !f) {
  // CHECK: seg.all_finite %{{.*}} : tensor<100xf32> -> tensor<f32>
  %finite = seg.all_finite %g : !f -> !s
  // CHECK: seg.adam %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {beta1 = 9.000000e-01 : f64, beta2 = 7.500000e-01 : f64, decay_elements = 60 : i64, epsilon = 1.000000e-10 : f64, rectified} :
  %0:3 = seg.adam %w, %g, %m, %v, %finite, %lr, %wd, %ls, %step {beta1 = 0.9, beta2 = 0.75, epsilon = 1.0e-10, rectified, decay_elements = 60 : i64}
       : (!f, !f, !f, !f, !s, !s, !s, !s, tensor<i64>) -> (!f, !f, !f)
  return %0#0, %0#1, %0#2 : !f, !f, !f
}

// CHECK-LABEL: @clipped_adamw
func.func @clipped_adamw(%w: !f, %g: !f, %m: !f, %v: !f, %s: !s, %step: tensor<i64>) -> (!f, !f, !f) {
  // CHECK: seg.clip_scale %{{.*}}, %{{.*}} max_norm 1.200000e+01 : (tensor<100xf32>, tensor<f32>) -> tensor<f32>
  %scale = seg.clip_scale %g, %s max_norm 12.0 : (!f, !s) -> !s
  // CHECK: seg.adam {{.*}}decoupled
  %0:3 = seg.adam %w, %g, %m, %v, %s, %s, %s, %scale, %step {beta1 = 0.9, beta2 = 0.999, epsilon = 1.0e-8, decoupled, decay_elements = 60 : i64}
       : (!f, !f, !f, !f, !s, !s, !s, !s, tensor<i64>) -> (!f, !f, !f)
  return %0#0, %0#1, %0#2 : !f, !f, !f
}

// CHECK-LABEL: @rmsprop
func.func @rmsprop(%w: !f, %g: !f, %ms: !f, %mg: !f, %mom: !f, %s: !s) -> (!f, !f, !f, !f) {
  // CHECK: seg.rmsprop %{{.*}} {decay = 9.000000e-01 : f64, decay_elements = 0 : i64, epsilon = 1.000000e-10 : f64} :
  %0:4 = seg.rmsprop %w, %g, %ms, %mg, %mom, %s, %s, %s, %s, %s {decay = 0.9, epsilon = 1.0e-10, decay_elements = 0 : i64}
       : (!f, !f, !f, !f, !f, !s, !s, !s, !s, !s) -> (!f, !f, !f, !f)
  return %0#0, %0#1, %0#2, %0#3 : !f, !f, !f, !f
}

// CHECK-LABEL: @sgd
func.func @sgd(%w: !f, %g: !f, %v: !f, %s: !s, %step: tensor<i64>) -> (!f, !f, !f) {
  // CHECK: seg.sgd %{{.*}} {decay_elements = 100 : i64, nesterov} :
  %0:2 = seg.sgd %w, %g, %v, %s, %s, %s, %s, %s {nesterov, decay_elements = 100 : i64} : (!f, !f, !f, !s, !s, !s, !s, !s) -> (!f, !f)
  // CHECK: seg.lookahead %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {alpha = 5.000000e-01 : f64, sync = 6 : i64} :
  %1:2 = seg.lookahead %w, %0#0, %v, %s, %step {sync = 6 : i64, alpha = 0.5} : (!f, !f, !f, !s, tensor<i64>) -> (!f, !f)
  return %1#0, %0#1, %1#1 : !f, !f, !f
}
