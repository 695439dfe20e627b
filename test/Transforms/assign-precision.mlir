// RUN: segc-opt %s --seg-assign-precision=precision=f16 --split-input-file | FileCheck %s --check-prefixes=CHECK,F16
// RUN: segc-opt %s --seg-assign-precision=precision=f32 --split-input-file | FileCheck %s --check-prefixes=CHECK,F32
// RUN: echo '{"deny": ["seg.relu"], "allow": ["seg.softmax"]}' > %t.json
// RUN: segc-opt %s --seg-assign-precision="precision=f16 lists=%t.json" --split-input-file | FileCheck %s --check-prefixes=CHECK,LISTS

// With f32 no op is marked, and pins are dropped.
// F32-NOT: seg.precision

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// Convolutions are worth it, relu lies between two of them, softmax needs f32
// but may read what is of 16 bits.
// CHECK-LABEL: func.func @classes(
func.func @classes(%x: !x, %w: !w) -> !x {
  // F16: seg.conv {{.*}} {seg.precision = "f16", seg.rule = "allow"}
  // F16-NEXT: seg.relu {{.*}} {seg.precision = "f16", seg.rule = "clear"}
  // F16-NEXT: seg.conv {{.*}} {seg.precision = "f16", seg.rule = "allow"}
  // F16-NEXT: seg.softmax %{{[0-9]+}} : tensor
  // F16-NEXT: seg.softmax %{{[0-9]+}} : tensor

  // A file may say otherwise; what is returned stays f32 all the same.
  // LISTS: seg.conv {{.*}} {seg.precision = "f16", seg.rule = "allow"}
  // LISTS-NEXT: seg.relu {{.*}} {seg.precision = "f32"} : tensor
  // LISTS-NEXT: seg.conv {{.*}} {seg.precision = "f16", seg.rule = "allow"}
  // LISTS-NEXT: seg.softmax {{.*}} {seg.precision = "f16", seg.rule = "allow (listed)"}
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %1 = seg.relu %0 : !x
  %2 = seg.conv %1, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %3 = seg.softmax %2 : !x
  %4 = seg.softmax %3 : !x
  return %4 : !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// An op of class infer is painted where that saves a copy for the convolution
// after it, and not before an op that needs f32.
// CHECK-LABEL: func.func @infer(
func.func @infer(%x: !x, %w: !w) -> (!x, !x) {
  // F16: seg.conv {{.*}} {seg.precision = "f16", seg.rule = "allow"}
  // F16-NEXT: seg.sigmoid {{.*}} {seg.precision = "f16", seg.rule = "infer"}
  // F16-NEXT: seg.conv {{.*}} {seg.precision = "f16", seg.rule = "allow"}
  // F16-NEXT: seg.scale %{{[0-9]+}} by 2.000000e+00 : tensor
  // F16-NEXT: seg.softmax
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %1 = seg.sigmoid %0 : !x
  %2 = seg.conv %1, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %3 = seg.scale %2 by 2.0 : !x
  %4 = seg.softmax %3 : !x
  %5 = seg.softmax %2 : !x
  return %4, %5 : !x, !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>
!n = tensor<1x8x8x2xf32>
!v = tensor<3x3x16x2xf32>

// The gradient of the logits is f32, but of few channels: a copy in 16 bits
// costs less than the gradient of the input saves. The filter gradient, whose
// result stays f32, then takes that copy too.
// CHECK-LABEL: func.func @gradients(
func.func @gradients(%x: !x, %v: !v, %g: !n) -> (!v, !x) {
  // F16: seg.softmax_grad %{{.*}} : tensor
  // F16-NEXT: seg.conv_input_grad {{.*}} {seg.precision = "f16", seg.rule = "allow"}
  // F16-NEXT: seg.conv_filter_grad {{.*}} {seg.precision = "f16", seg.rule = "allow"}
  // F16-NEXT: seg.softmax_grad %{{.*}} : tensor
  %0 = seg.softmax_grad %g, %g : !n
  %1 = seg.conv_input_grad %0, %v strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!n, !v) -> !x
  %2 = seg.conv_filter_grad %x, %0 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !n) -> !v
  %3 = seg.softmax_grad %1, %x : !x
  return %2, %3 : !v, !x
}

// -----

!x = tensor<1x8x8x2xf32>
!y = tensor<1x8x8x64xf32>
!w = tensor<3x3x64x2xf32>

// The other way about, the copy would cost more: the convolution stays f32, but
// its products may be of tf32.
// CHECK-LABEL: func.func @cut(
func.func @cut(%x: !y, %w: !w) -> !x {
  // F16: seg.softmax %{{.*}} : tensor
  // F16-NEXT: seg.conv {{.*}} {seg.precision = "tf32"} :
  // F16-NEXT: seg.softmax %{{.*}} : tensor
  // F16: return
  %0 = seg.softmax %x : !y
  %1 = seg.conv %0, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!y, !w) -> !x
  %2 = seg.softmax %1 : !x
  return %2 : !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// What is returned is part of the model's interface.
// CHECK-LABEL: func.func @returned(
func.func @returned(%x: !x, %w: !w) -> !x {
  // F16: seg.conv {{.*}} {seg.precision = "tf32"} :
  // F16: return
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  return %0 : !x
}

// -----

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// Pins come before classes.
// CHECK-LABEL: func.func @pins(
func.func @pins(%x: !x, %w: !w) -> !x {
  // F16: seg.conv {{.*}} {seg.precision = "f32"}
  // F16-NEXT: seg.softmax {{.*}} {seg.precision = "f16", seg.rule = "pinned"}
  // F16-NEXT: seg.channel_total
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "f32"} : (!x, !w) -> !x
  %1 = seg.softmax %0 {seg.precision = "f16"} : !x
  %2 = seg.channel_total %1 : !x -> tensor<1x8x8x1xf32>
  %3 = seg.mul %0, %2 : (!x, tensor<1x8x8x1xf32>) -> !x
  return %3 : !x
}
