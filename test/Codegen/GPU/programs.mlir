// RUN: segc-opt %s --segc-gpu | FileCheck %s
// RUN: not segc-opt %s --segc-gpu=chip=sm_10 2>&1 | FileCheck %s --check-prefix=CHIP

// CHIP: error: unknown version 'sm_10' of the target cuda: expected one of sm_80, sm_90, sm_90a

!x = tensor<2x9x9x16xf32>
!c = tensor<16xf32>
!s = tensor<2x16xf32>

// A kernel takes the inputs, the outputs, the temporary and the number of
// samples, as the CPU's do; a block is a task, two for each sample.
// CHECK-LABEL: gpu.module @kernels
// CHECK: gpu.func @k0_norm_apply(%[[X:[^:]*]]: memref<2592xf32>, %[[MEAN:[^:]*]]: memref<32xf32>, %{{[^:]*}}: memref<32xf32>, %[[GAMMA:[^:]*]]: memref<16xf32>, %{{[^:]*}}: memref<16xf32>, %[[Y:[^:]*]]: memref<2592xf32>, %{{[^:]*}}: memref<0xf32>, %{{[^:]*}}: index)
// CHECK-SAME: exec.kernel = #exec.kernel<@f0_norm_apply launch 0 tasks 0 + 2 * n scratch 0 threads 256>, known_block_size = array<i32: 256, 1, 1>
// CHECK-DAG: gpu.block_id x
// CHECK-DAG: gpu.thread_id x

// A thread loads, computes and stores a vector; what the ops compute is
// written once, for all targets.
// CHECK: %[[INSIDE:.*]] = arith.cmpi slt
// CHECK: scf.if %[[INSIDE]] {
// CHECK: vector.load %[[X]][%{{.*}}] {alignment = 16 : i64} : memref<2592xf32>, vector<4xf32>
// CHECK: vector.load %[[MEAN]][%{{.*}}] {alignment = 16 : i64} : memref<32xf32>, vector<4xf32>
// CHECK: vector.load %[[GAMMA]][%{{.*}}] {alignment = 16 : i64} : memref<16xf32>, vector<4xf32>
// CHECK: math.fma {{.*}} : vector<4xf32>
// CHECK: arith.cmpf ogt, {{.*}} : vector<4xf32>
// CHECK: vector.store {{.*}}, %[[Y]][%{{.*}}] {alignment = 16 : i64} : memref<2592xf32>, vector<4xf32>

// What is left of the last vector goes element by element.
// CHECK: scf.for
// CHECK: vector.load %[[X]][%{{.*}}] {alignment = 4 : i64} : memref<2592xf32>, vector<1xf32>
// CHECK: gpu.return
// CHECK-NOT: gpu.func

// The program is that of every target. Blocks go with the samples; the same
// work on other buffers shares the kernel.
// CHECK-LABEL: exec.program @f
// CHECK-SAME: arena 10368
// CHECK: %[[BETWEEN:.*]] = exec.launch [@kernels::@k0_norm_apply] ({{.*}}) -> (arena + 0 : tensor<2x9x9x16xf32>)
// CHECK: exec.launch [@kernels::@k0_norm_apply] (%[[BETWEEN]] : {{.*}}) -> (outputs[0] : tensor<2x9x9x16xf32>)
func.func @f(%x: !x, %m: !s, %r: !s, %g: !c, %b: !c) -> !x {
  %0 = seg.fusion (%a0 = %x : !x, %a1 = %m : !s, %a2 = %r : !s, %a3 = %g : !c, %a4 = %b : !c) -> (!x) {
    %1 = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (!x, !s, !s, !c, !c) -> !x
    %2 = seg.leaky_relu %1 slope 0.01 : !x
    seg.yield %2 : !x
  }
  %3 = seg.fusion (%a0 = %0 : !x, %a1 = %m : !s, %a2 = %r : !s, %a3 = %g : !c, %a4 = %b : !c) -> (!x) {
    %1 = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (!x, !s, !s, !c, !c) -> !x
    %2 = seg.leaky_relu %1 slope 0.01 : !x
    seg.yield %2 : !x
  }
  return %3 : !x
}
