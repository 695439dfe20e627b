// Quantized factors that kernels of the CPU cannot multiply.

// RUN: segc-opt %s --exec-outline-programs --verify-diagnostics --split-input-file

!x = tensor<1x4x4x16xf32>
!xi = tensor<1x4x4x16xi8>
!w = tensor<3x3x16x16xf32>

// Winograd tiles transform a copy of the input, whose integers have 16 bits.
func.func @in_place(%x: !x, %w: !w) -> !x {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) attributes {offsets = array<i64: -1>, strategy = #seg.strategy<winograd, groups = 1, in_place = true, lanes = 16, m = [1, 2, 2], multiply_type = fixed, nb = 1, tile = [1, 1, 1], ur = 1, temp_bytes = 10240>} {
    %q = seg.quantize %a scale 0.0078125 : !x -> !xi
    %d = seg.dequantize %q scale 0.0078125 : (!xi) -> !x
    // expected-error @+1 {{'seg.conv' op cannot read its input in place: it is quantized}}
    %c = seg.conv %d, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    seg.yield %c : !x
  }
  return %0 : !x
}

// -----

!x = tensor<1x4x4x20xf32>
!xi = tensor<1x4x4x20xi8>
!y = tensor<1x4x4x16xf32>
!w = tensor<3x3x20x16xf32>

// Vectors of 16 input channels are transformed.
func.func @tiles_of_20_channels(%x: !x, %w: !w) -> !y {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!y) attributes {offsets = array<i64: -1>, strategy = #seg.strategy<winograd, groups = 1, in_place = false, lanes = 16, m = [1, 2, 2], multiply_type = fixed, nb = 1, tile = [1, 1, 1], ur = 1, temp_bytes = 20480>} {
    %q = seg.quantize %a scale 0.0078125 : !x -> !xi
    %d = seg.dequantize %q scale 0.0078125 : (!xi) -> !x
    // expected-error @+1 {{'seg.conv' op cannot use Winograd tiles: 20 input channels, expected a multiple of 16}}
    %c = seg.conv %d, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %c : !y
  }
  return %0 : !y
}

// -----

!x = tensor<1x4x4x20xf32>
!xi = tensor<1x4x4x20xi8>
!y = tensor<1x4x4x16xf32>
!w = tensor<3x3x20x16xf32>
!wi = tensor<3x3x20x16xi8>
!s = tensor<16xf32>

// So are vectors of 16 input channels packed.
func.func @products_of_20_channels(%x: !x, %w: !w) -> !y {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!y) attributes {offsets = array<i64: -1>, strategy = #seg.strategy<int8, block = [1, 4, 4], groups = 1, lanes = 16, nb = 1, share_taps = true, tile = [1, 4, 4], unroll = 4, temp_bytes = 4096>} {
    %q = seg.quantize %a scale 0.0078125 : !x -> !xi
    %d = seg.dequantize %q scale 0.0078125 : (!xi) -> !x
    %f, %fs = seg.quantize_filter %b : (!w) -> (!wi, !s)
    %g = seg.dequantize %f scales %fs : (!wi, !s) -> !w
    // expected-error @+1 {{'seg.conv' op cannot use the int8 kernel: 20 input channels, expected a multiple of 16}}
    %c = seg.conv %d, %g strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %c : !y
  }
  return %0 : !y
}
