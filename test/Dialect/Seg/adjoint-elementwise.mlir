// RUN: segc-opt %s --seg-autodiff | FileCheck %s

// What each op of the family contributes to the gradient of what it reads.

!x = tensor<1x4x4x2xf32>
!t = tensor<1x4x4xi32>
!c = tensor<2xf32>

// From the output and its gradient.
// CHECK-LABEL: func.func @relu(
// CHECK: %[[Y:.*]] = seg.relu
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.relu_grad %[[Y]], %[[DY]]
// CHECK: return %{{.*}}, %[[DX]]
func.func @relu(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.relu %x : !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// From the output and its gradient.
// CHECK-LABEL: func.func @sigmoid(
// CHECK: %[[Y:.*]] = seg.sigmoid
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.sigmoid_grad %[[Y]], %[[DY]]
// CHECK: return %{{.*}}, %[[DX]]
func.func @sigmoid(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.sigmoid %x : !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// From the output and its gradient.
// CHECK-LABEL: func.func @softmax(
// CHECK: %[[Y:.*]] = seg.softmax
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.softmax_grad %[[Y]], %[[DY]]
// CHECK: return %{{.*}}, %[[DX]]
func.func @softmax(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.softmax %x : !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// From the output too: the slope is positive.
// CHECK-LABEL: func.func @leaky_relu(
// CHECK: %[[Y:.*]] = seg.leaky_relu
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: seg.leaky_relu_grad %[[Y]], %[[DY]] slope 2.500000e-01
func.func @leaky_relu(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.leaky_relu %x slope 0.25 : !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// From the input, as slopes may be negative; the slopes' gradient is a sum.
// CHECK-LABEL: func.func @prelu(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x4x4x2xf32>
// CHECK-SAME: %[[C:[^:]*]]: tensor<2xf32>
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.prelu_grad %[[X]], %[[C]], %[[DY]]
// CHECK: %[[EACH:.*]] = seg.prelu_slope_grad %[[X]], %[[DY]]
// CHECK: %[[DC:.*]] = seg.channel_sum %[[EACH]]
// CHECK: return %{{.*}}, %[[DX]], %[[DC]]
func.func @prelu(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %c: !c {seg.region = "parameters", seg.name = "c", seg.offset = 1024 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.prelu %x, %c : (!x, !c) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// Linear.
// CHECK-LABEL: func.func @scale(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: seg.scale %[[DY]] by 3.000000e+00
func.func @scale(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.scale %x by 3.0 : !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// Back to the input's type.
// CHECK-LABEL: func.func @cast(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: seg.cast %[[DY]] : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf16>
func.func @cast(%x: tensor<1x4x4x2xf16> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.cast %x : tensor<1x4x4x2xf16> -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// A broadcast operand has the sum over what it was broadcast to: over
// positions for one value a channel, over channels for one a position.
// CHECK-LABEL: func.func @add(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DP:.*]] = seg.channel_total %[[DY]] : tensor<1x4x4x2xf32> -> tensor<1x4x4x1xf32>
// CHECK: %[[DC:.*]] = seg.channel_sum %[[DY]]
// CHECK: return %{{.*}}, %[[DY]], %[[DC]], %[[DP]]
func.func @add(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %c: !c {seg.region = "parameters", seg.name = "c", seg.offset = 1024 : i64}, %p: tensor<1x4x4x1xf32> {seg.region = "parameters", seg.name = "p", seg.offset = 2048 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %0 = seg.add %x, %c : (!x, !c) -> !x
  %y = seg.add %0, %p : (!x, tensor<1x4x4x1xf32>) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// The second operand's sign is turned.
// CHECK-LABEL: func.func @sub(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[NEG:.*]] = seg.scale %[[DY]] by -1.000000e+00
// CHECK: %[[DC:.*]] = seg.channel_sum %[[NEG]]
// CHECK: return %{{.*}}, %[[DY]], %[[DC]]
func.func @sub(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %c: !c {seg.region = "parameters", seg.name = "c", seg.offset = 1024 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.sub %x, %c : (!x, !c) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// Each operand's gradient is the other's product.
// CHECK-LABEL: func.func @mul(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x4x4x2xf32>
// CHECK-SAME: %[[C:[^:]*]]: tensor<2xf32>
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.mul %[[DY]], %[[C]]
// CHECK: %[[EACH:.*]] = seg.mul %[[DY]], %[[X]]
// CHECK: %[[DC:.*]] = seg.channel_sum %[[EACH]]
// CHECK: return %{{.*}}, %[[DX]], %[[DC]]
func.func @mul(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %c: !c {seg.region = "parameters", seg.name = "c", seg.offset = 1024 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.mul %x, %c : (!x, !c) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// The same elements are dropped: same key, same id.
// CHECK-LABEL: func.func @dropout(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x4x4x2xf32>
// CHECK-SAME: %[[K:[^:]*]]: tensor<i64>
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: seg.dropout %[[DY]] key(%[[K]], %[[K]], %[[K]]) rate 5.000000e-01 id 3
func.func @dropout(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %k: tensor<i64>,
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.dropout %x key(%k, %k, %k) rate 0.5 id 3 : (!x, tensor<i64>, tensor<i64>, tensor<i64>) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// The sum over channels gives its gradient to each of them.
// CHECK-LABEL: func.func @channel_total(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x4x4x2xf32>
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[D:.*]] = seg.channel_total %[[DY]]
// CHECK: %[[ZERO:.*]] = seg.scale %[[X]] by 0.000000e+00
// CHECK: seg.add %[[ZERO]], %[[D]]
func.func @channel_total(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %i: !x,
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %0 = seg.channel_total %x : !x -> tensor<1x4x4x1xf32>
  %y = seg.add %i, %0 : (!x, tensor<1x4x4x1xf32>) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}
