// Tensor cores multiply 8 bits at twice the rate of 16: by patches where the
// filter has several taps at stride 1.
// RUN: segc-opt %s --pass-pipeline='builtin.module(func.func(seg-quantize-products{target=cuda:sm_90 unverified-kernels=true},seg-select-strategy{target=cuda:sm_90 unverified-kernels=true}))' | FileCheck %s
// RUN: segc-opt %s --pass-pipeline='builtin.module(func.func(seg-quantize-products{target=cuda-emulated:sm_80},seg-select-strategy{target=cuda-emulated:sm_80}))' | FileCheck %s
// The remark of the other kernels says why they take no part.
// RUN: segc-opt %s --pass-pipeline='builtin.module(func.func(seg-quantize-products{target=cuda-emulated:sm_80},seg-select-strategy{target=cuda-emulated:sm_80}))' --remark-format=emitRemark --remarks-filter-analyse=strategy -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: mma_sync: its factors are quantized; mma_int8: {{[0-9.]+}} us
// No device has verified these kernels.
// RUN: segc-opt %s --seg-quantize-products=target=cuda:sm_90 | FileCheck %s --check-prefix=KEPT
// KEPT-NOT: seg.quantize

!xh = tensor<1x64x64x64x64xbf16>
!x = tensor<1x64x64x64x64xf32>
!w = tensor<5x5x5x64x64xf32>
!yh = tensor<1x32x32x32x128xbf16>
!y = tensor<1x32x32x32x128xf32>
!v = tensor<2x2x2x64x128xf32>

// CHECK-LABEL: func.func @predict(
// CHECK: strategy = #seg.strategy<mma_int8_patch, {{.*}}prepared>
// CHECK: seg.quantize
// CHECK: strategy = #seg.strategy<mma_int8, {{.*}}prepared>
// CHECK: seg.quantize
func.func @predict(%x: !xh, %w: !w {seg.region = "parameters", seg.offset = 0}, %v: !v {seg.region = "parameters", seg.offset = 2048000}) -> (!xh, !yh) {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !w) -> (!xh) {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.conv %1, %b strides [1, 1, 1] pad_low [2, 2, 2] pad_high [2, 2, 2] {seg.input_scale = 0.0125, seg.quantized_error = 0.01} : (!x, !w) -> !x
    %3 = seg.cast %2 : !x -> !xh
    seg.yield %3 : !xh
  }
  %4 = seg.fusion (%a = %0 : !xh, %b = %v : !v) -> (!yh) {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.conv %1, %b strides [2, 2, 2] pad_low [0, 0, 0] pad_high [0, 0, 0] {seg.input_scale = 0.0125, seg.quantized_error = 0.01} : (!x, !v) -> !y
    %3 = seg.cast %2 : !y -> !yh
    seg.yield %3 : !yh
  }
  return %0, %4 : !xh, !yh
}
