// Regions of a plan: a channel for each, sigmoids, Dice and binary cross-entropy
// that know the label values. The pipeline names the regions, without background.

// RUN: segc model nnunet --plan %S/Inputs/regions-plan.json -o %t.mlir && FileCheck %s < %t.mlir
// CHECK: seg.network @nnunet_3d_fullres format 1 classes 2 sigmoid optimizer
// CHECK-SAME: class_names = ["whole", "core"]
// CHECK: %head = seg.conv {{.*}} -> tensor<2x8x16x16x2xf32>
// CHECK: seg.dice %{{[^ ]*}}, %labels smooth 1.000000e-05 regions {{\[\[}}1, 2], [2]] ignored 3 :
// As in v2, the sum of the regions where there is an ignored label.
// CHECK: seg.binary_cross_entropy %{{[^ ]*}}, %labels regions {{\[\[}}1, 2], [2]] ignored 3 sum_classes :

// Without an ignored label their mean.
// RUN: sed 's/"ignore_label": 3,//' %S/Inputs/regions-plan.json > %t.all.json
// RUN: segc model nnunet --plan %t.all.json -o - | FileCheck %s --check-prefix=ALL
// ALL: seg.dice {{.*}} regions {{\[\[}}1, 2], [2]] :
// ALL: seg.binary_cross_entropy {{.*}} regions {{\[\[}}1, 2], [2]] :

// Without regions, an ignored label is no class.
// RUN: sed '/regions/d' %S/Inputs/regions-plan.json > %t.ignored.json
// RUN: segc model nnunet --plan %t.ignored.json -o - | FileCheck %s --check-prefix=IGNORED
// IGNORED: classes 3 optimizer
// IGNORED-SAME: class_names = ["background", "whole", "core"]
// IGNORED: seg.dice {{.*}} exclude_background smooth 1.000000e-05 masked :
// IGNORED: seg.weighted_cross_entropy {{.*}} weights [1.000000e+00, 1.000000e+00, 1.000000e+00] :
// RUN: segc model nnunet --plan %t.ignored.json --loss dice_topk -o - | FileCheck %s --check-prefix=TOPK
// TOPK: seg.dice {{.*}} masked :
// TOPK: seg.voxel_cross_entropy {{.*}} masked :
// TOPK: seg.top_k_mean {{.*}} percent 1.000000e+01 :

// What losses of regions have not is named.
// RUN: not segc model nnunet --plan %S/Inputs/regions-plan.json --loss focal -o %t.mlir 2>&1 | FileCheck %s --check-prefix=FOCAL
// FOCAL: nnunet: focal-gamma: expected 0 for regions, got 2
// RUN: not segc model nnunet --plan %S/Inputs/regions-plan.json --loss topk -o %t.mlir 2>&1 | FileCheck %s --check-prefix=NOTOPK
// NOTOPK: nnunet: loss: expected dice, ce or dice_ce for regions, got topk
// RUN: not segc model nnunet --plan %S/Inputs/regions-plan.json --class-weights 1,1 -o %t.mlir 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// WEIGHTS: nnunet: class-weights: expected none for regions, got 2
// RUN: not segc model nnunet --plan %S/Inputs/regions-plan.json --ignore-unlabelled -o %t.mlir 2>&1 | FileCheck %s --check-prefix=UNLABELLED
// UNLABELLED: nnunet: ignore-unlabelled: expected no for regions, whose plan says the ignored label, got yes
// RUN: not segc model nnunet --plan %S/Inputs/regions-plan.json --loss-include-background no -o %t.mlir 2>&1 | FileCheck %s --check-prefix=BACKGROUND
// BACKGROUND: nnunet: loss-include-background: expected yes for regions, which have no background, got no

// It compiles, trains in 16 bits too, and says what makes its probabilities.
// RUN: segc model nnunet --plan %S/Inputs/regions-plan.json -o %t.mlir
// RUN: segc compile %t.mlir --cpu native --precision bf16 -o %t.so
// RUN: segc inspect --json %t.so | FileCheck %s --check-prefix=MANIFEST
// MANIFEST: "activation":{{ ?}}"sigmoid"
// RUN: segc verify %t.so
