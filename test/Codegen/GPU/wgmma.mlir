// A convolution of bf16 values, its input gradient and its filter gradient by
// warpgroups: one thread copies boxes, two warpgroups multiply.
// RUN: segc-opt %s --segc-nvvm="chip=sm_90a" --seg-write-ptx="chip=sm_90a output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx

// Tensor maps are parameters by value behind the number of samples.
// CHECK: .version 8.0
// CHECK: .target sm_90a
// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv(
// CHECK: .param .u64 k0_conv_param_{{[0-9]+}},
// CHECK-NEXT: .param .align 64 .b8 k0_conv_param_{{[0-9]+}}[128],
// CHECK-NEXT: .param .align 64 .b8 k0_conv_param_{{[0-9]+}}[128]
// CHECK: .maxntid 288
// CHECK-COUNT-8: mbarrier.init.shared
// CHECK: fence.mbarrier_init
// CHECK: bar.sync 0;
// CHECK: mbarrier.try_wait.parity
// CHECK: mbarrier.arrive.expect_tx.shared.b64
// The input is a box of 8 x 16 pixels, the filter [taps, in, out] two boxes of
// 64 output channels.
// CHECK: cp.async.bulk.tensor.4d.shared::cluster.global
// CHECK-COUNT-2: cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK: wgmma.fence.sync.aligned
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK-NOT: wgmma.mma_async
// CHECK: wgmma.commit_group.sync.aligned
// CHECK: wgmma.wait_group.sync.aligned {{.*}}1;
// CHECK: mbarrier.arrive
// CHECK: wgmma.wait_group.sync.aligned {{.*}}0;
// The warps that multiply alone go on.
// CHECK: {{bar(rier)?}}.sync {{.*}}1, 256;
// CHECK: cvt.rn.bf16x2.f32
// CHECK: st.global.v2.b32

// An input gradient sums over output channels, along which the filter lies.
// CHECK-NOT: .local
// CHECK: .visible .entry k1_conv_input_grad(
// CHECK: cp.async.bulk.tensor.4d
// CHECK: cp.async.bulk.tensor.3d
// CHECK-NOT: cp.async.bulk.tensor
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16

// A filter gradient sums over pixels: rows of boxes lie across the depth.
// CHECK: .visible .entry k2_conv_filter_grad(
// CHECK-COUNT-4: cp.async.bulk.tensor.4d
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK-NOT: .local

!x = tensor<2x30x30x64xf32>
!y = tensor<2x30x30x128xf32>
!w = tensor<3x3x64x128xf32>
!xh = tensor<2x30x30x64xbf16>
!yh = tensor<2x30x30x128xbf16>
!wh = tensor<3x3x64x128xbf16>
func.func @f(%x: !xh, %w: !wh, %g: !yh) -> (!yh, !xh, !w) {
  %f0 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!yh)
      attributes {strategy = #seg.strategy<wgmma, tile = [128, 128, 64], box = [1, 8, 16], stages = 4, multiply_type = bf16>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    %4 = seg.cast %3 : !y -> !yh
    seg.yield %4 : !yh
  }
  %f1 = seg.fusion (%a = %g : !yh, %b = %w : !wh) -> (!xh)
      attributes {strategy = #seg.strategy<wgmma, tile = [128, 64, 64], box = [1, 8, 16], stages = 6, multiply_type = bf16>} {
    %1 = seg.cast %a : !yh -> !y
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv_input_grad %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!y, !w) -> !x
    %4 = seg.cast %3 : !x -> !xh
    seg.yield %4 : !xh
  }
  %f2 = seg.fusion (%a = %x : !xh, %b = %g : !yh) -> (!w)
      attributes {strategy = #seg.strategy<wgmma, tile = [128, 128, 64], box = [1, 4, 16], stages = 4, multiply_type = bf16, parts = 1>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !yh -> !y
    %3 = seg.conv_filter_grad %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !y) -> !w
    seg.yield %3 : !w
  }
  return %f0, %f1, %f2 : !yh, !xh, !w
}
