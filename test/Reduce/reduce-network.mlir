// A network becomes what the property needs: it ends and starts where it can,
// loses its other head, an op that changes types, biases, samples and sizes.

// RUN: segc-reduce %s --seg-reduce-network='test=%S/Inputs/has_gate' | FileCheck %s
// CHECK:      forward {
// CHECK-NEXT: ^bb0(%[[IMAGE:.*]]: tensor<1x1x1x2xf32>):
// CHECK-NEXT:   %[[GATE:.*]] = seg.sigmoid %[[IMAGE]]
// CHECK-NEXT:   %[[OUT:.*]] = seg.mul %[[IMAGE]], %[[GATE]]
// CHECK-NEXT:   seg.output %[[OUT]] : tensor<1x1x1x2xf32>
// CHECK-NEXT: } objective ["loss"] {
// CHECK-NEXT: ^bb0
// CHECK-NEXT:   seg.cross_entropy
// CHECK-NEXT:   seg.output

// What is not interesting to begin with is an error.
// RUN: not segc-reduce %s --seg-reduce-network='test=%S/Inputs/has_softmax' 2>&1 | FileCheck %s --check-prefix=DULL
// DULL: error: the network is not interesting: '{{.*}}has_softmax' exits with 0

// A script that does not run is an ordinary error.
// RUN: not segc-reduce %s --seg-reduce-network='test=%S/Inputs/no-such-script' 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not segc-reduce %s --seg-reduce-network='test=%s' 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING-NOT: LLVM ERROR
// MISSING: error: the test script '{{.*}}' does not run: {{.*}}; expected an executable file

seg.network @gate format 1 classes 3 optimizer {kind = "sgd"} pipeline {} forward {
^bb0(%image: tensor<2x12x10x1xf32>):
  %0 = seg.param "p0" glorot_uniform 0.0 : tensor<3x3x1x8xf32>
  %1 = seg.param "p1" constant 0.0 : tensor<8xf32>
  %2 = seg.conv %image, %0 bias %1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<2x12x10x1xf32>, tensor<3x3x1x8xf32>, tensor<8xf32>) -> tensor<2x12x10x8xf32>
  %3 = seg.max_pool %2 window [2, 2] strides [2, 2] : tensor<2x12x10x8xf32> -> tensor<2x6x5x8xf32>
  %4 = seg.param "p4" glorot_uniform 0.0 : tensor<1x1x8x1xf32>
  %5 = seg.conv %3, %4 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<2x6x5x8xf32>, tensor<1x1x8x1xf32>) -> tensor<2x6x5x1xf32>
  %6 = seg.sigmoid %5 : tensor<2x6x5x1xf32>
  %7 = seg.mul %3, %6 : (tensor<2x6x5x8xf32>, tensor<2x6x5x1xf32>) -> tensor<2x6x5x8xf32>
  %8 = seg.concat %3, %7 : (tensor<2x6x5x8xf32>, tensor<2x6x5x8xf32>) -> tensor<2x6x5x16xf32>
  %9 = seg.param "p9" glorot_uniform 0.0 : tensor<1x1x16x3xf32>
  %10 = seg.conv %8, %9 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<2x6x5x16xf32>, tensor<1x1x16x3xf32>) -> tensor<2x6x5x3xf32>
  %11 = seg.resize linear %10 : tensor<2x6x5x3xf32> -> tensor<2x12x10x3xf32>
  seg.output %11, %10 : tensor<2x12x10x3xf32>, tensor<2x6x5x3xf32>
} objective ["loss", "dice"] {
^bb0(%logits: tensor<2x12x10x3xf32>, %lower: tensor<2x6x5x3xf32>, %labels: tensor<2x12x10xi32>):
  %loss, %dice, %sums = seg.dice %logits, %labels smooth 1.0 : (tensor<2x12x10x3xf32>, tensor<2x12x10xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  %0 = seg.resize nearest %lower : tensor<2x6x5x3xf32> -> tensor<2x12x10x3xf32>
  %1 = seg.cross_entropy %0, %labels : (tensor<2x12x10x3xf32>, tensor<2x12x10xi32>) -> tensor<f32>
  %2 = seg.add %loss, %1 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  seg.output %2, %dice : tensor<f32>, tensor<3xf32>
}
