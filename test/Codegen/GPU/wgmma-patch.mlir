// A convolution of few channels at full resolution, with a normalisation as its
// prologue, and its input gradient, by warpgroups that read patches of the
// input.
// RUN: segc-opt %s --segc-nvvm="chip=sm_90a" --seg-write-ptx="chip=sm_90a output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx
// RUN: segc-opt %s --segc-gpu=chip=sm_90a | FileCheck %s --check-prefix=MAP

// The copy of the filter is of bf16, as the filter is.
// MAP: gpu.func @k0_conv_1
// MAP-SAME: maps [<operand 7 + 0 : bf16 sizes [32, 32, 27]
// MAP: gpu.func @k1_conv_input_grad
// MAP-SAME: maps [<operand 1 + 0 : bf16 sizes [32, 32, 27]

// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv(
// CHECK: .visible .entry k0_conv_1(
// The filter alone has a tensor map, behind the number of samples.
// CHECK: .param .u64 k0_conv_1_param_{{[0-9]+}},
// CHECK-NEXT: .param .align 64 .b8 k0_conv_1_param_{{[0-9]+}}[128]
// CHECK: .maxntid 288
// CHECK-COUNT-8: mbarrier.init.shared
// CHECK: fence.mbarrier_init
// CHECK: cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK-NOT: cp.async.bulk.tensor
// The normalised patch is stored once, before the taps, and fenced: 1000
// positions of 32 channels by 256 threads, in pieces of 16 bytes, three rows
// of 40 pieces of a warp at a time. Two elements are rounded at a time.
// CHECK-COUNT-16: cvt.rn.bf16x2.f32
// CHECK-COUNT-6: st.shared.v4.b32
// CHECK-NOT: st.shared.v4.b32
// CHECK: fence.proxy.async.shared::cta
// CHECK-NEXT: {{bar(rier)?}}.sync {{.*}}1, 256;
// CHECK: mbarrier.try_wait.parity
// CHECK: wgmma.fence.sync.aligned
// A tap: four squares of 64 pixels, 32 channels deep.
// CHECK-COUNT-8: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
// CHECK-NOT: wgmma.mma_async
// CHECK: wgmma.wait_group.sync.aligned {{.*}}1;
// CHECK: wgmma.wait_group.sync.aligned {{.*}}0;

// Two chunks of channels are copied one after the other.
// CHECK: .visible .entry k1_conv_input_grad(
// The end of a chunk is printed first.
// CHECK: wgmma.wait_group.sync.aligned {{.*}}0;
// CHECK-COUNT-6: cp.async.cg.shared.global
// CHECK: cp.async.wait_group
// CHECK: fence.proxy.async.shared::cta
// CHECK: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
// CHECK: wgmma.wait_group.sync.aligned {{.*}}1;
// CHECK: mbarrier.arrive
// CHECK-NOT: .local

!xh = tensor<2x64x64x64x32xbf16>
!x = tensor<2x64x64x64x32xf32>
!w = tensor<3x3x3x32x32xf32>
!wh = tensor<3x3x3x32x32xbf16>
!s = tensor<2x32xf32>
!c = tensor<32xf32>
func.func @f(%x: !xh, %m: !s, %r: !s, %g: !c, %b: !c, %w: !w, %wh: !wh) -> (!xh, !xh) {
  %f0 = seg.fusion (%a = %x : !xh, %mean = %m : !s, %rstd = %r : !s, %gamma = %g : !c, %beta = %b : !c, %f = %w : !w) -> (!xh)
      attributes {strategy = #seg.strategy<wgmma_patch, tile = [512, 32, 32], box = [8, 8, 8], stages = 4, multiply_type = bf16, filter_copy, temp_bytes = 55296>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.norm_apply %1, %mean, %rstd, %gamma, %beta : (!x, !s, !s, !c, !c) -> !x
    %3 = seg.leaky_relu %2 slope 0.01 : !x
    %4 = seg.conv %3, %f strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!x, !w) -> !x
    %5 = seg.cast %4 : !x -> !xh
    seg.yield %5 : !xh
  }
  %f1 = seg.fusion (%a = %x : !xh, %f = %wh : !wh) -> (!xh)
      attributes {strategy = #seg.strategy<wgmma_patch, tile = [256, 32, 16], box = [4, 8, 8], stages = 6, multiply_type = bf16>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %f : !wh -> !w
    %3 = seg.conv_input_grad %1, %2 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!x, !w) -> !x
    %4 = seg.cast %3 : !x -> !xh
    seg.yield %4 : !xh
  }
  return %f0, %f1 : !xh, !xh
}
