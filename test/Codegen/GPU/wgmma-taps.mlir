// A convolution of U-Net and an input gradient of nnU-Net 3D by warpgroups,
// whose steps multiply three taps along the height; filters are copied to bf16.
// RUN: segc-opt %s --segc-nvvm="chip=sm_90a" --seg-write-ptx="chip=sm_90a output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx

// CHECK: .target sm_90a
// CHECK-NOT: .local
// The second launch reads what the first one has rounded.
// CHECK: .visible .entry k0_conv(
// CHECK: st.global.v4.b16
// CHECK: .visible .entry k0_conv_1(
// CHECK: .maxntid 288
// A box of the input with a halo, and two boxes of the filter for each tap.
// CHECK: cp.async.bulk.tensor.4d.shared::cluster.global
// CHECK-COUNT-6: cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK-NOT: cp.async.bulk.tensor
// Three taps of 64 channels for twice 64 rows.
// CHECK-COUNT-24: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK-NOT: wgmma.mma_async
// CHECK: st.global.v4.b16

// CHECK: .visible .entry k1_conv_input_grad_1(
// CHECK: cp.async.bulk.tensor.5d.shared::cluster.global
// CHECK-COUNT-3: cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK-NOT: cp.async.bulk.tensor
// CHECK-COUNT-12: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
// CHECK-NOT: .local

!x = tensor<8x280x280x128xf32>
!xh = tensor<8x280x280x128xbf16>
!w = tensor<3x3x128x128xf32>
!v = tensor<2x128x128x128x32xf32>
!vh = tensor<2x128x128x128x32xbf16>
!u = tensor<3x3x3x32x32xf32>
func.func @f(%x: !xh, %w: !w, %v: !vh, %u: !u) -> (!xh, !vh) {
  %f0 = seg.fusion (%a = %x : !xh, %b = %w : !w) -> (!xh)
      attributes {strategy = #seg.strategy<wgmma, tile = [256, 128, 64], box = [1, 16, 16], stages = 2, taps = 3, multiply_type = bf16, filter_copy, temp_bytes = 294912>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.conv %1, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    %3 = seg.cast %2 : !x -> !xh
    seg.yield %3 : !xh
  }
  %f1 = seg.fusion (%a = %v : !vh, %b = %u : !u) -> (!vh)
      attributes {strategy = #seg.strategy<wgmma, tile = [256, 32, 32], box = [4, 8, 8], stages = 4, taps = 3, multiply_type = bf16, filter_copy, temp_bytes = 55296>} {
    %1 = seg.cast %a : !vh -> !v
    %2 = seg.conv_input_grad %1, %b strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!v, !u) -> !v
    %3 = seg.cast %2 : !v -> !vh
    seg.yield %3 : !vh
  }
  return %f0, %f1 : !xh, !vh
}
