// RUN: segc-opt %s --seg-assign-precision=precision=f16 --split-input-file --verify-diagnostics

!x = tensor<1x8x8x16xf32>

// A pin to the other 16-bit format.
func.func @pinned_to_other(%x: !x) -> !x {
  // expected-error @+1 {{'seg.relu' op is pinned to bf16, but the network is compiled for f16: expects seg.precision to be f32 or f16}}
  %0 = seg.relu %x {seg.precision = "bf16"} : !x
  %1 = seg.softmax %0 : !x
  return %1 : !x
}

// -----

!x = tensor<1x8x8x16xf32>

// A pin of statistics.
func.func @pinned_statistics(%x: !x) -> tensor<1x16xf32> {
  // expected-error @+1 {{'seg.norm_stats' op is pinned to f16, but all its results stay f32: remove seg.precision}}
  %mean, %rstd = seg.norm_stats instance %x epsilon 1.0e-3 {seg.precision = "f16"} : (!x) -> (tensor<1x16xf32>, tensor<1x16xf32>)
  return %mean : tensor<1x16xf32>
}

// -----

// A pin of what is returned.
func.func @pinned_result(%x: tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32> {
  // expected-error @+1 {{'seg.relu' op is pinned to f16, but all its results stay f32: remove seg.precision}}
  %0 = seg.relu %x {seg.precision = "f16"} : tensor<1x8x8x16xf32>
  return %0 : tensor<1x8x8x16xf32>
}
