// RUN: segc-opt %s --segc-nvvm | FileCheck %s

!x = tensor<2x9x9x16xf32>

// Kernels are functions over bare pointers with the size of their block. No
// library is called: exponential, fma and floor are arithmetic or intrinsics.
// CHECK: gpu.module @kernels
// CHECK-NOT: __nv_
// CHECK: llvm.func @k0_sigmoid(%{{[^:]*}}: !llvm.ptr, %{{[^:]*}}: !llvm.ptr, %{{[^:]*}}: !llvm.ptr, %{{[^:]*}}: i64) attributes {{.*}}gpu.kernel, {{.*}}nvvm.kernel, {{.*}}nvvm.maxntid = array<i32: 256, 1, 1>
// CHECK-DAG: nvvm.read.ptx.sreg.tid.x
// CHECK-DAG: nvvm.read.ptx.sreg.ctaid.x
// CHECK: llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK: llvm.intr.fma
// CHECK: llvm.intr.floor
// CHECK: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
// CHECK-NOT: __nv_

// The program stays as it was.
// CHECK: exec.program @f
// CHECK: exec.launch [@kernels::@k0_sigmoid]
func.func @f(%x: !x) -> !x {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %1 = seg.sigmoid %a : !x
    seg.yield %1 : !x
  }
  return %0 : !x
}
