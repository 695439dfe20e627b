// RUN: segc-opt %s --seg-outline-cpu-kernels=cpu=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,V4
// RUN: segc-opt %s --seg-outline-cpu-kernels=cpu=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,V3
// RUN: not segc-opt %s --seg-outline-cpu-kernels=cpu=i386 2>&1 | FileCheck %s --check-prefix=CPU

// CPU: error: no such CPU: 'i386'

// An entry becomes a table. A buffer is region, index, offset, elements and
// elements a sample: the image (1) is input 0; what lies between is in the
// arena (0) at 4096; parameters (3) lie at their offset; the result (2) is
// output 0. The last buffer of each launch is the temporary.
// CHECK: module attributes {seg.entries = {predict = {arena_bound = 12288 : i64, arena_bytes = 16384 : i64, arguments = [{seg.name = "image", {{[^}]*}}}, {seg.name = "c", {{[^}]*}}}]
// CHECK-SAME: launches = [
// CHECK-SAME: kernel = @k0_add, op = "seg.add {{[^"]*}}", operands = array<i64: 1, 0, 0, 2048, 0, 0, 3, 0, 64, 16, 0, 0, 0, 0, 4096, 0, 1024, 0, 0, 0, 0, 0, 0, 0>, outputs = 1 : i64}

// The same work on other buffers shares the kernel.
// CHECK-SAME: kernel = @k0_add, op = "seg.add {{[^"]*}}", operands = array<i64: 0, 0, 4096, 0, 1024, 0, 3, 0, 64, 16, 0, 0, 0, 0, 0, 0, 1024, 0, 0, 0, 0, 0, 0, 0>

// Another op does not; neither does another attribute.
// CHECK-SAME: kernel = @k1_leaky_relu
// CHECK-SAME: kernel = @k2_leaky_relu, {{.*}}operands = array<i64: 0, 0, 0, 0, 1024, 0, 2, 0, 0, 0, 1024, 0, 0, 0, 0, 0, 0, 0>
// CHECK-SAME: results = [{seg.name = "y", {{[^}]*}}}], scratch_bytes = 0 : i64

// Kernels are functions over flat memrefs that say how many tasks there are:
// none of fixed number, one a sample. No entry and no seg op is left.
// CHECK-NOT: func.func @predict
// CHECK-NOT: seg.fusion
// CHECK-LABEL: func.func @k0_add(
// CHECK-SAME: %[[X:[^:]*]]: memref<2048xf32>, %{{[^:]*}}: memref<16xf32>, %[[Y:[^:]*]]: memref<2048xf32>, %{{[^:]*}}: memref<0xf32>, %{{[^:]*}}: memref<0xf32>, %{{[^:]*}}: index, %{{[^:]*}}: index)
// CHECK-SAME: seg.scratch_bytes = 0 : i64, seg.tasks = array<i64: 0, 1>
// V4: vector.load %[[X]][{{.*}}] : memref<2048xf32>, vector<16xf32>
// V3: vector.load %[[X]][{{.*}}] : memref<2048xf32>, vector<8xf32>
// V4: vector.store {{.*}}, %[[Y]][{{.*}}] : memref<2048xf32>, vector<16xf32>
// V3: vector.store {{.*}}, %[[Y]][{{.*}}] : memref<2048xf32>, vector<8xf32>
// CHECK-LABEL: func.func @k1_leaky_relu(
// CHECK-LABEL: func.func @k2_leaky_relu(
// CHECK-NOT: func.func

!x = tensor<2x8x8x16xf32>
!c = tensor<16xf32>
func.func @predict(%x: !x {seg.region = "inputs", seg.name = "image", seg.offset = 0 : i64},
                   %c: !c {seg.region = "parameters", seg.name = "c", seg.offset = 64 : i64})
    -> (!x {seg.region = "outputs", seg.name = "y", seg.offset = 0 : i64})
    attributes {seg.arena_bytes = 16384 : i64, seg.arena_bound = 12288 : i64} {
  %0 = seg.fusion (%a = %x : !x, %b = %c : !c) -> (!x) attributes {offsets = array<i64: 4096>} {
    %r = seg.add %a, %b : (!x, !c) -> !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x, %b = %c : !c) -> (!x) attributes {offsets = array<i64: 0>} {
    %r = seg.add %a, %b : (!x, !c) -> !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %1 : !x) -> (!x) attributes {offsets = array<i64: 0>} {
    %r = seg.leaky_relu %a slope 0.25 : !x
    seg.yield %r : !x
  }
  %3 = seg.fusion (%a = %2 : !x) -> (!x) attributes {offsets = array<i64: -1>} {
    %r = seg.leaky_relu %a slope 0.5 : !x
    seg.yield %r : !x
  }
  return %3 : !x
}
