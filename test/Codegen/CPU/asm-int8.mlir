// Key facts of the code of Winograd tiles with a quantized input: its bytes are
// extended and transformed in integers of 16 bits, whose products are added in
// pairs, all in vectors of the full width without spills or calls.

// RUN: segc compile %s --from fusion --emit asm --cpu x86-64-v4-vnni --multiply-type fixed --winograd f2 -o %t.f2.s
// RUN: %python %S/Inputs/inner_loop.py vpmovsxbw < %t.f2.s | FileCheck %s --check-prefix=EXTENDED
// RUN: %python %S/Inputs/inner_loop.py vpaddw < %t.f2.s | FileCheck %s --check-prefix=TRANSFORMED
// RUN: %python %S/Inputs/inner_loop.py vpdpwssd < %t.f2.s | FileCheck %s --check-prefix=MULTIPLIED
// The values of a tile of 4 x 4.
// EXTENDED: zmm=16 ymm=0 stack=0 calls=0
// TRANSFORMED: zmm={{[1-9][0-9]*}} ymm=0 stack=0 calls=0
// MULTIPLIED: zmm={{[1-9][0-9]+}} ymm=0 stack=0 calls=0

// Those of 6 x 6 are more than there are registers; products have their own.
// RUN: segc compile %s --from fusion --emit asm --cpu x86-64-v4-vnni --multiply-type fixed --winograd f4 -o %t.f4.s
// RUN: %python %S/Inputs/inner_loop.py vpdpwssd < %t.f4.s | FileCheck %s --check-prefix=MULTIPLIED
// RUN: FileCheck %s --check-prefix=F4 < %t.f4.s
// F4-COUNT-36: vpmovsxbw {{.*}}%zmm
// F4: vpaddw {{.*}}%zmm

!x = tensor<1x96x96x32xf32>
!q = tensor<1x96x96x32xi8>
!w = tensor<3x3x32x32xf32>
!c = tensor<32xf32>
func.func @predict(%x: !x {seg.region = "inputs", seg.offset = 0}, %w: !w {seg.region = "parameters", seg.offset = 0}, %c: !c {seg.region = "parameters", seg.offset = 36864}) -> !x {
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w, %d = %c : !c) -> (!x) {
    %1 = seg.quantize %a scale 0.0125 : !x -> !q
    %2 = seg.dequantize %1 scale 0.0125 : (!q) -> !x
    %3 = seg.conv %2, %b bias %d strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w, !c) -> !x
    seg.yield %3 : !x
  }
  return %0 : !x
}
