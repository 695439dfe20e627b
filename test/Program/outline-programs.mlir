// RUN: segc-opt %s --exec-outline-programs=target=cpu:x86-64-v4 --exec-verify -o %t && FileCheck %s --input-file %t
// RUN: segc-opt %t --exec-emit-kernels=target=cpu:x86-64-v4 | FileCheck %s --check-prefixes=KERNELS,V4
// RUN: segc-opt %t --exec-emit-kernels=target=cpu:x86-64-v3 | FileCheck %s --check-prefixes=KERNELS,V3
// RUN: not segc-opt %s --exec-outline-programs=target=cpu:i386 2>&1 | FileCheck %s --check-prefix=CPU

// CPU: error: {{.*}}i386

// The same work on other buffers shares a fusion; another op does not, neither
// does another attribute. Plans are gone from the fusions.
// CHECK: exec.fusion @f0_add(%[[A:.*]]: tensor<2x8x8x16xf32>, %[[B:.*]]: tensor<16xf32>) {
// CHECK-NEXT: %[[R:.*]] = seg.fusion (%{{.*}} = %[[A]] : tensor<2x8x8x16xf32>, %{{.*}} = %[[B]] : tensor<16xf32>) -> (tensor<2x8x8x16xf32>) {
// CHECK: exec.yield %[[R]] : tensor<2x8x8x16xf32>
// CHECK: func.func private @k0_add(memref<2048xf32>, memref<16xf32>, memref<2048xf32>, memref<0xf32>, memref<0xf32>, index, index)
// CHECK-SAME: attributes {exec.kernel = #exec.kernel<@f0_add launch 0 tasks 0 + 1 * n scratch 0>}
// CHECK: exec.fusion @f1_leaky_relu
// CHECK: exec.fusion @f2_leaky_relu
// CHECK-NOT: exec.fusion

// Arguments and results lie where the entry says, what is between them where
// the plan says.
// CHECK: exec.program @predict batch 2 arena 16384 bound 12288 (
// CHECK-NEXT: %[[X:.*]] = "image" inputs[0] : tensor<2x8x8x16xf32>,
// CHECK-NEXT: %[[C:.*]] = "c" parameters + 64 : tensor<16xf32>) {
// CHECK-NEXT: %[[S:.*]] = exec.launch [@k0_add] (%[[X]] : tensor<2x8x8x16xf32>, %[[C]] : tensor<16xf32>) -> (arena + 8192 : tensor<2x8x8x16xf32>) {{.*}}label "seg.add loc(
// CHECK-NEXT: %[[T:.*]] = exec.launch [@k0_add] (%[[S]] : tensor<2x8x8x16xf32>, %[[C]] : tensor<16xf32>) -> (arena + 0 : tensor<2x8x8x16xf32>)
// In place.
// CHECK-NEXT: %[[U:.*]] = exec.launch [@k1_leaky_relu] (%[[T]] : tensor<2x8x8x16xf32>) -> (arena + 0 : tensor<2x8x8x16xf32>)
// CHECK-NEXT: %[[Y:.*]] = exec.launch [@k2_leaky_relu] (%[[U]] : tensor<2x8x8x16xf32>) -> (outputs[0] : tensor<2x8x8x16xf32>)
// CHECK-NEXT: exec.return (%[[Y]] as "y" : tensor<2x8x8x16xf32>)
// CHECK-NOT: func.func @predict

// Bodies take the place of declarations.
// KERNELS-NOT: func.func private
// KERNELS: exec.program @predict
// KERNELS: func.func @k0_add(%[[IN:[^:]*]]: memref<2048xf32>, %{{[^:]*}}: memref<16xf32>, %[[OUT:[^:]*]]: memref<2048xf32>, %{{[^:]*}}: memref<0xf32>, %{{[^:]*}}: memref<0xf32>, %{{[^:]*}}: index, %{{[^:]*}}: index)
// KERNELS-SAME: exec.kernel = #exec.kernel<@f0_add launch 0 tasks 0 + 1 * n scratch 0>
// V4: vector.load %[[IN]][{{.*}}] : memref<2048xf32>, vector<16xf32>
// V3: vector.load %[[IN]][{{.*}}] : memref<2048xf32>, vector<8xf32>
// V4: vector.store {{.*}}, %[[OUT]][{{.*}}] : memref<2048xf32>, vector<16xf32>
// V3: vector.store {{.*}}, %[[OUT]][{{.*}}] : memref<2048xf32>, vector<8xf32>
// KERNELS-LABEL: func.func @k1_leaky_relu(
// KERNELS-LABEL: func.func @k2_leaky_relu(
// KERNELS-NOT: func.func

!x = tensor<2x8x8x16xf32>
!c = tensor<16xf32>
func.func @predict(%x: !x {seg.region = "inputs", seg.name = "image", seg.offset = 0 : i64},
                   %c: !c {seg.region = "parameters", seg.name = "c", seg.offset = 64 : i64})
    -> (!x {seg.region = "outputs", seg.name = "y", seg.offset = 0 : i64})
    attributes {seg.arena_bytes = 16384 : i64, seg.arena_bound = 12288 : i64} {
  %0 = seg.fusion (%a = %x : !x, %b = %c : !c) -> (!x) attributes {offsets = array<i64: 8192>} {
    %r = seg.add %a, %b : (!x, !c) -> !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x, %b = %c : !c) -> (!x) attributes {offsets = array<i64: 0>} {
    %r = seg.add %a, %b : (!x, !c) -> !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %1 : !x) -> (!x) attributes {offsets = array<i64: 0>} {
    %r = seg.leaky_relu %a slope 0.25 : !x
    seg.yield %r : !x
  }
  %3 = seg.fusion (%a = %2 : !x) -> (!x) attributes {offsets = array<i64: -1>} {
    %r = seg.leaky_relu %a slope 0.5 : !x
    seg.yield %r : !x
  }
  return %3 : !x
}
