// `segc model nnunet --plan` builds the network of a plan: blocks and filters by
// level, and by the rules of v2 symmetric padding, biases, epsilon 1e-5, the
// decoder's own kernels, Dice, SGD and clipping of nnU-Net v2. The pipeline has the plan.

// RUN: segc model nnunet --plan %S/Inputs/plan.json -o %t.mlir && FileCheck %s < %t.mlir
// CHECK: seg.network @nnunet_3d_fullres format 1 classes 3 optimizer {clip_norm = 1.200000e+01 : f64, kind = "sgd", learning_rate = 1.000000e-02 : f64, momentum = 0.98999999999999999 : f64, nesterov = true, weight_decay = 3.000000e-05 : f64}
// CHECK-SAME: class_names = ["background", "organ", "lesion"], dim = 3 : i64, kind = "nnunet", patch = [8, 16, 16], plan = "{{.*}}3d_fullres
// CHECK: ^bb0(%image: tensor<2x8x16x16x2xf32>):
// CHECK: "encoder0.conv1.bias" constant 0.000000e+00 decay
// CHECK: %encoder0.conv1 = seg.conv {{.*}} pad_low [0, 1, 1] pad_high [0, 1, 1]
// CHECK: "encoder0.norm1.gamma" constant 1.000000e+00 decay
// CHECK: seg.norm instance %encoder0.conv1, {{.*}} epsilon 1.000000e-05
// CHECK: %encoder1.conv1 = seg.conv {{.*}} strides [1, 2, 2] pad_low [1, 1, 1] pad_high [1, 1, 1]
// CHECK: %encoder1.conv3 = seg.conv
// CHECK: "decoder0.up.weight" he_normal
// The decoder's own kernel, not the deeper level's; one convolution as planned.
// CHECK: %decoder0.conv1 = seg.conv {{.*}} pad_low [0, 1, 1] pad_high [0, 1, 1] : ({{.*}}, tensor<1x3x3x8x4xf32>, {{.*}})
// CHECK-NOT: decoder0.conv2
// CHECK: seg.dice {{.*}}smooth 1.000000e-05

// The batch, the norm and what follows are options still.
// RUN: segc model nnunet --plan %S/Inputs/plan.json --batch-size 3 --learning-rate 0.5 -o - | FileCheck %s --check-prefix=OPTIONS
// OPTIONS: learning_rate = 5.000000e-01
// OPTIONS: tensor<3x8x16x16x2xf32>

// Voxels of an ignore label count for nothing.
// RUN: sed 's/"orientation": "RAS",/"ignore_label": 3,/' %S/Inputs/plan.json > %t.ignored.json
// RUN: segc model nnunet --plan %t.ignored.json -o - | FileCheck %s --check-prefix=IGNORED
// IGNORED: seg.dice {{.*}} masked :
// IGNORED: seg.weighted_cross_entropy {{.*}} weights [1.000000e+00, 1.000000e+00, 1.000000e+00] :

// What the plan says is no option.
// RUN: not segc model nnunet --plan %S/Inputs/plan.json --patch 8,8,8 -o %t.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: nnunet: patch: the plan says it; edit the plan instead
// RUN: not segc model nnunet --plan %S/Inputs/plan.json --configuration 4d -o %t.mlir 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: --configuration 4d: expected one of 2d, 3d_fullres
// RUN: not segc model nnunet --configuration 2d -o %t.mlir 2>&1 | FileCheck %s --check-prefix=ALONE
// ALONE: nnunet: configuration: expected a --plan with it

// It compiles.
// RUN: segc compile %t.mlir --emit plan -o /dev/null
