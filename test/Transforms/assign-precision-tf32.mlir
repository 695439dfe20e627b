// RUN: segc-opt %s --seg-assign-precision=precision=tf32 --seg-insert-casts --split-input-file --verify-diagnostics | FileCheck %s
// RUN: echo '{"deny": ["seg.conv"]}' > %t.json
// RUN: segc-opt %s --seg-assign-precision="precision=tf32 lists=%t.json" --seg-insert-casts --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=LISTS

!x = tensor<1x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// Values stay f32. What has products keeps the mark, but where a pin or the
// lists say f32.
// CHECK-LABEL: func.func @products(
// CHECK-NOT: seg.cast
// CHECK: seg.conv {{.*}} {seg.precision = "tf32"}
// CHECK-NEXT: seg.relu %{{.*}} : tensor
// CHECK-NEXT: seg.conv {{.*}}pad_high [1, 1] :
// CHECK-NEXT: seg.conv_input_grad {{.*}} {seg.precision = "tf32"}
// CHECK-NEXT: seg.conv_filter_grad {{.*}} {seg.precision = "tf32"}
// LISTS-LABEL: func.func @products(
// LISTS: seg.conv {{.*}} {seg.precision = "tf32"}
// LISTS-NEXT: seg.relu
// LISTS-NEXT: seg.conv {{.*}}pad_high [1, 1] :
// LISTS-NEXT: seg.conv_input_grad {{.*}} {seg.precision = "tf32"}
func.func @products(%x: !x, %w: !w) -> (!x, !w) {
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "tf32"} : (!x, !w) -> !x
  %1 = seg.relu %0 : !x
  %2 = seg.conv %1, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "f32"} : (!x, !w) -> !x
  %3 = seg.conv_input_grad %2, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  %4 = seg.conv_filter_grad %x, %3 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !x) -> !w
  return %3, %4 : !x, !w
}

// -----

!x = tensor<1x8x8x16xf32>

func.func @narrow(%x: !x) -> !x {
  // expected-error @+1 {{'seg.relu' op is pinned to f16, but the network is compiled for tf32: expects seg.precision to be f32 or tf32}}
  %0 = seg.relu %x {seg.precision = "f16"} : !x
  return %0 : !x
}

// -----

!x = tensor<1x8x8x16xf32>

func.func @none(%x: !x) -> !x {
  // expected-error @+1 {{'seg.relu' op is pinned to tf32, but has no products: remove seg.precision}}
  %0 = seg.relu %x {seg.precision = "tf32"} : !x
  return %0 : !x
}
