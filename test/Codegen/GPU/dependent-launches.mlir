// Kernels that may begin before the kernel in front of them has ended wait for
// it before they access global memory, on the architectures that have the
// instructions, where the option allows what no device has verified.
// RUN: segc-opt %s --segc-gpu="chip=sm_90a unverified-kernels" | FileCheck %s
// RUN: segc-opt %s --segc-nvvm="chip=sm_90a unverified-kernels" --seg-write-ptx="chip=sm_90a output=%t.ptx" -o /dev/null && FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: segc-opt %s --segc-gpu="chip=sm_90" | FileCheck %s --check-prefix=NONE
// RUN: segc-opt %s --segc-gpu="chip=sm_80 unverified-kernels" | FileCheck %s --check-prefix=NONE
// NONE-NOT: griddepcontrol
// NONE-NOT: dependent true

// CHECK: gpu.func @k0_relu
// CHECK-SAME: dependent true
// CHECK-NOT: vector.load
// CHECK: nvvm.griddepcontrol wait
// CHECK-NEXT: nvvm.griddepcontrol launch_dependents
// CHECK: vector.load
// PTX: .entry k0_relu(
// PTX-NOT: ld.global
// PTX: griddepcontrol.wait;
// PTX-NOT: ld.global
// PTX: griddepcontrol.launch_dependents;
// PTX: ld.global

// The mbarriers in shared memory are initialised before.
// CHECK: gpu.func @k1_conv
// CHECK-SAME: dependent true
// CHECK: nvvm.mbarrier.init
// CHECK: gpu.barrier
// CHECK-NOT: scf.if
// CHECK: nvvm.griddepcontrol wait
// CHECK-NEXT: nvvm.griddepcontrol launch_dependents
// CHECK: nvvm.cp.async.bulk.tensor
// PTX: .entry k1_conv(
// PTX-NOT: cp.async.bulk
// PTX: mbarrier.init
// PTX-NOT: cp.async.bulk
// PTX: griddepcontrol.wait;
// PTX: cp.async.bulk.tensor

!x = tensor<2x64x64x128xf32>
!w = tensor<3x3x128x128xf32>
!xh = tensor<2x64x64x128xbf16>
!wh = tensor<3x3x128x128xbf16>
func.func @f(%x: !xh, %w: !wh) -> !xh {
  %r = seg.fusion (%a = %x : !xh) -> (!xh) {
    %0 = seg.cast %a : !xh -> !x
    %1 = seg.relu %0 : !x
    %2 = seg.cast %1 : !x -> !xh
    seg.yield %2 : !xh
  }
  %f = seg.fusion (%a = %r : !xh, %b = %w : !wh) -> (!xh) {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    %4 = seg.cast %3 : !x -> !xh
    seg.yield %4 : !xh
  }
  return %f : !xh
}
