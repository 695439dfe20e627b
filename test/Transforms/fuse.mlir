// RUN: segc-opt %s --seg-fuse --split-input-file | FileCheck %s --check-prefixes=CHECK,FUSE
// RUN: segc-opt %s --seg-fuse=enable=false --split-input-file | FileCheck %s --check-prefixes=CHECK,OFF
// RUN: segc-opt %s --seg-fuse --mlir-debug-counter=seg-fusion-skip=0,seg-fusion-count=1 --split-input-file | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: segc-opt %s "--seg-fuse=reductions=false prologues=false" --split-input-file | FileCheck %s --check-prefixes=CHECK,EPILOGUES

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// Pointwise users become the epilogue of a convolution, as far as fuel lasts;
// only what is read outside leaves the kernel.
// CHECK-LABEL: func.func @epilogue(
func.func @epilogue(%x: !x, %w: !w, %c: tensor<16xf32>) -> !x {
  // FUSE: seg.fusion
  // FUSE-NEXT: %[[CONV:.*]] = seg.conv
  // FUSE-NEXT: %[[ADD:.*]] = seg.add %[[CONV]]
  // FUSE-NEXT: %[[RELU:.*]] = seg.relu %[[ADD]]
  // FUSE-NEXT: seg.yield %[[RELU]] : tensor<1x8x8x16xf32>
  // FUSE-NOT: seg.fusion

  // OFF: %[[F:.*]] = seg.fusion
  // OFF-NEXT: seg.conv
  // OFF-NEXT: seg.yield
  // OFF: seg.fusion (%{{.*}} = %[[F]]
  // OFF-NEXT: seg.add
  // OFF: seg.fusion
  // OFF-NEXT: seg.relu

  // ONE: seg.fusion
  // ONE-NEXT: seg.conv
  // ONE-NEXT: seg.add
  // ONE-NEXT: seg.yield
  // ONE: seg.fusion
  // ONE-NEXT: seg.relu
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %1 = seg.add %0, %c : (!x, tensor<16xf32>) -> !x
  %2 = seg.relu %1 : !x
  return %2 : !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// A value that others read too is a result of the kernel beside the last one.
// CHECK-LABEL: func.func @two_results(
func.func @two_results(%x: !x, %w: !w) -> (!x, !x) {
  // FUSE: %[[F:.*]]:2 = seg.fusion
  // FUSE: %[[CONV:.*]] = seg.conv
  // FUSE: %[[RELU:.*]] = seg.relu %[[CONV]]
  // FUSE: seg.yield %[[CONV]], %[[RELU]]
  // FUSE: return %[[F]]#0, %[[F]]#1
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %1 = seg.relu %0 : !x
  return %0, %1 : !x, !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// A kernel has one root: the sum joins one convolution and reads the other.
// CHECK-LABEL: func.func @two_roots(
func.func @two_roots(%x: !x, %w: !w) -> !x {
  // FUSE: %[[F:.*]] = seg.fusion
  // FUSE-NEXT: seg.conv
  // FUSE-NEXT: seg.yield
  // FUSE: seg.fusion ({{.*}} = %[[F]] : {{.*}})
  // FUSE-NEXT: seg.conv
  // FUSE-NEXT: seg.add
  // FUSE-NEXT: seg.yield
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %1 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %2 = seg.add %0, %1 : (!x, !x) -> !x
  return %2 : !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// What the root loads is computed on the way, and again beside the root where
// another op of the kernel reads it.
// CHECK-LABEL: func.func @residual(
func.func @residual(%x: !x, %w: !w) -> !x {
  // FUSE: seg.fusion
  // FUSE-NEXT: %[[P:.*]] = seg.relu
  // FUSE-NEXT: %[[Y:.*]] = seg.conv %[[P]]
  // FUSE-NEXT: %[[SUM:.*]] = seg.add %[[Y]], %[[P]]
  // FUSE-NEXT: seg.yield %[[SUM]]
  // FUSE-NOT: seg.fusion
  %p = seg.relu %x : !x
  %0 = seg.conv %p, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %1 = seg.add %0, %p : (!x, !x) -> !x
  return %1 : !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x32x16xf32>

// A concatenation of a crop and pointwise ops is written by nobody: forward and
// backward kernels read its parts.
// CHECK-LABEL: func.func @parts(
func.func @parts(%x: !x, %large: tensor<1x12x12x16xf32>, %w: !w, %dy: !x) -> (!x, !w) {
  // FUSE: seg.fusion
  // FUSE-NEXT: %[[CROP:.*]] = seg.crop
  // FUSE-NEXT: %[[RELU:.*]] = seg.relu
  // FUSE-NEXT: %[[ALL:.*]] = seg.concat %[[RELU]], %[[CROP]]
  // FUSE-NEXT: seg.conv %[[ALL]]
  // FUSE-NEXT: seg.yield
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.crop
  // FUSE-NEXT: seg.relu
  // FUSE-NEXT: %[[AGAIN:.*]] = seg.concat
  // FUSE-NEXT: seg.conv_filter_grad %[[AGAIN]]
  // FUSE-NEXT: seg.yield
  // FUSE-NOT: seg.fusion
  %c = seg.crop %large at [2, 2] : tensor<1x12x12x16xf32> -> !x
  %r = seg.relu %x : !x
  %all = seg.concat %r, %c : (!x, !x) -> tensor<1x8x8x32xf32>
  %y = seg.conv %all, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x32xf32>, !w) -> !x
  %dw = seg.conv_filter_grad %all, %dy strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x32xf32>, !x) -> !w
  return %y, %dw : !x, !w
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// One user that reads memory is enough: then all do. A pointwise user cannot
// read a crop at its own point.
// CHECK-LABEL: func.func @stored(
func.func @stored(%x: !x, %large: tensor<1x12x12x16xf32>, %w: !w) -> (!x, tensor<1x4x4x16xf32>, !x) {
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.relu
  // FUSE-NEXT: seg.yield
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.conv
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.max_pool
  %p = seg.relu %x : !x
  %0 = seg.conv %p, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %1 = seg.max_pool %p window [2, 2] strides [2, 2] : !x -> tensor<1x4x4x16xf32>
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.crop
  // FUSE-NEXT: seg.yield
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.conv
  // FUSE-NEXT: seg.add
  %c = seg.crop %large at [2, 2] : tensor<1x12x12x16xf32> -> !x
  %2 = seg.conv %c, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %3 = seg.add %2, %c : (!x, !x) -> !x
  return %0, %1, %3 : !x, tensor<1x4x4x16xf32>, !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// Statistics join the kernel that computes what they reduce; what they
// normalise cannot.
// CHECK-LABEL: func.func @statistics(
func.func @statistics(%x: !x, %w: !w, %c: tensor<16xf32>) -> !x {
  // FUSE: %[[F:.*]]:3 = seg.fusion
  // FUSE-NEXT: %[[CONV:.*]] = seg.conv
  // FUSE-NEXT: %[[MEAN:.*]], %[[RSTD:.*]] = seg.norm_stats batch %[[CONV]]
  // FUSE-NEXT: seg.yield %[[CONV]], %[[MEAN]], %[[RSTD]]
  // FUSE: seg.fusion ({{.*}} = %[[F]]#0 : {{.*}}, {{.*}} = %[[F]]#1 : {{.*}}, {{.*}} = %[[F]]#2
  // FUSE-NEXT: seg.norm_apply
  // FUSE-NEXT: seg.leaky_relu
  // FUSE-NEXT: seg.yield
  // EPILOGUES: seg.fusion
  // EPILOGUES-NEXT: seg.conv
  // EPILOGUES-NEXT: seg.yield
  // EPILOGUES: seg.fusion
  // EPILOGUES-NEXT: seg.norm_stats
  // EPILOGUES-NEXT: seg.yield
  // EPILOGUES: seg.fusion
  // EPILOGUES-NEXT: seg.norm_apply
  // EPILOGUES-NEXT: seg.leaky_relu
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %mean, %rstd = seg.norm_stats batch %0 epsilon 1.0e-3 : (!x) -> (tensor<16xf32>, tensor<16xf32>)
  %1 = seg.norm_apply %0, %mean, %rstd, %c, %c : (!x, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> !x
  %2 = seg.leaky_relu %1 slope 0.01 : !x
  return %2 : !x
}

// -----

!x = tensor<1x8x8x16xf32>
!z = tensor<1x8x8x3xf32>
!y = tensor<1x8x8xi32>

// Losses follow the head, and their sum does not; where tasks share the
// channels of a pixel, they stay apart.
// CHECK-LABEL: func.func @losses(
func.func @losses(%x: !x, %w: tensor<1x1x16x3xf32>, %y: !y) -> (!z, tensor<f32>) {
  // FUSE: %[[F:.*]]:3 = seg.fusion
  // FUSE-NEXT: %[[HEAD:.*]] = seg.conv
  // FUSE-NEXT: %[[DICE:.*]], %{{.*}}, %{{.*}} = seg.dice %[[HEAD]]
  // FUSE-NEXT: %[[CE:.*]] = seg.cross_entropy %[[HEAD]]
  // FUSE-NEXT: seg.yield %[[HEAD]], %[[DICE]], %[[CE]]
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.add
  // EPILOGUES: seg.conv
  // EPILOGUES-NEXT: seg.yield
  // EPILOGUES: seg.dice
  // EPILOGUES-NEXT: seg.yield
  // EPILOGUES: seg.cross_entropy
  %0 = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, tensor<1x1x16x3xf32>) -> !z
  %d, %p, %s = seg.dice %0, %y smooth 1.0 : (!z, !y) -> (tensor<f32>, tensor<3xf32>, tensor<1x3x3xf32>)
  %c = seg.cross_entropy %0, %y : (!z, !y) -> tensor<f32>
  %1 = seg.add %d, %c : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %0, %1 : !z, tensor<f32>
}
// CHECK-LABEL: func.func @many_classes(
func.func @many_classes(%x: !x, %w: tensor<1x1x16x16xf32>, %y: !y) -> (!x, tensor<f32>) {
  // FUSE: seg.conv
  // FUSE-NEXT: seg.yield
  // FUSE: seg.cross_entropy
  %0 = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, tensor<1x1x16x16xf32>) -> !x
  %c = seg.cross_entropy %0, %y : (!x, !y) -> tensor<f32>
  return %0, %c : !x, tensor<f32>
}

// -----

!x = tensor<1x8x8x16xf32>

// Several reductions, of pointwise ops; one of softmax, whose kernel does not
// work tile by tile, stays apart.
// CHECK-LABEL: func.func @reductions(
func.func @reductions(%x: !x, %z: !x) -> (!x, !x, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) {
  // FUSE: seg.fusion
  // FUSE-NEXT: %[[GRAD:.*]] = seg.relu_grad
  // FUSE-NEXT: %[[SUM:.*]] = seg.channel_sum %[[GRAD]]
  // FUSE-NEXT: %[[MEAN:.*]], %{{.*}} = seg.norm_stats batch %[[GRAD]]
  // FUSE-NEXT: seg.yield %[[GRAD]], %[[SUM]], %[[MEAN]]
  %0 = seg.relu_grad %z, %x : !x
  %1 = seg.channel_sum %0 : !x -> tensor<16xf32>
  %mean, %rstd = seg.norm_stats batch %0 epsilon 1.0e-3 : (!x) -> (tensor<16xf32>, tensor<16xf32>)
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.softmax
  // FUSE-NEXT: seg.yield
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.channel_sum
  %2 = seg.softmax %x : !x
  %3 = seg.channel_sum %2 : !x -> tensor<16xf32>
  return %0, %2, %1, %mean, %3 : !x, !x, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
}

// -----

!x = tensor<1x8x8x16xf32>

// A broadcast has an iteration space of its own; kernels come in an order in
// which each value is there when it is read.
// CHECK-LABEL: func.func @spaces(
func.func @spaces(%x: !x, %c: tensor<16xf32>) -> (!x, !x) {
  // FUSE: %[[C:.*]] = seg.fusion ({{.*}} : tensor<16xf32>) -> (tensor<16xf32>)
  // FUSE: seg.sigmoid
  // FUSE: %[[Y:.*]]:2 = seg.fusion ({{.*}} = %[[C]] : tensor<16xf32>) -> (tensor<1x8x8x16xf32>, tensor<1x8x8x16xf32>)
  // FUSE-DAG: seg.relu
  // FUSE-DAG: seg.mul
  // FUSE: return %[[Y]]#0, %[[Y]]#1
  %r = seg.relu %x : !x
  %s = seg.sigmoid %c : tensor<16xf32>
  %m = seg.mul %r, %s : (!x, tensor<16xf32>) -> !x
  return %r, %m : !x, !x
}

// -----

!x = tensor<1x8x8x16xf32>
!h = tensor<1x8x8x16xf16>
!w = tensor<3x3x16x16xf32>

// Every kernel that reads 16-bit memory widens it as it loads, roots too; what
// is rounded for others to read is rounded as it is stored.
// CHECK-LABEL: func.func @casts(
func.func @casts(%x: !h, %w: !w) -> (!h, !h) {
  // FUSE: seg.fusion (%[[A:.*]] = %{{.*}} : tensor<1x8x8x16xf16>, %{{.*}}) -> (tensor<1x8x8x16xf16>) {
  // FUSE-NEXT: %[[READ:.*]] = seg.cast %[[A]]
  // FUSE-NEXT: %[[CONV:.*]] = seg.conv %[[READ]]
  // FUSE-NEXT: %[[ROUNDED:.*]] = seg.cast %[[CONV]]
  // FUSE-NEXT: seg.yield %[[ROUNDED]]
  // FUSE: seg.fusion (%[[B:.*]] = %{{.*}} : tensor<1x8x8x16xf16>) -> (tensor<1x8x8x16xf16>) {
  // FUSE-NEXT: %[[SAME:.*]] = seg.cast %[[B]]
  // FUSE-NEXT: %[[RELU:.*]] = seg.relu %[[SAME]]
  // FUSE-NEXT: %[[OUT:.*]] = seg.cast %[[RELU]]
  // FUSE-NEXT: seg.yield %[[OUT]]

  // OFF: seg.fusion
  // OFF-NEXT: seg.cast
  // OFF-NEXT: seg.yield
  // OFF: seg.fusion
  // OFF-NEXT: seg.conv
  // OFF-NEXT: seg.yield
  %0 = seg.cast %x : !h -> !x
  %1 = seg.conv %0, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %2 = seg.cast %1 : !x -> !h
  %3 = seg.relu %0 : !x
  %4 = seg.cast %3 : !x -> !h
  return %2, %4 : !h, !h
}

// -----

!x = tensor<1x8x8x16xf32>
!h = tensor<1x8x8x16xf16>

// A root without an epilogue still rounds what it stores, but takes no more;
// filter gradients are summed where they lie and are never rounded.
// CHECK-LABEL: func.func @stores(
func.func @stores(%x: !x) -> (!h, tensor<3x3x16x16xf16>) {
  // FUSE: seg.fusion {{.*}} -> (tensor<1x8x8x16xf16>)
  // FUSE-NEXT: %[[POOL:.*]] = seg.crop
  // FUSE-NEXT: %[[ROUNDED:.*]] = seg.cast %[[POOL]]
  // FUSE-NEXT: seg.yield %[[ROUNDED]]
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.conv_filter_grad
  // FUSE-NEXT: seg.yield
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.cast
  // FUSE-NEXT: seg.yield
  %0 = seg.crop %x at [0, 0] : !x -> !x
  %1 = seg.cast %0 : !x -> !h
  %2 = seg.conv_filter_grad %x, %x strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !x) -> tensor<3x3x16x16xf32>
  %3 = seg.cast %2 : tensor<3x3x16x16xf32> -> tensor<3x3x16x16xf16>
  return %1, %3 : !h, tensor<3x3x16x16xf16>
}

// -----

!x = tensor<1x8x8x16xf32>
!h = tensor<1x8x8x16xf16>
!w = tensor<3x3x16x16xf32>

// A value that stays in registers is not rounded; one that others read too is,
// and is the same for all.
// CHECK-LABEL: func.func @registers(
func.func @registers(%x: !x, %w: !w) -> (!h, !h) {
  // FUSE: seg.fusion
  // FUSE-NEXT: %[[CONV:.*]] = seg.conv
  // FUSE-NEXT: %[[RELU:.*]] = seg.relu %[[CONV]]
  // FUSE-NEXT: %[[ROUNDED:.*]] = seg.cast %[[RELU]]
  // FUSE-NEXT: %[[READ:.*]] = seg.cast %[[ROUNDED]]
  // FUSE-NEXT: %[[SIGMOID:.*]] = seg.sigmoid %[[READ]]
  // FUSE-NEXT: %[[LAST:.*]] = seg.cast %[[SIGMOID]]
  // FUSE-NEXT: seg.yield %[[ROUNDED]], %[[LAST]]
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %1 = seg.cast %0 : !x -> !h
  %2 = seg.cast %1 : !h -> !x
  %3 = seg.relu %2 : !x
  %4 = seg.cast %3 : !x -> !h
  %5 = seg.cast %4 : !h -> !x
  %6 = seg.sigmoid %5 : !x
  %7 = seg.cast %6 : !x -> !h
  return %4, %7 : !h, !h
}

// -----

!x = tensor<1x8x8x16xf32>
!h = tensor<1x8x8x16xf16>

// A reduction reads again what its kernel has stored, in 16 bits too; it is
// stored even if no other kernel reads it.
// CHECK-LABEL: func.func @reduced(
func.func @reduced(%x: !x, %y: !x) -> (!h, tensor<16xf32>, tensor<16xf32>) {
  // FUSE: seg.fusion {{.*}} -> (tensor<1x8x8x16xf32>, tensor<1x8x8x16xf16>, tensor<16xf32>) {
  // FUSE-NEXT: %[[ADD:.*]] = seg.add
  // FUSE-NEXT: %[[COPY:.*]] = seg.cast %[[ADD]]
  // FUSE-NEXT: %[[SUM:.*]] = seg.channel_sum %[[ADD]]
  // FUSE-NEXT: seg.yield %[[ADD]], %[[COPY]], %[[SUM]]
  // FUSE: seg.fusion {{.*}} -> (tensor<1x8x8x16xf16>, tensor<16xf32>) {
  // FUSE-NEXT: %[[RELU:.*]] = seg.relu
  // FUSE-NEXT: %[[ROUNDED:.*]] = seg.cast %[[RELU]]
  // FUSE-NEXT: %[[READ:.*]] = seg.cast %[[ROUNDED]]
  // FUSE-NEXT: %[[TOTAL:.*]] = seg.channel_sum %[[READ]]
  // FUSE-NEXT: seg.yield %[[ROUNDED]], %[[TOTAL]]
  %0 = seg.add %x, %y : (!x, !x) -> !x
  %1 = seg.cast %0 : !x -> !h
  %2 = seg.channel_sum %0 : !x -> tensor<16xf32>
  %3 = seg.relu %x : !x
  %4 = seg.cast %3 : !x -> !h
  %5 = seg.cast %4 : !h -> !x
  %6 = seg.channel_sum %5 : !x -> tensor<16xf32>
  return %1, %2, %6 : !h, tensor<16xf32>, tensor<16xf32>
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// A sum that comes before a root does not join its kernel, by way of a user of
// both: a kernel computes nothing before its root.
// CHECK-LABEL: func.func @sum_before_root(
func.func @sum_before_root(%x: !x, %y: !x, %g: !x, %w: !w) -> (!x, tensor<16xf32>) {
  // FUSE: seg.fusion
  // FUSE-NEXT: seg.conv_input_grad
  // FUSE-NEXT: seg.yield
  // FUSE: seg.fusion
  // FUSE: seg.channel_sum
  // FUSE: return
  %0 = seg.mul %x, %y : (!x, !x) -> !x
  %1 = seg.channel_sum %0 : !x -> tensor<16xf32>
  %2 = seg.conv_input_grad %g, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %3 = seg.add %0, %2 : (!x, !x) -> !x
  return %3, %1 : !x, tensor<16xf32>
}

// -----

!x = tensor<1x8x8x16xf32>

// Each result has a place of its own: what is returned twice is copied.
// CHECK-LABEL: func.func @returned_twice(
func.func @returned_twice(%x: !x) -> (tensor<16xf32>, tensor<16xf32>) {
  // CHECK: %[[SUM:.*]] = seg.fusion
  // CHECK: seg.channel_sum
  // CHECK: %[[COPY:.*]] = seg.fusion (%{{.*}} = %[[SUM]]
  // CHECK-NEXT: seg.scale %{{.*}} by 1.0
  // CHECK: return %[[SUM]], %[[COPY]]
  %0 = seg.channel_sum %x : !x -> tensor<16xf32>
  return %0, %0 : tensor<16xf32>, tensor<16xf32>
}

// -----

!x = tensor<1x8x8x16xf32>

// What nobody needs is no kernel.
// CHECK-LABEL: func.func @dead(
func.func @dead(%x: !x) -> !x {
  // CHECK-NOT: seg.sigmoid
  // CHECK-NOT: seg.channel_sum
  // CHECK: %[[KEPT:.*]] = seg.fusion
  // CHECK: return %[[KEPT]]
  %0 = seg.sigmoid %x : !x
  %1 = seg.channel_sum %0 : !x -> tensor<16xf32>
  %2 = seg.relu %x : !x
  return %2 : !x
}
