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

// Several tensors are brought together, and one collective takes them.
// PLAN-LABEL: func.func @together(
// PLAN: %[[A:.*]]:2 = seg.all_reduce mean %{{.*}}, %{{.*}} {offsets = array<i64: [[#FIRST:]],
// PLAN-SAME: [[#FIRST + 64]]>} : tensor<3xf32>, tensor<64xf32>
// CHECK-LABEL: exec.program @together
// CHECK: %[[BOTH:.*]]:2, %[[T3:.*]] = exec.collective mean (%{{.*}} : tensor<3xf32>, %{{.*}} : tensor<64xf32>) -> (arena + [[#AT:]] : tensor<3xf32>,
// CHECK-SAME: arena + [[#AT + 64]] : tensor<64xf32>)
// CHECK-NEXT: exec.wait %[[T3]]
// CHECK-NEXT: exec.launch {{.*}} (%[[BOTH]]#1 : tensor<64xf32>)
// CHECK-NEXT: exec.launch {{.*}} (%[[BOTH]]#0 : tensor<3xf32>)

// Where a plan that was edited places them apart, each is reduced alone.
// RUN: sed '/func.func @together/,/return/s/\(seg.all_reduce.*offsets = array<i64: [0-9]*\), [0-9]*>/\1, 4096>/; s/seg.arena_bytes = [0-9]* : i64/seg.arena_bytes = 8192 : i64/' %t.plan > %t.edited
// RUN: segc-opt %t.edited --exec-outline-programs --exec-verify | FileCheck %s --check-prefix=APART
// APART-LABEL: exec.program @together
// APART: exec.collective mean (%{{.*}} : tensor<3xf32>)
// APART-NEXT: exec.wait
// APART-NEXT: exec.collective mean (%{{.*}} : tensor<64xf32>) -> (arena + 4096 : tensor<64xf32>)

!c = tensor<64xf32>
!s = tensor<3xf32>
func.func @predict(%x: !c {seg.region = "inputs", seg.name = "image", seg.offset = 0 : i64})
    -> (!c {seg.region = "outputs", seg.name = "y", seg.offset = 0 : i64}) {
  %0 = seg.relu %x : !c
  %1 = seg.all_reduce mean %0 : !c
  %2 = seg.sub %0, %1 : (!c, !c) -> !c
  %3 = seg.all_reduce sum %2 : !c
  %4 = seg.sigmoid %3 : !c
  return %4 : !c
}
func.func @together(%x: !c {seg.region = "inputs", seg.name = "image", seg.offset = 0 : i64},
                    %y: !s {seg.region = "inputs", seg.name = "label", seg.offset = 0 : i64})
    -> (!c {seg.region = "outputs", seg.name = "x", seg.offset = 0 : i64}, !s {seg.region = "outputs", seg.name = "y", seg.offset = 0 : i64}) {
  %0 = seg.relu %x : !c
  %1 = seg.relu %y : !s
  %2:2 = seg.all_reduce mean %1, %0 : !s, !c
  %3 = seg.sigmoid %2#1 : !c
  %4 = seg.sigmoid %2#0 : !s
  return %3, %4 : !c, !s
}
