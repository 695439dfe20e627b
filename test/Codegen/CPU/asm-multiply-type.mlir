// Key facts of the code of convolutions of 16-bit values: where the CPU has
// products of pairs, those are added in vectors of the full width without
// spills, calls or conversions in the loop.

// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-fp16 --precision f16 --winograd off -o %t.fp16.s
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-fp16 --precision f16 --multiply-type f16 -o %t.fp16-f4.s
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-bf16 --precision f16 --multiply-type bf16 -o %t.bf16.s
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-bf16 --precision f16 --winograd off -o %t.bf16-direct.s
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-vnni --precision bf16 -o %t.fixed.s
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-bf16 --precision f16 --multiply-type fixed -o %t.fixed-f16.s
// RUN: %python %S/Inputs/inner_loop.py vfmadd.+ph < %t.fp16.s | FileCheck %s
// RUN: %python %S/Inputs/inner_loop.py vfmadd.+ph < %t.fp16-f4.s | FileCheck %s
// RUN: %python %S/Inputs/inner_loop.py vdpbf16ps < %t.bf16.s | FileCheck %s
// RUN: %python %S/Inputs/inner_loop.py vdpbf16ps < %t.bf16-direct.s | FileCheck %s
// RUN: %python %S/Inputs/inner_loop.py vpdpwssd < %t.fixed.s | FileCheck %s
// RUN: %python %S/Inputs/inner_loop.py vpdpwssd < %t.fixed-f16.s | FileCheck %s
// CHECK: zmm={{[1-9][0-9]+}} ymm=0 stack=0 calls=0

// A pair that all lanes share is one broadcast of 32 bits. The sums of a chain
// leave f16 behind the loop.
// RUN: FileCheck %s --check-prefix=CHAIN < %t.fp16.s
// CHAIN: v{{p?}}broadcast{{ss|d}} {{.*}}(%{{.*}}), %zmm
// CHAIN: vfmadd{{.*}}ph {{.*}}%zmm
// CHAIN: jne
// CHAIN: vaddph {{.*}}%zmm
// CHAIN: vcvtph2psx {{.*}}%zmm
// CHAIN: vaddps {{.*}}%zmm

// Sums of integers become f32 behind the loop, and are multiplied by the scales.
// RUN: FileCheck %s --check-prefix=SCALE < %t.fixed.s
// SCALE: vpdpwssd {{.*}}%zmm
// SCALE: jne
// SCALE: vcvtdq2ps {{.*}}%zmm
// SCALE: vmulps {{.*}}%zmm

// Values of bf16 have the range of f32: they are never multiplied as f16. Asked
// for f32, neither is.
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-fp16 --precision bf16 | FileCheck %s --check-prefix=RANGE
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-fp16 --precision f16 --multiply-type bf16 | FileCheck %s --check-prefix=BF16
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4-fp16 --precision f16 --multiply-type f32 | FileCheck %s --check-prefix=F32
// Where the CPU has f16, pairs of bf16 take longer than f32.
// BF16-NOT: {{vfmadd.*ph|vdpbf16ps|vpdpwssd}}
// RANGE-NOT: vfmadd{{.*}}ph
// RANGE: {{vdpbf16ps|vpdpwssd}}
// RANGE-NOT: vfmadd{{.*}}ph
// F32-NOT: {{vfmadd.*ph|vdpbf16ps|vpdpwssd}}

!x = tensor<1x96x96x32xf32>
!w = tensor<3x3x32x32xf32>
!c = tensor<32xf32>
func.func @predict(%x: !x, %w: !w, %c: !c) -> !x {
  %0 = seg.conv %x, %w bias %c strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w, !c) -> !x
  %1 = seg.conv %0, %w bias %c strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w, !c) -> !x
  %2 = seg.conv_input_grad %1, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
  return %2 : !x
}
