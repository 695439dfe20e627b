// RUN: segc-opt %s --seg-select-strategy=target=cuda:sm_90 | FileCheck %s
// RUN: segc-opt %s --seg-select-strategy=target=cpu:x86-64-v4 | FileCheck %s --check-prefix=CPU
// CPU-NOT: strategy

// A thread of a GPU keeps what is broadcast along pixels for several vectors of
// the same channels, where there are enough of them, and whole ones.
!big = tensor<8x128x128x64xbf16>
!bigger = tensor<8x128x128x64xf32>
!few = tensor<1x8x8x64xf32>
!odd = tensor<8x128x128x63xf32>
// CHECK-LABEL: func.func @normalisation(
func.func @normalisation(%x: !big, %few: !few, %odd: !odd, %s: tensor<8x64xf32>, %t: tensor<1x64xf32>, %u: tensor<8x63xf32>, %c: tensor<64xf32>, %d: tensor<63xf32>) -> (!big, !few, !odd, !big) {
  // CHECK: seg.fusion {{.*}} attributes {strategy = #seg.strategy<pointwise, positions = {{4|8|16}}>}
  %0 = seg.fusion (%1 = %x : !big, %2 = %s : tensor<8x64xf32>, %3 = %c : tensor<64xf32>) -> (!big) {
    %4 = seg.cast %1 : !big -> !bigger
    %5 = seg.norm_apply %4, %2, %2, %3, %3 : (!bigger, tensor<8x64xf32>, tensor<8x64xf32>, tensor<64xf32>, tensor<64xf32>) -> !bigger
    %6 = seg.cast %5 : !bigger -> !big
    seg.yield %6 : !big
  }
  // CHECK-NOT: strategy
  // CHECK: return
  %7 = seg.fusion (%1 = %few : !few, %2 = %t : tensor<1x64xf32>, %3 = %c : tensor<64xf32>) -> (!few) {
    %4 = seg.norm_apply %1, %2, %2, %3, %3 : (!few, tensor<1x64xf32>, tensor<1x64xf32>, tensor<64xf32>, tensor<64xf32>) -> !few
    seg.yield %4 : !few
  }
  %8 = seg.fusion (%1 = %odd : !odd, %2 = %u : tensor<8x63xf32>, %3 = %d : tensor<63xf32>) -> (!odd) {
    %4 = seg.norm_apply %1, %2, %2, %3, %3 : (!odd, tensor<8x63xf32>, tensor<8x63xf32>, tensor<63xf32>, tensor<63xf32>) -> !odd
    seg.yield %4 : !odd
  }
  %9 = seg.fusion (%1 = %x : !big) -> (!big) {
    %2 = seg.cast %1 : !big -> !bigger
    %3 = seg.relu %2 : !bigger
    %4 = seg.cast %3 : !bigger -> !big
    seg.yield %4 : !big
  }
  return %0, %7, %8, %9 : !big, !few, !odd, !big
}
