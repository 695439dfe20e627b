// Filter gradients by patches of the input: nnU-Net's 3x3x3 taps and 32
// channels at full resolution, and U-Net's 3x3 taps and 64 channels.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx
// RUN: segc-opt %s --segc-nvvm=chip=sm_80 --seg-write-ptx="chip=sm_80 output=%t-80.ptx" -o /dev/null
// RUN: FileCheck %s < %t-80.ptx

// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv_filter_grad(
// CHECK: cp.async.cg.shared.global
// CHECK: cp.async.wait_group
// CHECK: bar.sync
// CHECK: cp.async.cg.shared.global
// CHECK: cp.async.commit_group
// A strip of 8 rows of 8 pixels: the input's rows are loaded once for 3 taps.
// CHECK-COUNT-2: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK: st.global.v2
// CHECK-NOT: {{atom|red}}.global
// CHECK: .visible .entry k0_conv_filter_grad_1(
// CHECK: .visible .entry k1_conv_filter_grad(
// CHECK: cp.async.cg.shared.global
// CHECK-COUNT-34: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK-NOT: .local

!xh = tensor<2x128x128x128x32xbf16>
!x = tensor<2x128x128x128x32xf32>
!w = tensor<3x3x3x32x32xf32>
!uh = tensor<8x570x570x64xbf16>
!u = tensor<8x570x570x64xf32>
!vh = tensor<8x568x568x64xbf16>
!v = tensor<8x568x568x64xf32>
!f = tensor<3x3x64x64xf32>
func.func @f(%x: !xh, %y: !xh, %u: !uh, %v: !vh) -> (!w, !f) {
  %f0 = seg.fusion (%a = %x : !xh, %b = %y : !xh) -> (!w)
      attributes {strategy = #seg.strategy<mma_patch, tile = [288, 32, 128], box = [2, 8, 8], taps = 9, warp_rows = 96, warp_columns = 32, stages = 2, multiply_type = bf16, parts = 128, temp_bytes = 14155776>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !xh -> !x
    %3 = seg.conv_filter_grad %1, %2 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!x, !x) -> !w
    seg.yield %3 : !w
  }
  %f1 = seg.fusion (%a = %u : !uh, %b = %v : !vh) -> (!f)
      attributes {strategy = #seg.strategy<mma_patch, tile = [288, 64, 256], box = [1, 16, 16], taps = 9, warp_rows = 96, warp_columns = 32, stages = 2, multiply_type = bf16, parts = 128, temp_bytes = 18874368>} {
    %1 = seg.cast %a : !uh -> !u
    %2 = seg.cast %b : !vh -> !v
    %3 = seg.conv_filter_grad %1, %2 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!u, !v) -> !f
    seg.yield %3 : !f
  }
  return %f0, %f1 : !w, !f
}
