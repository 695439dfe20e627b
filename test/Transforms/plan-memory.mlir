// RUN: segc-opt %s --seg-plan-memory | FileCheck %s --check-prefixes=CHECK,PLACE
// RUN: segc-opt %s --seg-plan-memory=in-place=false | FileCheck %s --check-prefixes=CHECK,APART
// RUN: segc-opt %s --seg-plan-memory="in-place=false reuse=false" | FileCheck %s --check-prefixes=CHECK,ALONE

!x = tensor<1x8x8x16xf32>

// A chain of three: the last lives in the result. Pointwise, the second takes
// the place of the first; else two buffers; what is read and written by one
// kernel is apart.
// CHECK-LABEL: func.func @chain(
// PLACE-SAME: seg.arena_bound = 4096 : i64, seg.arena_bytes = 4096 : i64
// APART-SAME: seg.arena_bound = 8192 : i64, seg.arena_bytes = 8192 : i64
// ALONE-SAME: seg.arena_bound = 8192 : i64, seg.arena_bytes = 12288 : i64
func.func @chain(%x: !x) -> !x {
  // CHECK: seg.fusion {{.*}} attributes {offsets = array<i64: [[A:[0-9]+]]>}
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  // PLACE: seg.fusion {{.*}} attributes {offsets = array<i64: [[A]]>}
  // APART: seg.fusion {{.*}} attributes {offsets = array<i64: {{0|4096}}>}
  // ALONE: seg.fusion {{.*}} attributes {offsets = array<i64: 4096>}
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  // PLACE: seg.fusion {{.*}} attributes {offsets = array<i64: [[A]]>}
  // APART: seg.fusion {{.*}} attributes {offsets = array<i64: [[A]]>}
  // ALONE: seg.fusion {{.*}} attributes {offsets = array<i64: 8192>}
  %2 = seg.fusion (%a = %1 : !x) -> (!x) {
    %r = seg.leaky_relu %a slope 0.01 : !x
    seg.yield %r : !x
  }
  // CHECK: seg.fusion {{.*}} attributes {offsets = array<i64: -1>}
  %3 = seg.fusion (%a = %2 : !x) -> (!x) {
    %r = seg.softmax %a : !x
    seg.yield %r : !x
  }
  return %3 : !x
}

// A root reads its operand out of order: no result may overwrite it.
// CHECK-LABEL: func.func @root(
// PLACE-SAME: seg.arena_bytes = 8192 : i64
func.func @root(%x: !x, %w: tensor<3x3x16x16xf32>) -> !x {
  // PLACE: seg.fusion {{.*}} attributes {offsets = array<i64: [[A:[0-9]+]]>}
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  // PLACE-NOT: offsets = array<i64: [[A]]>
  // PLACE: return
  %1 = seg.fusion (%a = %0 : !x, %f = %w : tensor<3x3x16x16xf32>) -> (!x) {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, tensor<3x3x16x16xf32>) -> !x
    %s = seg.add %r, %a : (!x, !x) -> !x
    seg.yield %s : !x
  }
  %2 = seg.fusion (%a = %1 : !x) -> (!x) {
    %r = seg.softmax %a : !x
    seg.yield %r : !x
  }
  return %2 : !x
}

// An operand of the epilogue only is read where the result is written: in
// place; one that is read later is not.
// CHECK-LABEL: func.func @epilogue(
func.func @epilogue(%x: !x, %w: tensor<3x3x16x16xf32>) -> (!x, !x) {
  // PLACE: seg.fusion {{.*}} attributes {offsets = array<i64: [[A:[0-9]+]], [[B:[0-9]+]]>}
  %0:2 = seg.fusion (%a = %x : !x) -> (!x, !x) {
    %r = seg.relu %a : !x
    %s = seg.sigmoid %a : !x
    seg.yield %r, %s : !x, !x
  }
  // PLACE: seg.fusion {{.*}} attributes {offsets = array<i64: [[A]]>}
  %1 = seg.fusion (%a = %x : !x, %f = %w : tensor<3x3x16x16xf32>, %e = %0#0 : !x) -> (!x) {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, tensor<3x3x16x16xf32>) -> !x
    %s = seg.add %r, %e : (!x, !x) -> !x
    seg.yield %s : !x
  }
  // PLACE: seg.fusion {{.*}} attributes {offsets = array<i64: [[C:[0-9]+]], -1>}
  %2:2 = seg.fusion (%a = %0#1 : !x, %b = %1 : !x) -> (!x, !x) {
    %r = seg.softmax %a : !x
    %s = seg.mul %r, %b : (!x, !x) -> !x
    seg.yield %r, %s : !x, !x
  }
  %3 = seg.fusion (%a = %2#0 : !x, %b = %0#1 : !x) -> (!x) {
    %r = seg.add %a, %b : (!x, !x) -> !x
    seg.yield %r : !x
  }
  return %2#1, %3 : !x, !x
}

