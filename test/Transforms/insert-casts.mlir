// RUN: segc-opt %s --seg-insert-casts --split-input-file | FileCheck %s

!x = tensor<1x8x8x16xf32>

// One rounding and one widening, however many read the value: of 16 bits or not.
// CHECK-LABEL: func.func @painted(
// CHECK-SAME: %[[X:[^:]*]]:
func.func @painted(%x: !x) -> (!x, !x) {
  // CHECK: %[[RELU:.*]] = seg.relu %[[X]] : tensor<1x8x8x16xf32>
  // CHECK-NEXT: %[[H:.*]] = seg.cast %[[RELU]] {seg.rule = "clear"} : tensor<1x8x8x16xf32> -> tensor<1x8x8x16xf16>
  // CHECK-NEXT: %[[R:.*]] = seg.cast %[[H]] {seg.rule = "clear"} : tensor<1x8x8x16xf16> -> tensor<1x8x8x16xf32>
  // CHECK-NEXT: %[[SIGMOID:.*]] = seg.sigmoid %[[R]] : tensor
  // CHECK-NEXT: seg.cast %[[SIGMOID]] {seg.rule = "pinned"}
  // CHECK: seg.softmax %[[R]]
  // CHECK-NOT: seg.cast
  %0 = seg.relu %x {seg.precision = "f16", seg.rule = "clear"} : !x
  %1 = seg.sigmoid %0 {seg.precision = "f16"} : !x
  %2 = seg.softmax %0 : !x
  %3 = seg.softmax %1 : !x
  return %2, %3 : !x, !x
}

// -----

!x = tensor<1x8x8x16xf32>

// A copy for those that want one; the others read f32.
// CHECK-LABEL: func.func @copy(
func.func @copy(%x: !x) -> (!x, !x) {
  // CHECK: %[[SOFTMAX:.*]] = seg.softmax
  // CHECK-NEXT: %[[H:.*]] = seg.cast %[[SOFTMAX]] {seg.rule = "read by allow"} : {{.*}} -> tensor<1x8x8x16xbf16>
  // CHECK-NEXT: %[[R:.*]] = seg.cast %[[H]]
  // CHECK-NEXT: seg.add %[[R]], %[[R]]
  // CHECK: seg.softmax %[[SOFTMAX]]
  %0 = seg.softmax %x : !x
  %1 = seg.add %0, %0 {seg.precision = "bf16", seg.rule = "allow"} : (!x, !x) -> !x
  %2 = seg.softmax %0 : !x
  %3 = seg.softmax %1 : !x
  return %2, %3 : !x, !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// Statistics, filter gradients, arguments and results keep their types.
// CHECK-LABEL: func.func @wide(
func.func @wide(%x: !x) -> (tensor<1x16xf32>, !w, !x) {
  // CHECK-NOT: seg.cast
  // CHECK: seg.conv_filter_grad {{.*}} {seg.precision = "tf32"}
  // CHECK-NOT: seg.cast
  // CHECK: return
  // CHECK-SAME: tensor<1x16xf32>, tensor<3x3x16x16xf32>, tensor<1x8x8x16xf32>
  %mean, %rstd = seg.norm_stats instance %x epsilon 1.0e-3 {seg.precision = "f16"} : (!x) -> (tensor<1x16xf32>, tensor<1x16xf32>)
  %0 = seg.conv_filter_grad %x, %x strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "f16"} : (!x, !x) -> !w
  %1 = seg.relu %x {seg.precision = "f16"} : !x
  return %mean, %0, %1 : tensor<1x16xf32>, !w, !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// A convolution of the image multiplies f32, which may be tf32; one behind it
// multiplies 16 bits, and one that is not painted stays as it was.
// CHECK-LABEL: func.func @image(
func.func @image(%x: !x, %w: !w) -> !x {
  // CHECK: seg.conv %{{.*}} {seg.precision = "tf32"} :
  // CHECK: %[[R:.*]] = seg.cast {{.*}}xbf16> -> tensor<1x8x8x16xf32>
  // CHECK: seg.conv %[[R]], {{.*}}pad_high [1, 1] :
  // CHECK: seg.conv %{{.*}} {seg.precision = "f32"} :
  // CHECK: seg.relu %{{.*}} : tensor
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "bf16"} : (!x, !w) -> !x
  %1 = seg.conv %0, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "bf16"} : (!x, !w) -> !x
  %2 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "f32"} : (!x, !w) -> !x
  %3 = seg.relu %x {seg.precision = "bf16"} : !x
  %4 = seg.add %1, %2 : (!x, !x) -> !x
  %5 = seg.add %3, %4 : (!x, !x) -> !x
  return %5 : !x
}
