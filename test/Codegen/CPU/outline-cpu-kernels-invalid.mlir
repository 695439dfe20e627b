// RUN: segc-opt %s --seg-outline-cpu-kernels --verify-diagnostics

// The table needs the plan.
// expected-error @below {{has no memory plan; run seg-plan-memory first}}
func.func @predict(%x: tensor<1x4x4x16xf32>) -> tensor<1x4x4x16xf32> {
  %0 = seg.fusion (%a = %x : tensor<1x4x4x16xf32>) -> (tensor<1x4x4x16xf32>) attributes {offsets = array<i64: -1>} {
    %r = seg.relu %a : tensor<1x4x4x16xf32>
    seg.yield %r : tensor<1x4x4x16xf32>
  }
  return %0 : tensor<1x4x4x16xf32>
}
