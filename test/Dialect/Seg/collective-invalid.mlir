// RUN: segc-opt %s --verify-diagnostics --split-input-file

// all_reduce_c1: values that are added
func.func @all_reduce_c1(%x: tensor<8xf16>) {
  // expected-error @+1 {{expects values of f32 or f64, which ranks can add, got 'f16'}}
  %0 = seg.all_reduce sum %x : tensor<8xf16>
  return
}

// -----

// all_reduce_c2: a place for the result
func.func @all_reduce_c2(%x: tensor<8xf32>) {
  // expected-error @+1 {{expects an offset for its one result, got 2}}
  %0 = seg.all_reduce sum %x {offsets = array<i64: 0, 64>} : tensor<8xf32>
  return
}
