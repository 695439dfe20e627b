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

// By v2's rules there is a head at each level of the decoder but the deepest,
// and labels are downsampled to it.
// RUN: segc model nnunet --plan %S/../../bench/peers/plans/small.json --configuration 3d_residual -o %t.v2.mlir
// RUN: segc-opt %t.v2.mlir | FileCheck %s --check-prefix=V2
// V2: seg.output {{.*}} : tensor<2x8x16x16x3xf32>, tensor<2x8x8x8x3xf32>
// V2: ^bb0(%[[L0:.*]]: tensor<2x8x16x16x3xf32>, %[[L1:.*]]: tensor<2x8x8x8x3xf32>, %[[LABELS:.*]]: tensor<2x8x16x16xi32>)
// V2: seg.dice %[[L0]], %[[LABELS]]
// V2: %[[COARSE:.*]] = seg.downsample_labels %[[LABELS]] : tensor<2x8x16x16xi32> -> tensor<2x8x8x8xi32>
// V2: seg.dice %[[L1]], %[[COARSE]]
// V2: seg.cross_entropy %[[L1]], %[[COARSE]]
// V2: seg.scale {{.*}} by 5.000000e-01
// V2: %[[TOTAL:.*]] = seg.scale {{.*}} by 0.6666666666666666
// V2: seg.output %[[TOTAL]],
// RUN: segc model nnunet --plan %S/../../bench/peers/plans/small.json --configuration 3d_residual --deep-supervision no -o - | FileCheck %s --check-prefix=PLAIN
// PLAIN-NOT: downsample_labels

// Another number of levels may be asked for, the deepest one among them.
// RUN: segc model nnunet --plan %S/../../bench/peers/plans/small.json --configuration 3d_residual --deep-supervision-levels 2 -o - | FileCheck %s --check-prefix=TWO
// TWO: seg.scale {{.*}} by 5.000000e-01
// TWO: seg.scale {{.*}} by 2.500000e-01
// TWO: seg.scale {{.*}} by 0.571428571428571
// RUN: not segc model nnunet --plan %S/../../bench/peers/plans/small.json --configuration 3d_residual --deep-supervision-levels 3 2>&1 | FileCheck %s --check-prefix=MANY
// MANY: deep-supervision-levels: expected 1 to 2 for 4 levels of the network, got 3

// ALONE: deep-supervision-weights: expected --deep-supervision beside it, got none
