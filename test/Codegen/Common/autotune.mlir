// No check says which strategy is the fastest: that differs from run to run.

// A kernel is measured once, however often it is used; the second run measures
// nothing and decides the same.
// RUN: rm -rf %t && mkdir %t
// RUN: segc-opt %s --seg-autotune="target=cpu:x86-64-v3 cache=%t/cache" --remark-format=emitRemark --remarks-filter-analyse=strategy -o %t/first.mlir 2> %t/first.log
// RUN: FileCheck %s --input-file %t/first.mlir
// RUN: FileCheck %s --check-prefix=MEASURED --input-file %t/first.log
// RUN: segc-opt %s --seg-autotune="target=cpu:x86-64-v3 cache=%t/cache" --remark-format=emitRemark --remarks-filter-analyse=strategy -o %t/second.mlir 2> %t/second.log
// RUN: FileCheck %s --check-prefix=CACHED --input-file %t/second.log
// RUN: cmp %t/first.mlir %t/second.mlir

// MEASURED: seg.conv: measured {{[2-5]}} strategies, number {{[1-5]}} is taken; {{[0-9.]+}} ms #seg.strategy<{{.*}}; {{[0-9.]+}} ms #seg.strategy<
// MEASURED: seg.conv: measured
// MEASURED-NOT: seg.conv: measured
// CACHED-NOT: measured
// CACHED-COUNT-2: seg.conv: cached
// CACHED-NOT: {{measured|cached}}

// Files that were cut short, or lie under the name of another, are measured
// anew; so is what was measured with other candidates.
// RUN: %python %S/Inputs/damage_cache.py %t/cache
// RUN: segc-opt %s --seg-autotune="target=cpu:x86-64-v3 cache=%t/cache" --remark-format=emitRemark --remarks-filter-analyse=strategy -o %t/third.mlir 2> %t/third.log
// RUN: FileCheck %s --check-prefix=DAMAGED --input-file %t/third.log
// DAMAGED-DAG: warning: measured anew, because of {{.*}}.json: not valid JSON
// DAMAGED-DAG: warning: measured anew, because of {{.*}}.json: expected another key
// RUN: segc-opt %s --seg-autotune="target=cpu:x86-64-v3 cache=%t/cache" --remark-format=emitRemark --remarks-filter-analyse=strategy -o %t/fourth.mlir 2>&1 | FileCheck %s --check-prefix=CACHED
// RUN: segc-opt %s --seg-autotune="target=cpu:x86-64-v3 winograd=off cache=%t/cache" --remark-format=emitRemark --remarks-filter-analyse=strategy -o %t/off.mlir 2>&1 | FileCheck %s --check-prefix=OFF
// OFF: seg.conv: measured
// OFF-NOT: winograd

// A folder that cannot be written costs a warning.
// RUN: touch %t/file
// RUN: segc-opt %s --seg-autotune="target=cpu:x86-64-v3 cache=%t/file" -o %t/fifth.mlir 2>&1 | FileCheck %s --check-prefix=WRITE
// WRITE: warning: {{.*}}file: expected a folder; measured times are not kept

// RUN: not segc-opt %s --seg-autotune=target=cpu:i386 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: error: unknown version 'i386' of the target cpu: expected one of armv8-a, x86-64-v2, x86-64-v3, x86-64-v4, x86-64-v4-vnni, x86-64-v4-bf16, x86-64-v4-fp16

!x = tensor<2x8x8x16xf32>
!w = tensor<3x3x16x16xf32>

// CHECK-LABEL: func.func @conv(
func.func @conv(%x: !x, %w: !w) -> !x {
  // CHECK: seg.fusion {{.*}} attributes {strategy = [[CHOSEN:#seg.strategy<.*>]]} {
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (!x) {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    seg.yield %r : !x
  }
  // CHECK: seg.fusion {{.*}} attributes {strategy = [[CHOSEN]]} {
  %1 = seg.fusion (%b = %0 : !x, %g = %w : !w) -> (!x) {
    %r = seg.conv %b, %g strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    seg.yield %r : !x
  }
  return %1 : !x
}

// With a filter that is laid out once it is another kernel.
// CHECK-LABEL: func.func @predict(
func.func @predict(%x: !x, %w: !w {seg.region = "parameters"}) -> !x {
  // CHECK: seg.fusion {{.*}} attributes {strategy = #seg.strategy<{{.*}}, prepared>
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (!x) {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    seg.yield %r : !x
  }
  return %0 : !x
}

// A strategy that is there is the user's: it stays. What has one strategy is
// left to seg-select-strategy.
// CHECK-LABEL: func.func @given(
func.func @given(%x: !x, %w: !w) -> (!x, !x) {
  // CHECK: seg.fusion {{.*}} attributes {strategy = #seg.strategy<mine>}
  %0 = seg.fusion (%a = %x : !x, %f = %w : !w) -> (!x) attributes {strategy = #seg.strategy<mine>} {
    %r = seg.conv %a, %f strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    seg.yield %r : !x
  }
  // CHECK-NOT: strategy
  // CHECK: return
  %1 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  return %0, %1 : !x, !x
}
