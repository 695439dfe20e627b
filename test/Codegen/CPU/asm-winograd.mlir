// Key facts of the code of a convolution by Winograd tiles: products are
// multiplied and added in vectors of the version's full width without spills
// or calls, and bias and ReLU are in the kernel that transforms them.

// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4 | %python %S/Inputs/inner_loop.py | FileCheck %s --check-prefix=V4
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v3 | %python %S/Inputs/inner_loop.py | FileCheck %s --check-prefix=V3
// V4: zmm={{[1-9][0-9]+}} ymm=0 stack=0 calls=0
// V3: zmm=0 ymm={{[1-9][0-9]+}} stack=0 calls=0

// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4 | FileCheck %s --check-prefix=EPILOGUE
// EPILOGUE-LABEL: {{^k0_conv.*_1}}.task:
// EPILOGUE: vfmadd{{.*}}ps {{.*}}zmm
// EPILOGUE: vmaxps {{.*}}zmm

!x = tensor<1x96x96x32xf32>
!w = tensor<3x3x32x32xf32>
!c = tensor<32xf32>
func.func @predict(%x: !x, %w: !w, %c: !c) -> !x {
  %0 = seg.conv %x, %w bias %c strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w, !c) -> !x
  %1 = seg.relu %0 : !x
  return %1 : !x
}