// A kernel's temporary lies in the arena while it runs, apart from what it
// reads and writes.
// CHECK-LABEL: func.func @temporary(
// PLACE-SAME: seg.arena_bound = 5120 : i64, seg.arena_bytes = 5120 : i64
func.func @temporary(%x: !x) -> tensor<16xf32> {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  // PLACE: strategy = #seg.strategy<two_step, temp_bytes = 1024>, temp_offset = 4096 : i64}
  %1 = seg.fusion (%a = %0 : !x) -> (tensor<16xf32>) attributes {strategy = #seg.strategy<two_step, temp_bytes = 1024>} {
    %r = seg.channel_sum %a : !x -> tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  return %1 : tensor<16xf32>
}

// A prepared filter outlives the call: it has no place in the arena.
// CHECK-LABEL: func.func @prepared(
// CHECK-SAME: seg.arena_bytes = 4096 : i64
// CHECK-NOT: temp_offset
// CHECK: return
func.func @prepared(%x: !x, %w: tensor<3x3x16x16xf32>) -> !x {
  %0 = seg.fusion (%a = %x : !x, %f = %w : tensor<3x3x16x16xf32>) -> (!x) attributes {strategy = #seg.strategy<direct, temp_bytes = 9216, prepared>} {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, tensor<3x3x16x16xf32>) -> !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.softmax %a : !x
    seg.yield %r : !x
  }
  return %1 : !x
}

// A prologue reads neighbours through its root: the result is apart.
// CHECK-LABEL: func.func @prologue(
func.func @prologue(%x: tensor<1x8x8x16xf32>, %w: tensor<3x3x16x16xf32>) -> tensor<1x8x8x16xf32> {
  // CHECK: seg.fusion {{.*}} attributes {offsets = array<i64: [[P:[0-9]+]]>}
  %0 = seg.fusion (%a = %x : tensor<1x8x8x16xf32>) -> (tensor<1x8x8x16xf32>) {
    %r = seg.relu %a : tensor<1x8x8x16xf32>
    seg.yield %r : tensor<1x8x8x16xf32>
  }
  // CHECK-NOT: seg.fusion {{.*}} attributes {offsets = array<i64: [[P]]>}
  // CHECK: seg.conv
  %1 = seg.fusion (%a = %0 : tensor<1x8x8x16xf32>, %b = %w : tensor<3x3x16x16xf32>) -> (tensor<1x8x8x16xf32>) {
    %r = seg.sigmoid %a : tensor<1x8x8x16xf32>
    %s = seg.conv %r, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x16xf32>, tensor<3x3x16x16xf32>) -> tensor<1x8x8x16xf32>
    seg.yield %s : tensor<1x8x8x16xf32>
  }
  %2 = seg.fusion (%a = %1 : tensor<1x8x8x16xf32>) -> (tensor<1x8x8x16xf32>) {
    %r = seg.softmax %a : tensor<1x8x8x16xf32>
    seg.yield %r : tensor<1x8x8x16xf32>
  }
  return %2 : tensor<1x8x8x16xf32>
}

// Another part of the kernel may read an operand after the first has written its
// result: that of the second is apart, that of the third may take the place of
// what it alone reads.
// CHECK-LABEL: func.func @parts(
func.func @parts(%x: !x) -> !x {
  // PLACE: seg.fusion {{.*}} attributes {offsets = array<i64: [[A:[0-9]+]], [[B:[0-9]+]]>}
  %0:2 = seg.fusion (%a = %x : !x) -> (!x, !x) {
    %r = seg.relu %a : !x
    %s = seg.sigmoid %a : !x
    seg.yield %r, %s : !x, !x
  }
  // PLACE-NOT: {offsets = array<i64: {{.*}}[[A]]
  // PLACE: seg.fusion {{.*}} attributes {offsets = array<i64: {{[0-9]+, [0-9]+}}, [[B]]>, strategy = #seg.strategy<horizontal>}
  %1:3 = seg.fusion (%a = %0#0 : !x, %b = %0#1 : !x) -> (!x, !x, !x) attributes {strategy = #seg.strategy<horizontal>} {
    %r = seg.relu %a : !x
    %s = seg.sigmoid %a : !x
    %t = seg.sigmoid %b : !x
    seg.yield %r, %s, %t : !x, !x, !x
  }
  // CHECK: seg.softmax
  %2 = seg.fusion (%a = %1#0 : !x, %b = %1#1 : !x, %c = %1#2 : !x) -> (!x) {
    %r = seg.add %a, %b : (!x, !x) -> !x
    %s = seg.add %r, %c : (!x, !x) -> !x
    %t = seg.softmax %s : !x
    seg.yield %t : !x
  }
  return %2 : !x
}
