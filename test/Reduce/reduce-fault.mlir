// A miscompile, put in by a pass, is found by the comparison with the reference
// and reduced to the product with one channel and what it needs.

// RUN: not %random_networks check %s --inference -O0 --run-after seg=test-break-gates | FileCheck %s --check-prefix=FOUND
// FOUND: DEVIATES: predict probabilities
// RUN: env PROGRAM=%random_networks CHECK="--inference -O0 --run-after seg=test-break-gates" \
// RUN:   segc-reduce %s --seg-reduce-network='test=%segc_source/unittests/RandomNetworks/interesting' | FileCheck %s
// CHECK:      forward {
// CHECK-NEXT: ^bb0
// CHECK:      seg.conv
// CHECK-NEXT: seg.mul
// CHECK-NEXT: seg.output

// Without the fault it agrees: there is nothing to reduce.
// RUN: %random_networks check %s --inference -O0 | FileCheck %s --check-prefix=SOUND
// SOUND: agrees: predict probabilities

seg.network @gate format 1 classes 3 optimizer {kind = "sgd"} pipeline {} forward {
^bb0(%image: tensor<2x6x5x1xf32>):
  %0 = seg.param "p0" glorot_uniform 0.0 : tensor<1x1x1x4xf32>
  %1 = seg.param "p1" constant 0.0 : tensor<4xf32>
  %2 = seg.conv %image, %0 bias %1 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<2x6x5x1xf32>, tensor<1x1x1x4xf32>, tensor<4xf32>) -> tensor<2x6x5x4xf32>
  %3 = seg.mul %2, %image : (tensor<2x6x5x4xf32>, tensor<2x6x5x1xf32>) -> tensor<2x6x5x4xf32>
  %4 = seg.concat %2, %3 : (tensor<2x6x5x4xf32>, tensor<2x6x5x4xf32>) -> tensor<2x6x5x8xf32>
  %5 = seg.param "p5" glorot_uniform 0.0 : tensor<1x1x8x3xf32>
  %6 = seg.conv %4, %5 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<2x6x5x8xf32>, tensor<1x1x8x3xf32>) -> tensor<2x6x5x3xf32>
  seg.output %6 : tensor<2x6x5x3xf32>
} objective ["loss"] {
^bb0(%logits: tensor<2x6x5x3xf32>, %labels: tensor<2x6x5xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<2x6x5x3xf32>, tensor<2x6x5xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
