// `segc model unet3d --plan` builds MLPerf's network of a plan by its rules; the
// pipeline has the plan. Plans and networks of other rules are refused by name.

// RUN: segc model unet3d --plan %S/Inputs/mlperf-plan.json -o %t.mlir && FileCheck %s < %t.mlir
// CHECK: seg.network @unet3d format 1 classes 2 optimizer {kind = "sgd", learning_rate = 1.000000e+00 : f64, momentum = 9.000000e-01 : f64, nesterov = true, weight_decay = 0.000000e+00 : f64}
// CHECK-SAME: class_names = ["background", "organ"], kind = "kits19", patch = [8, 16, 8], plan = "{{.*}}mlperf{{.*}}", spacing = [1.600000e+00, 1.200000e+00, 1.200000e+00]
// CHECK: ^bb0(%image: tensor<3x8x16x8x1xf32>):
// CHECK: "input.conv1.weight" {{.*}} : tensor<3x3x3x1x4xf32>
// CHECK: "down0.conv1.weight" {{.*}} : tensor<3x3x3x4x6xf32>
// CHECK: "bottleneck.conv1.weight" {{.*}} : tensor<3x3x3x6x6xf32>
// CHECK-NOT: "down1
// CHECK: seg.dice {{.*}} exclude_background smooth

// RUN: segc model unet3d --plan %S/Inputs/mlperf-plan.json --batch-size 1 --learning-rate 2 --negative-slope 0.1 -o - | FileCheck %s --check-prefix=OPTIONS
// OPTIONS: learning_rate = 2.000000e+00
// OPTIONS: tensor<1x8x16x8x1xf32>
// OPTIONS: seg.leaky_relu

// What the plan says is no option.
// RUN: not segc model unet3d --plan %S/Inputs/mlperf-plan.json --filters 4,8 -o %t.x 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: unet3d: filters: the plan says it; edit the plan instead
// RUN: not segc model unet3d --plan %S/Inputs/mlperf-plan.json --configuration 2d -o %t.x 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: --configuration 2d: expected one of 3d_fullres
// RUN: not segc model unet3d --configuration 2d -o %t.x 2>&1 | FileCheck %s --check-prefix=ALONE
// ALONE: unet3d: configuration: expected a --plan with it

// RUN: not segc model nnunet --plan %S/Inputs/mlperf-plan.json -o %t.x 2>&1 | FileCheck %s --check-prefix=NNUNET
// NNUNET: nnunet: plan: the rules "mlperf", expected "example" or "v2" for a network of the pipeline "nnunet"; `segc model unet3d --plan` builds the network of this plan
// RUN: not segc model unet3d --plan %S/Inputs/plan.json -o %t.x 2>&1 | FileCheck %s --check-prefix=V2
// V2: unet3d: plan: the rules "v2", expected "mlperf" for a network of the pipeline "kits19"; `segc model nnunet --plan` builds the network of this plan
// RUN: sed 's/"filters": .*/"filters": [4, 6, 8],/' %S/Inputs/mlperf-plan.json > %t.filters.json
// RUN: not segc model unet3d --plan %t.filters.json -o %t.x 2>&1 | FileCheck %s --check-prefix=FILTERS
// FILTERS: the rules mlperf: filters of the last two levels: expected 6, got 8

// It compiles.
// RUN: segc compile %t.mlir --emit plan -o /dev/null
