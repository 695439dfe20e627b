// RUN: segc-opt %s --seg-fuse-horizontally=target=cuda --split-input-file | FileCheck %s
// RUN: segc-opt %s --seg-fuse-horizontally=target=cpu --split-input-file | FileCheck %s --check-prefix=CPU
// RUN: segc-opt %s "--seg-fuse-horizontally=target=cuda enable=false" --split-input-file | FileCheck %s --check-prefix=CPU
// RUN: segc-opt %s "--seg-fuse-horizontally=target=cuda small-bytes=16" --split-input-file | FileCheck %s --check-prefix=LARGE
// RUN: segc-opt %s --seg-fuse-horizontally=target=cuda --split-input-file --mlir-debug-counter=seg-fusion-skip=0,seg-fusion-count=1 | FileCheck %s --check-prefix=CPU
// RUN: segc-opt %s --seg-fuse-horizontally=target=cuda --split-input-file --remarks-filter-passed=fusion --remarks-filter-missed=fusion --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK

// Kernels of CPUs need no launch.
// CPU-NOT: horizontal

// Running statistics leave the function: all are updated at its end. Other
// small tensors may live until then.
// CHECK-LABEL: func.func @running(
// CHECK: seg.norm_stats
// CHECK: seg.norm_stats
// CHECK: %[[R:.*]]:3 = seg.fusion (
// CHECK-SAME: -> (tensor<4xf32>, tensor<4xf32>, tensor<6xf32>) attributes {strategy = #seg.strategy<horizontal>}
// CHECK: seg.running_mean
// CHECK: seg.running_variance
// CHECK: seg.running_mean
// CHECK: return %[[R]]#0, %[[R]]#1, %[[R]]#2
// LARGE-LABEL: func.func @running(
// LARGE: -> (tensor<4xf32>, tensor<4xf32>) attributes {strategy = #seg.strategy<horizontal>}
// LARGE-NOT: horizontal
// LARGE-LABEL: func.func @parameters(
// REMARK: {{.}}Passed] merged {{.*}} Remark=seg.running_mean{{.*}} kernels=3
!x = tensor<1x8x8x4xf32>
!y = tensor<1x8x8x6xf32>
!c = tensor<4xf32>
!d = tensor<6xf32>
func.func @running(%x: !x, %y: !y, %m: !c {seg.region = "states", seg.offset = 0}, %v: !c {seg.region = "states", seg.offset = 64}, %n: !d {seg.region = "states", seg.offset = 128})
    -> (!c {seg.region = "states", seg.offset = 0}, !c {seg.region = "states", seg.offset = 64}, !d {seg.region = "states", seg.offset = 128}) {
  %0:2 = seg.fusion (%a = %x : !x) -> (!c, !c) {
    %mean, %rstd = seg.norm_stats batch %a epsilon 1.0e-3 : (!x) -> (!c, !c)
    seg.yield %mean, %rstd : !c, !c
  }
  %1 = seg.fusion (%a = %m : !c, %b = %0#0 : !c) -> (!c) {
    %r = seg.running_mean %a, %b momentum 0.75 : (!c, !c) -> !c
    seg.yield %r : !c
  }
  %2 = seg.fusion (%a = %v : !c, %b = %0#1 : !c) -> (!c) {
    %r = seg.running_variance %a, %b momentum 0.75 epsilon 1.0e-3 : (!c, !c) -> !c
    seg.yield %r : !c
  }
  %3:2 = seg.fusion (%a = %y : !y) -> (!d, !d) {
    %mean, %rstd = seg.norm_stats batch %a epsilon 1.0e-3 : (!y) -> (!d, !d)
    seg.yield %mean, %rstd : !d, !d
  }
  %4 = seg.fusion (%a = %n : !d, %b = %3#0 : !d) -> (!d) {
    %r = seg.running_mean %a, %b momentum 0.75 : (!d, !d) -> !d
    seg.yield %r : !d
  }
  return %1, %2, %4 : !c, !c, !d
}

// -----

// What reads parameters alone is computed at the begin, once for all readers,
// but an image's first dimension is the batch.
// CHECK-LABEL: func.func @parameters(
// CHECK-NEXT: seg.fusion (%{{.*}} = %arg0
// CHECK: %[[P:.*]]:2 = seg.fusion (
// CHECK-SAME: -> (tensor<3x3x2x4xf16>, tensor<3x3x4x4xf16>) attributes {strategy = #seg.strategy<horizontal>}
// CHECK-NOT: horizontal
// CHECK: seg.fusion ({{.*}} = %[[P]]#0 :
// CHECK: seg.fusion ({{.*}} = %[[P]]#1 :
// REMARK: {{.}}Missed] not-merged {{.*}} Reason="it depends on other kernels{{.*}}Remark=seg.relu
!x = tensor<1x8x8x2xf32>
!y = tensor<1x8x8x4xf32>
!w = tensor<3x3x2x4xf32>
!u = tensor<3x3x4x4xf32>
!wh = tensor<3x3x2x4xf16>
!uh = tensor<3x3x4x4xf16>
func.func @parameters(%x: !x {seg.region = "inputs"}, %w: !w {seg.region = "parameters"}, %u: !u {seg.region = "parameters"}) -> !y {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %w : !w) -> (!wh) {
    %r = seg.cast %a : !w -> !wh
    seg.yield %r : !wh
  }
  %2 = seg.fusion (%a = %0 : !x, %b = %1 : !wh) -> (!y) {
    %f = seg.cast %b : !wh -> !w
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %r : !y
  }
  %3 = seg.fusion (%a = %u : !u) -> (!uh) {
    %r = seg.cast %a : !u -> !uh
    seg.yield %r : !uh
  }
  %4 = seg.fusion (%a = %2 : !y, %b = %3 : !uh) -> (!y) {
    %f = seg.cast %b : !uh -> !u
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!y, !u) -> !y
    seg.yield %r : !y
  }
  return %4 : !y
}

