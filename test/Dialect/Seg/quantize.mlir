// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

!x = tensor<2x4x4x8xf32>
!q = tensor<2x4x4x8xi8>
!w = tensor<3x3x8x16xf32>
!v = tensor<3x3x8x16xi8>
!k = tensor<16xf32>

// CHECK-LABEL: @activation
func.func @activation(%x: !x) -> !x {
  // CHECK: seg.quantize %{{.*}} scale 1.250000e-02 : tensor<2x4x4x8xf32> -> tensor<2x4x4x8xi8>
  %0 = seg.quantize %x scale 0.0125 : !x -> !q
  // CHECK: seg.dequantize %{{.*}} scale 1.250000e-02 : (tensor<2x4x4x8xi8>) -> tensor<2x4x4x8xf32>
  %1 = seg.dequantize %0 scale 0.0125 : (!q) -> !x
  return %1 : !x
}

// CHECK-LABEL: @filter
func.func @filter(%w: !w) -> !w {
  // CHECK: seg.quantize_filter %{{.*}} : (tensor<3x3x8x16xf32>) -> (tensor<3x3x8x16xi8>, tensor<16xf32>)
  %0, %1 = seg.quantize_filter %w : (!w) -> (!v, !k)
  // CHECK: seg.dequantize %{{.*}} scales %{{.*}} : (tensor<3x3x8x16xi8>, tensor<16xf32>) -> tensor<3x3x8x16xf32>
  %2 = seg.dequantize %0 scales %1 : (!v, !k) -> !w
  return %2 : !w
}

// What calibration writes on a convolution.
// CHECK-LABEL: @calibrated
func.func @calibrated(%x: !x, %w: !w) -> tensor<2x2x2x16xf32> {
  // CHECK: seg.conv {{.*}} {seg.input_scale = 1.250000e-02 : f64, seg.quantized_error = 0.000000e+00 : f64}
  %0 = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] {seg.input_scale = 0.0125, seg.quantized_error = 0.0}
     : (!x, !w) -> tensor<2x2x2x16xf32>
  return %0 : tensor<2x2x2x16xf32>
}
