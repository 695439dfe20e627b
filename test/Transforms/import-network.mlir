// RUN: segc-opt %s --seg-import-network | FileCheck %s --check-prefixes=CHECK,TRAIN
// RUN: segc-opt %s --seg-import-network=training=false | FileCheck %s --check-prefixes=CHECK,INFER

// Decayed parameters come first, each at a multiple of 64 bytes; the module
// says what the optimizer needs.
// CHECK: module attributes {seg.layout = {
// CHECK-SAME: network = "tiny"
// TRAIN-SAME: optimizer = {kind = "sgd", nesterov = true}
// CHECK-SAME: parameter_bytes = 384 : i64
// CHECK-SAME: parameters = [{decay = true, {{[^}]*}}name = "w", offset = 0 : i64
// CHECK-SAME: {decay = false, {{[^}]*}}name = "gamma", offset = 256 : i64
// CHECK-SAME: {decay = false, {{[^}]*}}name = "beta", offset = 320 : i64
// TRAIN-SAME: slots = [{init = 0.000000e+00 : f64, name = "velocity"}]
// INFER-SAME: slots = []
// CHECK-SAME: state_bytes = 128 : i64
// CHECK-NOT: seg.network

// Inference: running statistics, no dropout, a softmax at the end.
// CHECK-LABEL: func.func @predict(
// CHECK-SAME: %[[IMAGE:[^:]*]]: tensor<2x8x8x1xf32> {seg.name = "image", seg.offset = 0 : i64, seg.region = "inputs"}
// CHECK-SAME: %[[W:[^:]*]]: tensor<3x3x1x6xf32> {seg.name = "w", seg.offset = 0 : i64, seg.region = "parameters"}
// CHECK-SAME: %[[GAMMA:[^:]*]]: tensor<6xf32> {seg.name = "gamma", seg.offset = 256 : i64, seg.region = "parameters"}
// CHECK-SAME: %[[MEAN:[^:]*]]: tensor<6xf32> {seg.name = "mean", seg.offset = 0 : i64, seg.region = "states"}
// CHECK-SAME: %[[VARIANCE:[^:]*]]: tensor<6xf32> {seg.name = "variance", seg.offset = 64 : i64, seg.region = "states"}
// CHECK-SAME: -> (tensor<2x8x8x6xf32> {seg.name = "probabilities", seg.offset = 0 : i64, seg.region = "outputs"})
// CHECK: %[[CONV:.*]] = seg.conv %[[IMAGE]], %[[W]]
// CHECK-NEXT: %[[NORM:.*]] = seg.batch_norm_inference %[[CONV]], %[[GAMMA]], %{{.*}}, %[[MEAN]], %[[VARIANCE]] epsilon 1.000000e-03
// CHECK-NEXT: %[[P:.*]] = seg.softmax %[[NORM]]
// CHECK-NEXT: return %[[P]]

// INFER-NOT: func.func

// The same forward half, with the objective.
// TRAIN-LABEL: func.func @evaluate_step(
// TRAIN-SAME: %[[LABELS:[^:]*]]: tensor<2x8x8xi32> {seg.name = "label", seg.offset = 0 : i64, seg.region = "inputs"}
// TRAIN: seg.batch_norm_inference
// TRAIN-NOT: seg.dropout
// TRAIN: %[[LOSS:[^:]*]], %[[DICE:[^:]*]], %{{.*}} = seg.dice %{{.*}}, %[[LABELS]]
// TRAIN: return %[[LOSS]], %[[DICE]]

// Training: statistics of the batch, which move the running ones; dropout,
// keyed by seed, step and sample.
// TRAIN-LABEL: func.func @grad_step(
// TRAIN-SAME: %[[SEED:[^:]*]]: tensor<i64> {seg.name = "seed", {{[^}]*}}seg.region = "scalars"}
// TRAIN-SAME: -> (tensor<f32> {seg.name = "loss", {{[^}]*}}seg.region = "outputs"}
// TRAIN-SAME: tensor<6xf32> {seg.name = "mean", seg.offset = 0 : i64, seg.region = "states"}
// TRAIN-SAME: tensor<6xf32> {seg.name = "variance", seg.offset = 64 : i64, seg.region = "states"}
// TRAIN-SAME: seg.differentiate = 0 : i64
// TRAIN: %[[NORM:[^:]*]], %[[BMEAN:[^:]*]], %[[BRSTD:[^:]*]] = seg.norm batch
// TRAIN-DAG: %[[NEWMEAN:.*]] = seg.running_mean %{{.*}}, %[[BMEAN]] momentum 7.500000e-01
// TRAIN-DAG: %[[NEWVAR:.*]] = seg.running_variance %{{.*}}, %[[BRSTD]] momentum 7.500000e-01 epsilon 1.000000e-03
// TRAIN-DAG: seg.dropout %[[NORM]] key(%[[SEED]], %{{.*}}, %{{.*}}) rate 5.000000e-01 id 0
// TRAIN: return %{{.*}}, %{{.*}}, %[[NEWMEAN]], %[[NEWVAR]]

// One update over the flat regions; decay ends where the first 64 floats do.
// TRAIN-LABEL: func.func @apply_step(
// TRAIN-SAME: %[[PARAMS:[^:]*]]: tensor<96xf32> {seg.name = "parameters"
// TRAIN-SAME: %[[GRADS:[^:]*]]: tensor<96xf32> {seg.name = "gradients"
// TRAIN-SAME: %[[VELOCITY:[^:]*]]: tensor<96xf32> {seg.name = "velocity", seg.offset = 0 : i64, seg.region = "optimizer"}
// TRAIN: %[[FINITE:.*]] = seg.all_finite %[[GRADS]]
// TRAIN: %[[NEW:.*]], %[[NEWV:.*]] = seg.sgd %[[PARAMS]], %[[GRADS]], %[[VELOCITY]], %[[FINITE]], {{.*}}decay_elements = 64 : i64, nesterov
// TRAIN: return %[[NEW]], %[[NEWV]], %[[FINITE]]

!x = tensor<2x8x8x6xf32>
!c = tensor<6xf32>
seg.network @tiny format 1 classes 6 optimizer {kind = "sgd", nesterov = true} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<2x8x8x1xf32>):
  %gamma = seg.param "gamma" constant 1.0 : !c
  %w = seg.param "w" glorot_uniform 0.0 decay : tensor<3x3x1x6xf32>
  %beta = seg.param "beta" constant 0.0 : !c
  %mean = seg.state "mean" 0.0 : !c
  %variance = seg.state "variance" 1.0 : !c
  %0 = seg.conv %image, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<2x8x8x1xf32>, tensor<3x3x1x6xf32>) -> !x
  %1 = seg.batch_norm %0, %gamma, %beta running %mean, %variance epsilon 1.0e-3 momentum 0.75 : (!x, !c, !c, !c, !c) -> !x
  %2 = seg.network_dropout %1 rate 0.5 : !x
  seg.output %2 : !x
} objective ["loss", "dice"] {
^bb0(%logits: !x, %labels: tensor<2x8x8xi32>):
  %loss, %dice, %sums = seg.dice %logits, %labels smooth 1.0 : (!x, tensor<2x8x8xi32>) -> (tensor<f32>, !c, tensor<2x3x6xf32>)
  seg.output %loss, %dice : tensor<f32>, !c
}
