// RUN: segc-opt %s --seg-sync-batch --split-input-file --verify-diagnostics

!x = tensor<2x4x4x1xf32>
!s = tensor<f32>

// The k-th largest value of all ranks is no sum of theirs.
func.func @worst(%x: !x, %scale: !s) -> (!s, !x {seg.region = "gradients"}) {
  // expected-error @below {{'seg.top_k_mean' op takes the worst voxels of each rank's samples, expected a loss that ranks can take over those of all (--sync-batch): compile without --sync-batch, or make the network with a --loss without topk}}
  %l, %t, %w, %e = seg.top_k_mean %x percent 10.0 : (!x) -> (!s, !s, !s, !s)
  %dx = seg.top_k_mean_grad %x, %t, %w, %e, %scale : (!x, !s, !s, !s, !s) -> !x
  return %l, %dx : !s, !x
}

// -----

// What evaluates is of one rank.
func.func @evaluates(%x: tensor<2x4x4x1xf32>) -> tensor<f32> {
  %l, %t, %w, %e = seg.top_k_mean %x percent 10.0 : (tensor<2x4x4x1xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  return %l : tensor<f32>
}
