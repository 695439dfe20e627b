// RUN: segc-opt %s --seg-fuse --seg-select-strategy --seg-plan-memory -o %t.plan && FileCheck %s --check-prefix=PLAN --input-file %t.plan
// RUN: segc-opt %t.plan --exec-outline-programs --exec-verify | FileCheck %s

// A reduction over ranks is a step between kernels: what it reads is stored,
// and nothing is fused with it. It is done in the place of its operand where
// nothing else reads that; else the value is copied.
// PLAN-LABEL: func.func @predict(
// PLAN: %[[A:.*]] = seg.fusion {{.*}} -> (tensor<64xf32>) attributes {offsets = array<i64: [[AT:[0-9]+]]>
// PLAN: seg.relu
// PLAN: seg.yield
// PLAN: %[[ALL:.*]] = seg.all_reduce mean %[[A]] {offsets = array<i64: [[OTHER:[0-9]+]]>}
// PLAN: %[[B:.*]] = seg.fusion (%{{.*}} = %[[A]] : tensor<64xf32>, %{{.*}} = %[[ALL]] : tensor<64xf32>) -> (tensor<64xf32>) attributes {offsets = array<i64: [[IN:[0-9]+]]>
// PLAN: %[[SUM:.*]] = seg.all_reduce sum %[[B]] {offsets = array<i64: [[IN]]>}
// PLAN: seg.fusion (%{{.*}} = %[[SUM]] :

// The stream of the kernels waits.
// CHECK-LABEL: exec.program @predict
// CHECK: %[[A:.*]] = exec.launch
// CHECK-NEXT: %[[ALL:.*]], %[[T:.*]] = exec.collective mean (%[[A]] : tensor<64xf32>) -> (arena + {{[0-9]+}} : tensor<64xf32>)
// CHECK-NEXT: exec.wait %[[T]]
// CHECK-NEXT: %[[B:.*]] = exec.launch [{{.*}}] (%[[A]] : tensor<64xf32>, %[[ALL]] : tensor<64xf32>) -> (arena + [[IN:[0-9]+]] :
// CHECK-NEXT: %[[SUM:.*]], %[[T2:.*]] = exec.collective sum (%[[B]] : tensor<64xf32>) -> (arena + [[IN]] : tensor<64xf32>)
// CHECK-NEXT: exec.wait %[[T2]]
// CHECK-NEXT: exec.launch {{.*}} (%[[SUM]] : tensor<64xf32>)

!c = tensor<64xf32>
func.func @predict(%x: !c {seg.region = "inputs", seg.name = "image", seg.offset = 0 : i64})
    -> (!c {seg.region = "outputs", seg.name = "y", seg.offset = 0 : i64}) {
  %0 = seg.relu %x : !c
  %1 = seg.all_reduce mean %0 : !c
  %2 = seg.sub %0, %1 : (!c, !c) -> !c
  %3 = seg.all_reduce sum %2 : !c
  %4 = seg.sigmoid %3 : !c
  return %4 : !c
}
