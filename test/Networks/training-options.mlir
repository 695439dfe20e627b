// Options of losses and optimizers reach the graph.

// RUN: segc model nnunet --task 04 --class-weights 0.5,1,2 --ignore-unlabelled --optimizer adamw --clip-norm 12 --decay-parameters kernels -o %t.mlir
// RUN: segc-opt %t.mlir | FileCheck %s
// RUN: segc-opt %t.mlir --seg-import-network | FileCheck %s --check-prefix=IMPORT
// RUN: segc model vnet --loss dice --ignore-unlabelled --decay-parameters all -o %t.vnet.mlir
// RUN: segc-opt %t.vnet.mlir | FileCheck %s --check-prefix=VNET

// CHECK: clip_norm = 1.200000e+01 : f64
// CHECK-SAME: kind = "adamw"
// CHECK: seg.param "encoder0.conv1.weight" he_normal 1.000000e-02 decay
// CHECK: seg.param "encoder0.norm1.gamma" constant 1.000000e+00 :
// CHECK: seg.param {{.*}}bias" constant 0.000000e+00 :
// CHECK: seg.dice {{.*}} batch_reduce exclude_background smooth {{.*}} masked :
// CHECK: seg.weighted_cross_entropy {{.*}} weights [5.000000e-01, 1.000000e+00, 2.000000e+00] :

// The optimizer sees a loss scale that clips.
// IMPORT: func.func @apply_step(
// IMPORT-SAME: %[[LOSS_SCALE:[^:]*]]: tensor<f32> {seg.name = "loss_scale"
// IMPORT: %[[SCALE:.*]] = seg.clip_scale %{{.*}}, %[[LOSS_SCALE]] max_norm 1.200000e+01
// IMPORT: seg.adam {{.*}}, %[[SCALE]], %{{[^ ]*}} {{.*}}decoupled

// Batch norm's parameters decay, too.
// VNET: seg.param {{.*}}.gamma" constant 1.000000e+00 decay :
// VNET: seg.dice {{.*}} masked :
// VNET-NOT: cross_entropy

// The worst voxels of a batch.
// RUN: segc model unet2d --size 188 --width 4 --loss topk --top-k-percent 25 -o - | FileCheck %s --check-prefix=TOPK
// RUN: not segc model unet2d --loss topk --class-weights 1,2 -o %t.mlir 2>&1 | FileCheck %s --check-prefix=NOWEIGHTS
// RUN: not segc model unet2d --loss dice --top-k-percent 10 -o %t.mlir 2>&1 | FileCheck %s --check-prefix=NOENTROPY
// TOPK: %[[LOSSES:.*]] = seg.voxel_cross_entropy %{{[^ ]*}}, %labels :
// TOPK: seg.top_k_mean %[[LOSSES]] percent 2.500000e+01 :
// TOPK: seg.output %ce_loss
// NOWEIGHTS: class-weights: expected none for a top-k loss, got 2
// NOENTROPY: top-k-percent: expected 0 for a loss without cross-entropy, got 10
