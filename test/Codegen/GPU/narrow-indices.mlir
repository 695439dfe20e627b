// Index arithmetic of kernels that say so is of 32 bits; addresses are extended
// where they are used.
// RUN: segc-opt %s --pass-pipeline='builtin.module(gpu.module(seg-narrow-indices))' | FileCheck %s

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @small(
  // CHECK-SAME: %[[X:.*]]: memref<1000xf32>, %[[N:.*]]: index)
  // CHECK-NOT: seg.narrow_indices
  // CHECK-DAG: %[[N32:.*]] = arith.index_cast %[[N]] : index to i32
  // CHECK-DAG: %[[C7:.*]] = arith.constant 7 : i32
  // CHECK-DAG: %[[T:.*]] = gpu.thread_id
  // CHECK-DAG: %[[T32:.*]] = arith.index_cast %[[T]] : index to i32
  // CHECK: cf.br ^[[LOOP:.*]](%[[T32]] : i32)
  // CHECK: ^[[LOOP]](%[[I:.*]]: i32)
  // CHECK: arith.cmpi slt, %[[I]], %[[N32]] : i32
  // CHECK: %[[P:.*]] = arith.muli %[[I]], %[[C7]] overflow<nsw> : i32
  // CHECK: %[[A:.*]] = arith.index_cast %[[P]] : i32 to index
  // CHECK: memref.load %[[X]][%[[A]]]
  // CHECK: arith.addi %[[I]], %[[C7]] overflow<nsw> : i32
  gpu.func @small(%x: memref<1000xf32>, %n: index) kernel attributes {seg.narrow_indices} {
    %c7 = arith.constant 7 : index
    %t = gpu.thread_id x
    cf.br ^loop(%t : index)
  ^loop(%i: index):
    %more = arith.cmpi slt, %i, %n : index
    cf.cond_br %more, ^body, ^end
  ^body:
    %at = arith.muli %i, %c7 : index
    %v = memref.load %x[%at] : memref<1000xf32>
    memref.store %v, %x[%i] : memref<1000xf32>
    %next = arith.addi %i, %c7 : index
    cf.br ^loop(%next : index)
  ^end:
    gpu.return
  }

  // CHECK-LABEL: gpu.func @large(
  // CHECK: arith.muli %{{.*}} : index
  gpu.func @large(%x: memref<1000xf32>) kernel {
    %c7 = arith.constant 7 : index
    %t = gpu.thread_id x
    %at = arith.muli %t, %c7 : index
    %v = memref.load %x[%at] : memref<1000xf32>
    memref.store %v, %x[%t] : memref<1000xf32>
    gpu.return
  }

  // A constant that does not fit: nothing changes.
  // CHECK-LABEL: gpu.func @constant(
  // CHECK: arith.cmpi slt, %{{.*}} : index
  gpu.func @constant(%x: memref<1000xi1>) kernel attributes {seg.narrow_indices} {
    %c = arith.constant 5000000000 : index
    %t = gpu.thread_id x
    %v = arith.cmpi slt, %t, %c : index
    memref.store %v, %x[%t] : memref<1000xi1>
    gpu.return
  }
}
