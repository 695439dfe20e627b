// RUN: not segc-opt %s --pass-pipeline='builtin.module(func.func(seg-fuse{target=cpu conv=cudnn}))' 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: error: expects conv to be generated for the target cpu, which has no cuDNN, got 'cudnn'
// RUN: not segc-opt %s --pass-pipeline='builtin.module(func.func(seg-select-strategy{target=cuda conv=miopen}))' 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: expects conv to be generated, auto or cudnn, got 'miopen'
func.func @f(%x: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = seg.relu %x : tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}
