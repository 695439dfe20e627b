// Lower heads are upsampled to the labels and weighed (L0 + L1/2 + L2/4) * 8/15.

// RUN: segc model nnunet --task 04 --deep-supervision -o %t.mlir
// RUN: segc-opt %t.mlir | FileCheck %s
// RUN: segc model nnunet --task 04 --deep-supervision --deep-supervision-weights normalized -o %t.normalized.mlir
// RUN: segc-opt %t.normalized.mlir | FileCheck %s --check-prefix=NORMALIZED
// RUN: not segc model nnunet --task 04 --deep-supervision-weights normalized 2>&1 | FileCheck %s --check-prefix=ALONE

// CHECK: seg.output {{.*}} : tensor<2x40x56x40x3xf32>, tensor<2x20x28x20x3xf32>, tensor<2x10x14x10x3xf32>
// CHECK: ^bb0(%[[L0:.*]]: tensor<2x40x56x40x3xf32>, %[[L1:.*]]: tensor<2x20x28x20x3xf32>, %[[L2:.*]]: tensor<2x10x14x10x3xf32>, %[[LABELS:.*]]: tensor<2x40x56x40xi32>)
// CHECK: seg.dice %[[L0]], %[[LABELS]]
// CHECK: %[[U1:.*]] = seg.resize nearest %[[L1]]
// CHECK: seg.dice %[[U1]], %[[LABELS]]
// CHECK: seg.scale {{.*}} by 5.000000e-01
// CHECK: %[[U2:.*]] = seg.resize nearest %[[L2]]
// CHECK: seg.dice %[[U2]], %[[LABELS]]
// CHECK: seg.scale {{.*}} by 2.500000e-01
// CHECK: %[[TOTAL:.*]] = seg.scale {{.*}} by 0.53333333333333333
// CHECK: seg.output %[[TOTAL]],

// NORMALIZED: seg.scale {{.*}} by 5.000000e-01
// NORMALIZED: seg.scale {{.*}} by 2.500000e-01
// NORMALIZED: seg.scale {{.*}} by 0.571428571428571
// ALONE: deep-supervision-weights: expected --deep-supervision beside it, got none
