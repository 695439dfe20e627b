// RUN: segc-opt %s --segc-gpu | FileCheck %s
// RUN: segc-opt %s --pass-pipeline="builtin.module(func.func(seg-select-strategy{target=cuda}))" | FileCheck %s --check-prefix=STRATEGY

!x = tensor<2x9x10x11x16xf32>
!y = tensor<2x9x10x11x32xf32>
!w = tensor<3x3x3x16x32xf32>
!c = tensor<16xf32>
!s = tensor<2x16xf32>
!k = tensor<32xf32>
!t = tensor<2x32xf32>

// The block's tile is pixels x output channels, with so many taps and input
// channels at a time. Two samples of 8 tiles and one, and the same for their
// merges, have 2 x 32 floats.
// STRATEGY: strategy = #seg.strategy<implicit_gemm, thread_columns = 4, thread_rows = 4, tile = [128, 32, 16], sums_bytes = 5632>

// The sums of the tile take the place of A and B in shared memory.
// CHECK: gpu.func @k0_conv(%[[X:[^:]*]]: memref<31680xf32>, {{.*}}, %[[W:[^:]*]]: memref<13824xf32>, %[[BIAS:[^:]*]]: memref<32xf32>, %[[Y:[^:]*]]: memref<63360xf32>, %{{[^:]*}}: memref<64xf32>, %{{[^:]*}}: memref<64xf32>, %{{[^:]*}}: memref<0xf32>, %[[TEMP:[^:]*]]: memref<1408xf32>, %{{[^:]*}}: index)
// CHECK-SAME: exec.kernel = #exec.kernel<@f0_conv launch 0 tasks 0 + 8 * n scratch 0 threads 256 shared 21504>, known_block_size = array<i32: 256, 1, 1>
// CHECK: %[[SHARED:.*]] = memref.view {{.*}} to memref<5376xf32, #gpu.address_space<workgroup>>

// The first step: the prologue is applied on the way, and only inside the
// input. Vectors of channels are stored one channel a row.
// CHECK: %[[INPUT:.*]] = scf.if {{.*}} -> (vector<4xf32>) {
// CHECK: %[[PIXEL:.*]] = vector.load %[[X]]
// CHECK: arith.subf %[[PIXEL]]
// CHECK: %[[ACTIVATED:.*]] = arith.select
// CHECK: scf.yield %[[ACTIVATED]]
// CHECK: } else {
// CHECK-NEXT: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK-NEXT: scf.yield %[[ZERO]]
// CHECK: vector.load %[[W]]
// CHECK: %[[CHANNEL:.*]] = vector.extract %[[INPUT]][0]
// CHECK: memref.store %[[CHANNEL]], %[[SHARED]]
// CHECK: gpu.barrier

// A step is multiplied, 4 pixels x 4 channels a thread, between the loads of the
// next and their stores.
// CHECK: scf.for {{.*}} -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK: %[[NEXT:.*]] = scf.if {{.*}} -> (vector<4xf32>) {
// CHECK: vector.load %[[X]]
// CHECK: scf.for
// CHECK: vector.load %[[SHARED]][%{{.*}}] {alignment = 16 : i64} : memref<5376xf32, #gpu.address_space<workgroup>>, vector<4xf32>
// CHECK: vector.load %[[SHARED]][%{{.*}}] {alignment = 16 : i64} : memref<5376xf32, #gpu.address_space<workgroup>>, vector<4xf32>
// CHECK-COUNT-4: math.fma {{.*}} : vector<4xf32>
// CHECK: vector.extract %[[NEXT]][0]
// CHECK: gpu.barrier
// CHECK: }
// CHECK: vector.store {{.*}}, %[[SHARED]]
// The bias is loaded ahead of the barrier.
// CHECK: vector.load %[[BIAS]]
// CHECK: gpu.barrier

// Stores of whole vectors; the statistics of the tile, shifted by its first
// pixel, are of what a thread has stored, which it does not read again.
// CHECK: vector.load %[[SHARED]]
// CHECK: vector.store {{.*}}, %[[Y]]
// CHECK-NOT: vector.load %[[Y]]
// CHECK: gpu.barrier
// CHECK: vector.store {{.*}}, %[[SHARED]]
// CHECK: gpu.barrier
// CHECK: vector.store {{.*}}, %[[TEMP]]
// CHECK: vector.store {{.*}}, %[[TEMP]]

// Tiles are merged in a fixed tree, in f64, of both samples at once, 8 channels
// a block; then samples are, a thread a channel.
// CHECK: gpu.func @k0_conv_1(
// CHECK-SAME: exec.kernel = #exec.kernel<@f0_conv launch 1 tasks 4 + 0 * n scratch 0 threads 32 shared 768>
// CHECK: arith.extf {{.*}} : vector<1xf32> to vector<1xf64>
// CHECK: gpu.barrier
// CHECK: math.sqrt {{.*}} : vector<1xf64>
// CHECK-NOT: gpu.func

// CHECK-LABEL: exec.program @f
// CHECK: exec.launch [@kernels::@k0_conv, @kernels::@k0_conv_1]
// CHECK-SAME: temporaries (arena + {{[0-9]+}} : tensor<0xf32>, arena + {{[0-9]+}} : tensor<1408xf32>)
func.func @f(%x: !x, %m: !s, %r: !s, %g: !c, %b: !c, %w: !w, %bias: !k) -> (!y, !t, !t) {
  %0:3 = seg.fusion (%a0 = %x : !x, %a1 = %m : !s, %a2 = %r : !s, %a3 = %g : !c, %a4 = %b : !c, %a5 = %w : !w, %a6 = %bias : !k) -> (!y, !t, !t) {
    %1 = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (!x, !s, !s, !c, !c) -> !x
    %2 = seg.leaky_relu %1 slope 0.01 : !x
    %3 = seg.conv %2, %a5 bias %a6 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!x, !w, !k) -> !y
    %mean, %rstd = seg.norm_stats instance %3 epsilon 1.0e-5 : (!y) -> (!t, !t)
    seg.yield %3, %mean, %rstd : !y, !t, !t
  }
  return %0#0, %0#1, %0#2 : !y, !t, !t
}