// -----

// The first would overwrite what the last reads: their blocks run in any order.
// CHECK-LABEL: func.func @overwrites(
// CHECK: %[[A:.*]] = seg.fusion
// CHECK: seg.relu
// CHECK: %[[R:.*]]:2 = seg.fusion
// CHECK: seg.scale
// CHECK: seg.sigmoid
// CHECK: return %[[A]], %[[R]]#0, %[[R]]#1
// REMARK: {{.}}Missed] not-merged {{.*}} Reason="it overwrites what another reads"{{.*}}Remark=seg.relu
!c = tensor<4xf32>
func.func @overwrites(%m: !c {seg.region = "states", seg.offset = 0}, %n: !c {seg.region = "states", seg.offset = 64})
    -> (!c {seg.region = "states", seg.offset = 0}, !c {seg.region = "outputs", seg.offset = 0}, !c {seg.region = "outputs", seg.offset = 64}) {
  %0 = seg.fusion (%a = %n : !c) -> (!c) {
    %r = seg.relu %a : !c
    seg.yield %r : !c
  }
  %1 = seg.fusion (%a = %n : !c) -> (!c) {
    %r = seg.scale %a by 0.5 : !c
    seg.yield %r : !c
  }
  %2 = seg.fusion (%a = %m : !c) -> (!c) {
    %r = seg.sigmoid %a : !c
    seg.yield %r : !c
  }
  return %0, %1, %2 : !c, !c, !c
}

// -----

// A command has room for 32 operands: a temporary is one of them.
// CHECK-LABEL: func.func @operands(
// CHECK-NOT: horizontal
// CHECK: return
// REMARK: {{.}}Missed] not-merged {{.*}} Reason="no other kernel like it is left"
!c = tensor<4xf32>
func.func @operands(%x0: !c, %x1: !c, %x2: !c, %x3: !c, %x4: !c, %x5: !c, %x6: !c, %x7: !c, %y0: !c, %y1: !c, %y2: !c, %y3: !c, %y4: !c, %y5: !c, %y6: !c, %y7: !c)
    -> (!c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c) {
  %0:8 = seg.fusion (%a0 = %x0 : !c, %a1 = %x1 : !c, %a2 = %x2 : !c, %a3 = %x3 : !c, %a4 = %x4 : !c, %a5 = %x5 : !c, %a6 = %x6 : !c, %a7 = %x7 : !c) -> (!c, !c, !c, !c, !c, !c, !c, !c) {
    %r0 = seg.relu %a0 : !c
    %r1 = seg.relu %a1 : !c
    %r2 = seg.relu %a2 : !c
    %r3 = seg.relu %a3 : !c
    %r4 = seg.relu %a4 : !c
    %r5 = seg.relu %a5 : !c
    %r6 = seg.relu %a6 : !c
    %r7 = seg.relu %a7 : !c
    seg.yield %r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7 : !c, !c, !c, !c, !c, !c, !c, !c
  }
  %1:8 = seg.fusion (%a0 = %y0 : !c, %a1 = %y1 : !c, %a2 = %y2 : !c, %a3 = %y3 : !c, %a4 = %y4 : !c, %a5 = %y5 : !c, %a6 = %y6 : !c, %a7 = %y7 : !c) -> (!c, !c, !c, !c, !c, !c, !c, !c) {
    %r0 = seg.relu %a0 : !c
    %r1 = seg.relu %a1 : !c
    %r2 = seg.relu %a2 : !c
    %r3 = seg.relu %a3 : !c
    %r4 = seg.relu %a4 : !c
    %r5 = seg.relu %a5 : !c
    %r6 = seg.relu %a6 : !c
    %r7 = seg.relu %a7 : !c
    seg.yield %r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7 : !c, !c, !c, !c, !c, !c, !c, !c
  }
  return %0#0, %0#1, %0#2, %0#3, %0#4, %0#5, %0#6, %0#7, %1#0, %1#1, %1#2, %1#3, %1#4, %1#5, %1#6, %1#7 : !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c, !c
}
