// RUN: segc-opt %s --seg-import-network | FileCheck %s

// Parameters lie in the order of their first use, however they are declared:
// buckets of gradients are parts of their region.
// CHECK: module attributes {seg.layout = {
// CHECK-SAME: parameters = [{{{[^}]*}}name = "first", offset = 0 : i64
// CHECK-SAME: name = "twice", offset = 64 : i64
// CHECK-SAME: name = "last", offset = 128 : i64
// CHECK-SAME: name = "unused", offset = 192 : i64

!x = tensor<2x8x8x4xf32>
!w = tensor<4xf32>
seg.network @n format 1 classes 4 optimizer {kind = "sgd"} pipeline {kind = "isbi"} forward {
^bb0(%image: !x):
  %unused = seg.param "unused" constant 1.0 decay : !w
  %last = seg.param "last" constant 1.0 decay : !w
  %twice = seg.param "twice" constant 1.0 decay : !w
  %first = seg.param "first" constant 1.0 decay : !w
  %0 = seg.prelu %image, %first : (!x, !w) -> !x
  %1 = seg.prelu %0, %twice : (!x, !w) -> !x
  %2 = seg.prelu %1, %last : (!x, !w) -> !x
  %3 = seg.prelu %2, %twice : (!x, !w) -> !x
  seg.output %3 : !x
} objective ["loss", "dice"] {
^bb0(%logits: !x, %labels: tensor<2x8x8xi32>):
  %loss, %dice, %sums = seg.dice %logits, %labels smooth 1.0 : (!x, tensor<2x8x8xi32>) -> (tensor<f32>, !w, tensor<2x3x4xf32>)
  seg.output %loss, %dice : tensor<f32>, !w
}
