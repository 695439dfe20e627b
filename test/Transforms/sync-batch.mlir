// RUN: segc-opt %s --seg-sync-batch | FileCheck %s

!x = tensor<2x4x4x3xf32>
!t = tensor<2x4x4xi32>
!c = tensor<3xf32>
!n = tensor<2x3xf32>
!s = tensor<f32>

// The common mean first, then the squares of the deviations from it. All that
// was computed of a rank's statistics is computed of these. The means that the
// gradient needs travel together.
// CHECK-LABEL: func.func @statistics(
// CHECK: %[[OWN:.*]], %[[R:.*]] = seg.norm_stats batch
// CHECK-NEXT: %[[MEAN:.*]] = seg.all_reduce mean %[[OWN]]
// CHECK-NEXT: %[[D:.*]] = seg.norm_deviation %[[OWN]], %[[R]], %[[MEAN]]
// CHECK-NEXT: %[[DS:.*]] = seg.all_reduce mean %[[D]]
// CHECK-NEXT: %[[RSTD:.*]] = seg.norm_rstd %[[DS]]
// CHECK-NEXT: seg.norm_apply %{{.*}}, %[[MEAN]], %[[RSTD]],
// CHECK-NEXT: seg.running_mean %{{.*}}, %[[MEAN]]
// CHECK-NEXT: %[[M:.*]], %[[MX:.*]], %{{.*}}, %{{.*}} = seg.norm_grad_stats batch %{{.*}}, %{{.*}}, %{{.*}}, %[[MEAN]], %[[RSTD]]
// CHECK-NEXT: %[[ALL:.*]]:2 = seg.all_reduce mean %[[M]], %[[MX]] : tensor<3xf32>, tensor<3xf32>
// CHECK-NEXT: seg.norm_grad_apply %{{.*}}, %{{.*}}, %{{.*}}, %[[MEAN]], %[[RSTD]], %[[ALL]]#0, %[[ALL]]#1
func.func @statistics(%x: !x, %g: !c, %b: !c) -> (!x, !c, !x, !c {seg.region = "gradients"}, !c) {
  %mean, %rstd = seg.norm_stats batch %x epsilon 1.0e-3 : (!x) -> (!c, !c)
  %y = seg.norm_apply %x, %mean, %rstd, %g, %b : (!x, !c, !c, !c, !c) -> !x
  %m = seg.running_mean %g, %mean momentum 0.75 : (!c, !c) -> !c
  %s1, %s2, %dg, %db = seg.norm_grad_stats batch %x, %y, %g, %mean, %rstd epsilon 1.0e-3 : (!x, !x, !c, !c, !c) -> (!c, !c, !c, !c)
  %dx = seg.norm_grad_apply %x, %y, %g, %mean, %rstd, %s1, %s2 : (!x, !x, !c, !c, !c, !c, !c) -> !x
  return %y, %m, %dx, %dg, %db : !x, !c, !x, !c, !c
}

// The loss is one of the sums of all ranks. A rank's logits are in the loss of
// every rank, which its gradient adds.
// CHECK-LABEL: func.func @dice(
// CHECK: %{{.*}}, %{{.*}}, %[[OWN:.*]] = seg.dice %{{.*}}, %{{.*}} batch_reduce
// CHECK-NEXT: %[[ALL:.*]] = seg.all_reduce sum %[[OWN]]
// CHECK-NEXT: %[[LOSS:.*]], %[[EACH:.*]] = seg.dice_from_sums %[[ALL]] smooth 1.000000e+00
// CHECK-NEXT: %[[G:.*]] = seg.all_reduce sum %arg2
// CHECK-NEXT: %[[DZ:.*]] = seg.dice_grad %{{.*}}, %{{.*}}, %[[ALL]], %[[G]] batch_reduce
// CHECK-NEXT: return %[[LOSS]], %[[EACH]], %[[DZ]]
func.func @dice(%z: !x, %t: !t, %scale: !s) -> (!s, !c, !x {seg.region = "gradients"}) {
  %loss, %each, %sums = seg.dice %z, %t batch_reduce smooth 1.0 : (!x, !t) -> (!s, !c, tensor<2x3x3xf32>)
  %dz = seg.dice_grad %z, %t, %sums, %scale batch_reduce smooth 1.0 : (!x, !t, tensor<2x3x3xf32>, !s) -> !x
  return %loss, %each, %dz : !s, !c, !x
}

// The weights of all ranks divide the sums of each.
// CHECK-LABEL: func.func @weights(
// CHECK: %[[L:.*]], %[[W:.*]] = seg.weighted_cross_entropy
// CHECK-NEXT: %[[ALL:.*]] = seg.all_reduce mean %[[W]]
// CHECK-NEXT: %[[SHARE:.*]] = seg.weighted_share %[[L]], %[[W]], %[[ALL]]
// CHECK-NEXT: seg.weighted_cross_entropy_grad %{{.*}}, %{{.*}}, %[[ALL]], %arg2
// CHECK: %[[L2:.*]], %[[V:.*]] = seg.binary_cross_entropy
// CHECK-NEXT: %[[ALL2:.*]] = seg.all_reduce mean %[[V]]
// CHECK-NEXT: %[[SHARE2:.*]] = seg.weighted_share %[[L2]], %[[V]], %[[ALL2]]
// CHECK: return %[[SHARE]], %[[SHARE2]],
func.func @weights(%z: !x, %t: !t, %scale: !s) -> (!s, !s, !x {seg.region = "gradients"}) {
  %l, %w = seg.weighted_cross_entropy %z, %t weights [1.0, 0.5, 2.0] : (!x, !t) -> (!s, !s)
  %dz = seg.weighted_cross_entropy_grad %z, %t, %w, %scale weights [1.0, 0.5, 2.0] : (!x, !t, !s, !s) -> !x
  %l2, %v = seg.binary_cross_entropy %z, %t regions [[1], [2], [0]] ignored 3 : (!x, !t) -> (!s, !s)
  return %l, %l2, %dz : !s, !s, !x
}

// What is of each sample, and what evaluates, needs no other rank.
// CHECK-LABEL: func.func @samples(
// CHECK-NOT: seg.all_reduce
// CHECK-LABEL: func.func @evaluates(
// CHECK-NOT: seg.all_reduce
func.func @samples(%x: !x, %t: !t) -> (!n, !s, !x {seg.region = "gradients"}) {
  %mean, %rstd = seg.norm_stats instance %x epsilon 1.0e-3 : (!x) -> (!n, !n)
  %loss, %each, %sums = seg.dice %x, %t smooth 1.0 : (!x, !t) -> (!s, !c, tensor<2x3x3xf32>)
  %dz = seg.dice_grad %x, %t, %sums, %loss smooth 1.0 : (!x, !t, tensor<2x3x3xf32>, !s) -> !x
  return %mean, %loss, %dz : !n, !s, !x
}
func.func @evaluates(%z: !x, %t: !t) -> !s {
  %loss, %each, %sums = seg.dice %z, %t batch_reduce smooth 1.0 : (!x, !t) -> (!s, !c, tensor<2x3x3xf32>)
  return %loss : !s
}
