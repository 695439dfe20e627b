// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

!x = tensor<2x4x4x8xf32>
!c = tensor<8xf32>

// CHECK-LABEL: @activations
func.func @activations(%x: !x, %slope: !c) -> !x {
  // CHECK: seg.relu %{{.*}} : tensor<2x4x4x8xf32>
  %0 = seg.relu %x : !x
  // CHECK: seg.leaky_relu %{{.*}} slope 1.000000e-02 : tensor<2x4x4x8xf32>
  %1 = seg.leaky_relu %0 slope 0.01 : !x
  // CHECK: seg.prelu %{{.*}}, %{{.*}} : (tensor<2x4x4x8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  %2 = seg.prelu %1, %slope : (!x, !c) -> !x
  // CHECK: seg.sigmoid %{{.*}} : tensor<2x4x4x8xf32>
  %3 = seg.sigmoid %2 : !x
  // CHECK: seg.softmax %{{.*}} : tensor<2x4x4x8xf32>
  %4 = seg.softmax %3 : !x
  return %4 : !x
}

// CHECK-LABEL: @gradients
func.func @gradients(%y: !x, %dy: !x, %slope: !c) -> !x {
  // CHECK: seg.relu_grad %{{.*}}, %{{.*}} : tensor<2x4x4x8xf32>
  %0 = seg.relu_grad %y, %dy : !x
  // CHECK: seg.leaky_relu_grad %{{.*}}, %{{.*}} slope 1.000000e-02 : tensor<2x4x4x8xf32>
  %1 = seg.leaky_relu_grad %y, %0 slope 0.01 : !x
  // CHECK: seg.prelu_grad %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<2x4x4x8xf32>) -> tensor<2x4x4x8xf32>
  %2 = seg.prelu_grad %y, %slope, %1 : (!x, !c, !x) -> !x
  // CHECK: seg.prelu_slope_grad %{{.*}}, %{{.*}} : tensor<2x4x4x8xf32>
  %3 = seg.prelu_slope_grad %y, %2 : !x
  // CHECK: seg.sigmoid_grad %{{.*}}, %{{.*}} : tensor<2x4x4x8xf32>
  %4 = seg.sigmoid_grad %y, %3 : !x
  // CHECK: seg.softmax_grad %{{.*}}, %{{.*}} : tensor<2x4x4x8xf32>
  %5 = seg.softmax_grad %y, %4 : !x
  return %5 : !x
}

// Every broadcast that pointwise ops know.
// CHECK-LABEL: @arithmetic
func.func @arithmetic(%x: !x, %one: tensor<2x4x4x1xf32>, %c: !c, %nc: tensor<2x8xf32>, %s: tensor<f32>) -> tensor<2x4x4x8xf16> {
  // CHECK: seg.add %{{.*}}, %{{.*}} : (tensor<2x4x4x8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  %0 = seg.add %x, %c : (!x, !c) -> !x
  // CHECK: seg.sub %{{.*}}, %{{.*}} : (tensor<2x4x4x8xf32>, tensor<2x8xf32>) -> tensor<2x4x4x8xf32>
  %1 = seg.sub %0, %nc : (!x, tensor<2x8xf32>) -> !x
  // CHECK: seg.mul %{{.*}}, %{{.*}} : (tensor<2x4x4x1xf32>, tensor<2x4x4x8xf32>) -> tensor<2x4x4x8xf32>
  %2 = seg.mul %one, %1 : (tensor<2x4x4x1xf32>, !x) -> !x
  // CHECK: seg.mul %{{.*}}, %{{.*}} : (tensor<2x4x4x8xf32>, tensor<f32>) -> tensor<2x4x4x8xf32>
  %3 = seg.mul %2, %s : (!x, tensor<f32>) -> !x
  // CHECK: seg.scale %{{.*}} by -2.500000e+00 : tensor<2x4x4x8xf32>
  %4 = seg.scale %3 by -2.5 : !x
  // CHECK: seg.cast %{{.*}} : tensor<2x4x4x8xf32> -> tensor<2x4x4x8xf16>
  %5 = seg.cast %4 : !x -> tensor<2x4x4x8xf16>
  return %5 : tensor<2x4x4x8xf16>
}

// CHECK-LABEL: @dropout
func.func @dropout(%x: !x, %seed: tensor<i64>, %step: tensor<i64>, %offset: tensor<i64>) -> tensor<2x4x4x1xf32> {
  // CHECK: seg.dropout %{{.*}} key(%{{.*}}, %{{.*}}, %{{.*}}) rate 5.000000e-01 id 7 : (tensor<2x4x4x8xf32>, tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2x4x4x8xf32>
  %0 = seg.dropout %x key(%seed, %step, %offset) rate 0.5 id 7 : (!x, tensor<i64>, tensor<i64>, tensor<i64>) -> !x
  // CHECK: seg.channel_total %{{.*}} : tensor<2x4x4x8xf32> -> tensor<2x4x4x1xf32>
  %1 = seg.channel_total %0 : !x -> tensor<2x4x4x1xf32>
  return %1 : tensor<2x4x4x1xf32>
}
