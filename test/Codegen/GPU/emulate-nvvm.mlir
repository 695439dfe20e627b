// Kernels of a GPU become functions of the host that do the work of a thread.
// RUN: segc-opt %s --seg-emulate-nvvm=prefix=v. --split-input-file --verify-diagnostics | FileCheck %s

gpu.module @kernels {
  llvm.mlir.global external @segc_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

  // A table is a constant of the host.
  // CHECK: llvm.mlir.global private constant @table
  //
  // An operand is loaded from the array of buffers, its bytes from the thread.
  // CHECK-LABEL: llvm.func hidden @v.copy.task(
  // CHECK-SAME: %[[BUFFERS:[^:]*]]: !llvm.ptr, %[[THREAD:[^:]*]]: !llvm.ptr, %{{[^:]*}}: i64, %{{[^:]*}}: i64)
  // CHECK: %[[SLOT:.*]] = llvm.getelementptr %[[BUFFERS]][0]
  // CHECK: %[[IN:.*]] = llvm.load %[[SLOT]]
  // CHECK: %[[BYTES:.*]] = llvm.load {{.*}} -> i64
  // CHECK: %[[AFTER:.*]] = llvm.add %[[BYTES]], %{{.*}} : i64
  // CHECK: %[[STARTS:.*]] = llvm.intr.usub.sat(%[[AFTER]]
  //
  // An access to an operand is compared with its bounds and its alignment, unless
  // all accesses are observed; a call says what is wrong, or notes it.
  // CHECK: %[[AT:.*]] = llvm.getelementptr %[[IN]]
  // CHECK: %[[OFFSET:.*]] = llvm.sub
  // CHECK: llvm.icmp "uge" %[[OFFSET]], %[[STARTS]]
  // CHECK: llvm.cond_br {{.*}} weights
  // CHECK: llvm.call %{{.*}}(%[[THREAD]], %[[AT]],
  // CHECK: llvm.br
  // CHECK: %[[VALUE:.*]] = llvm.load %[[AT]] {{.*}} -> vector<4xf32>
  //
  // One to shared memory is a call.
  // CHECK: llvm.call %{{[^(]*}}(%[[THREAD]], %[[SHARED:[^,]*]],
  // CHECK: llvm.store %[[VALUE]], %[[SHARED]]
  // CHECK-NOT: ptr<3>
  // CHECK-NOT: nvvm
  // CHECK: llvm.return
  llvm.func @copy(%in: !llvm.ptr, %out: !llvm.ptr, %n: i64) attributes {gpu.kernel, nvvm.kernel} {
    %i = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %from = llvm.getelementptr %in[%i] : (!llvm.ptr, i32) -> !llvm.ptr, vector<4xf32>
    %value = llvm.load %from {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
    %shared = llvm.mlir.addressof @segc_shared : !llvm.ptr<3>
    %to = llvm.getelementptr %shared[%i] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, vector<4xf32>
    llvm.store %value, %to {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
    nvvm.barrier0
    llvm.return
  }

  llvm.mlir.global internal constant @table(dense<1.0> : tensor<4xf32>) {addr_space = 0 : i32} : !llvm.array<4 x f32>
}

// Each operation has a text of its own, for reports.
// CHECK: llvm.mlir.global private constant @v.copy.task.ops("llvm.load #{{[0-9]+}} ({{.*}}emulate-nvvm.mlir:{{[0-9]+}})\00llvm.store #{{.*}}nvvm.barrier0 #

// -----

gpu.module @kernels {
  llvm.mlir.global external @segc_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

  // The first task of a launch, a parameter behind the samples, comes from the thread.
  // CHECK-LABEL: llvm.func hidden @v.part.task(
  // CHECK-SAME: %[[THREAD:[^:]*]]: !llvm.ptr, %[[N:[^:]*]]: i64, %{{[^:]*}}: i64)
  // CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[THREAD]][48]
  // CHECK: %[[FIRST:.*]] = llvm.load %[[FIELD]] invariant
  // CHECK: llvm.add %[[FIRST]], %[[N]]
  llvm.func @part(%out: !llvm.ptr, %n: i64, %first: i64) attributes {gpu.kernel, nvvm.kernel} {
    %sum = llvm.add %first, %n : i64
    llvm.store %sum, %out : i64, !llvm.ptr
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.mlir.global external @segc_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

  // A kernel says first how many blocks a cluster has. Loads from their shared
  // memory are calls, as those from the block's own.
  // CHECK-LABEL: llvm.func hidden @v.share.task(
  // CHECK: %[[TWO:.*]] = llvm.mlir.constant(2 : i32)
  // CHECK: llvm.call %{{[^(]*}}(%[[THREAD:[^,]*]], %[[TWO]],
  // CHECK: ^bb1:
  // CHECK: llvm.call %{{[^(]*}}(%[[THREAD]], %{{[^,]*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr) -> ()
  // CHECK: llvm.call %{{[^(]*}}(%[[THREAD]], %{{[^,]*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr) -> ()
  // CHECK: %[[OTHER:.*]] = llvm.call %{{[^(]*}}(%[[THREAD]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, i32, !llvm.ptr) -> !llvm.ptr
  // CHECK: llvm.call %{{[^(]*}}(%[[THREAD]], %[[OTHER]],
  // CHECK: llvm.load %[[OTHER]]
  // CHECK-NOT: nvvm
  // CHECK: llvm.return
  llvm.func @share(%out: !llvm.ptr, %n: i64) attributes {gpu.kernel, nvvm.kernel, nvvm.cluster_dim = array<i32: 2, 1, 1>} {
    nvvm.cluster.arrive
    nvvm.cluster.wait
    %rank = llvm.mlir.constant(1 : i32) : i32
    %shared = llvm.mlir.addressof @segc_shared : !llvm.ptr<3>
    %other = nvvm.mapa %shared, %rank : !llvm.ptr<3> -> !llvm.ptr<7>
    %value = llvm.load %other {alignment = 4 : i64} : !llvm.ptr<7> -> f32
    llvm.store %value, %out : f32, !llvm.ptr
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // Products of 8-bit integers have sums of 32 bits that wrap around.
  // CHECK-LABEL: llvm.func hidden @v.multiply.task(
  // CHECK: %[[KIND:.*]] = llvm.mlir.constant(6 : i32)
  // CHECK: llvm.call %{{[^(]*}}(%{{[^,]*}}, %[[KIND]],
  // CHECK: llvm.load {{.*}} -> i32
  // CHECK-NOT: nvvm
  // CHECK: llvm.return
  llvm.func @multiply(%out: !llvm.ptr, %n: i64) attributes {gpu.kernel, nvvm.kernel} {
    %word = nvvm.read.ptx.sreg.tid.x : i32
    %product = nvvm.mma.sync A[%word, %word, %word, %word] B[%word, %word] C[%word, %word, %word, %word]
        {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<s8>, multiplicandBPtxType = #nvvm.mma_type<s8>, intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>, shape = #nvvm.shape<m = 16, n = 8, k = 32>}
        : (i32, i32, i32) -> !llvm.struct<(i32, i32, i32, i32)>
    %sum = llvm.extractvalue %product[0] : !llvm.struct<(i32, i32, i32, i32)>
    llvm.store %sum, %out : i32, !llvm.ptr
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @saturated(%out: !llvm.ptr, %n: i64) attributes {gpu.kernel, nvvm.kernel} {
    %word = nvvm.read.ptx.sreg.tid.x : i32
    // expected-error @below {{'nvvm.mma.sync' op has no emulation on the host}}
    %product = nvvm.mma.sync A[%word, %word, %word, %word] B[%word, %word] C[%word, %word, %word, %word]
        {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<s8>, multiplicandBPtxType = #nvvm.mma_type<s8>, intOverflowBehavior = #nvvm.mma_int_overflow<satfinite>, shape = #nvvm.shape<m = 16, n = 8, k = 32>}
        : (i32, i32, i32) -> !llvm.struct<(i32, i32, i32, i32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @unknown(%n: i64) attributes {gpu.kernel, nvvm.kernel} {
    // expected-error @below {{'nvvm.cluster.arrive.relaxed' op has no emulation on the host}}
    nvvm.cluster.arrive.relaxed
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @atomic(%a: !llvm.ptr, %n: i64) attributes {gpu.kernel, nvvm.kernel} {
    %one = llvm.mlir.constant(1 : i32) : i32
    // expected-error @below {{'llvm.atomicrmw' op has no emulation on the host}}
    %old = llvm.atomicrmw add %a, %one monotonic : !llvm.ptr, i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{expected the shared memory @segc_shared or a constant}}
  llvm.mlir.global internal @static() {addr_space = 3 : i32} : !llvm.array<64 x f32>
}

// -----

gpu.module @kernels {
  // expected-error @below {{expected a lowered kernel}}
  gpu.func @early() kernel {
    gpu.return
  }
}
