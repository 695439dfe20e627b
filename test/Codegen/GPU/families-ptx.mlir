// One kernel of each family of roots, to PTX: vectors of 4 channels where there
// are as many, sums in registers and in shared memory, nothing in memory of the
// thread.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx
// RUN: FileCheck %s --check-prefix=NONE < %t.ptx

// NONE-NOT: .local
// NONE-NOT: atom.
// NONE-NOT: {{[[:space:]]}}red.
// NONE-NOT: call

!x = tensor<2x16x16x16x32xf32>
!h = tensor<2x8x8x8x32xf32>
!n = tensor<2x16x16x16x32xbf16>
!c = tensor<32xf32>
!s = tensor<2x32xf32>
!z = tensor<2x16x16x16x4xf32>
!y = tensor<2x16x16x16xi32>
!k = tensor<4xf32>
!u = tensor<2x3x4xf32>
!w = tensor<100000xf32>
!f = tensor<f32>
!i = tensor<i64>

// Statistics of 16-bit memory with a pointwise op before them: the block's rows
// of threads are added in a tree, then tiles, and samples in the same launch.
// CHECK-LABEL: .visible .entry k0_norm_stats(
// CHECK: ld.global.v4.b16
// CHECK: st.global.v4.b16
// CHECK: st.shared.v4.b32
// CHECK-COUNT-5: bar.sync
// CHECK-LABEL: .visible .entry k0_norm_stats_1(
// CHECK: .minnctapersm 1
// CHECK: fma.rn.f64
// CHECK: bar.sync
// CHECK: sqrt.rn.f64
func.func @statistics(%x: !n) -> (!n, !s, !s) {
  %0:3 = seg.fusion (%a = %x : !n) -> (!n, !s, !s) {
    %1 = seg.cast %a : !n -> !x
    %2 = seg.relu %1 : !x
    %3 = seg.cast %2 : !x -> !n
    %4 = seg.cast %3 : !n -> !x
    %mean, %rstd = seg.norm_stats instance %4 epsilon 1.0e-5 : (!x) -> (!s, !s)
    seg.yield %3, %mean, %rstd : !n, !s, !s
  }
  return %0#0, %0#1, %0#2 : !n, !s, !s
}

// A pixel's four classes are one load.
// CHECK-LABEL: .visible .entry k1_dice(
// CHECK: ld.global.v4.b32
// CHECK: bar.sync
// CHECK-LABEL: .visible .entry k1_dice_1(
// CHECK: add.{{(rn.)?}}f64
// CHECK: bar.sync
func.func @losses(%z: !z, %y: !y) -> (!f, !u) {
  %0:2 = seg.fusion (%a = %z : !z, %b = %y : !y) -> (!f, !u) {
    %1, %2, %3 = seg.dice %a, %b smooth 1.0 : (!z, !y) -> (!f, !k, !u)
    seg.yield %1, %3 : !f, !u
  }
  return %0#0, %0#1 : !f, !u
}

// CHECK-LABEL: .visible .entry k2_dice_grad(
// CHECK: bar.sync
// CHECK: ld.global.v4.b32
// CHECK: st.global.v4.b32
func.func @loss_gradient(%z: !z, %y: !y, %u: !u, %f: !f) -> !z {
  %0 = seg.fusion (%a = %z : !z, %b = %y : !y, %c = %u : !u, %d = %f : !f) -> (!z) {
    %1 = seg.dice_grad %a, %b, %c, %d smooth 1.0 : (!z, !y, !u, !f) -> !z
    seg.yield %1 : !z
  }
  return %0 : !z
}

// CHECK-LABEL: .visible .entry k3_softmax(
// CHECK: ld.global.v4.b32
// CHECK: st.global.v4.b32
func.func @softmax(%z: !z) -> !z {
  %0 = seg.fusion (%a = %z : !z) -> (!z) {
    %1 = seg.softmax %a : !z
    seg.yield %1 : !z
  }
  return %0 : !z
}

// CHECK-LABEL: .visible .entry k4_max_pool(
// CHECK-COUNT-8: ld.global.v4.b32
// CHECK: st.global.v4.b32
// CHECK-LABEL: .visible .entry k5_max_pool_grad(
// CHECK-COUNT-9: ld.global.v4.b32
// CHECK-COUNT-8: st.global.v4.b32
func.func @pool(%x: !x) -> (!h, !x) {
  %0 = seg.fusion (%a = %x : !x) -> (!h) {
    %1 = seg.max_pool %a window [2, 2, 2] strides [2, 2, 2] : !x -> !h
    seg.yield %1 : !h
  }
  %2 = seg.fusion (%a = %x : !x, %b = %0 : !h) -> (!x) {
    %1 = seg.max_pool_grad %a, %b window [2, 2, 2] strides [2, 2, 2] : (!x, !h) -> !x
    seg.yield %1 : !x
  }
  return %0, %2 : !h, !x
}

// The weights are constants of the kernel.
// CHECK-LABEL: .visible .entry k6_resize(
// CHECK-COUNT-8: ld.global.v4.b32
// CHECK: st.global.v4.b32
// CHECK-LABEL: .visible .entry k7_concat(
// CHECK-COUNT-2: ld.global.v4.b32
func.func @shape(%x: !x, %h: !h) -> tensor<2x16x16x16x64xf32> {
  %0 = seg.fusion (%a = %h : !h) -> (!x) {
    %1 = seg.resize linear %a : !h -> !x
    seg.yield %1 : !x
  }
  %2 = seg.fusion (%a = %x : !x, %b = %0 : !x) -> (tensor<2x16x16x16x64xf32>) {
    %1 = seg.concat %a, %b : (!x, !x) -> tensor<2x16x16x16x64xf32>
    seg.yield %1 : tensor<2x16x16x16x64xf32>
  }
  return %2 : tensor<2x16x16x16x64xf32>
}

// A chunk of 8192 elements a block, from the first of the launch on: the last
// parameter, behind input, result, temporary and samples.
// CHECK-LABEL: .visible .entry k8_all_finite(
// CHECK: .param .u64 k8_all_finite_param_4
// CHECK-NEXT: )
// CHECK: ld.global.v4.b32
// CHECK-COUNT-9: bar.sync
// CHECK-LABEL: .visible .entry k9_adam(
// CHECK-COUNT-4: ld.global.v4.b32
// CHECK: sqrt.rn.f32
// CHECK-COUNT-3: st.global.v4.b32
func.func @step(%w: !w, %g: !w, %m: !w, %v: !w, %rate: !f, %decay: !f, %scale: !f, %step: !i) -> (!w, !w, !w) {
  %finite = seg.fusion (%a = %g : !w) -> (!f) {
    %1 = seg.all_finite %a : !w -> !f
    seg.yield %1 : !f
  }
  %0:3 = seg.fusion (%a = %w : !w, %b = %g : !w, %c = %m : !w, %d = %v : !w, %e = %finite : !f, %f = %rate : !f, %h = %decay : !f, %i = %scale : !f, %j = %step : !i) -> (!w, !w, !w) {
    %1:3 = seg.adam %a, %b, %c, %d, %e, %f, %h, %i, %j {beta1 = 0.9, beta2 = 0.999, epsilon = 1.0e-7, decay_elements = 70000} : (!w, !w, !w, !w, !f, !f, !f, !f, !i) -> (!w, !w, !w)
    seg.yield %1#0, %1#1, %1#2 : !w, !w, !w
  }
  return %0#0, %0#1, %0#2 : !w, !w, !w
}
