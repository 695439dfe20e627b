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
  // expected-error @+1 {{expects an offset for each of its 1 results, got 2}}
  %0 = seg.all_reduce sum %x {offsets = array<i64: 0, 64>} : tensor<8xf32>
  return
}

// -----

// all_reduce_c3: something to reduce
func.func @all_reduce_c3() {
  // expected-error @+1 {{expects at least one tensor}}
  "seg.all_reduce"() <{kind = #seg<reduce_kind sum>}> : () -> ()
  return
}

// -----

// all_reduce_c3: of one element type
func.func @all_reduce_c3_types(%x: tensor<8xf32>, %y: tensor<8xf64>) {
  // expected-error @+1 {{expects tensors of one element type, got 'f32' and 'f64'}}
  %0:2 = seg.all_reduce sum %x, %y : tensor<8xf32>, tensor<8xf64>
  return
}
