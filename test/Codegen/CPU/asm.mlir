// Key facts of the direct code of a convolution with bias and ReLU: the loop over
// input channels multiplies and adds vectors of the version's full width, and
// neither spills nor calls.

// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4 --winograd off | %python %S/Inputs/inner_loop.py | FileCheck %s --check-prefix=V4
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v3 --winograd off | %python %S/Inputs/inner_loop.py | FileCheck %s --check-prefix=V3
// V4: zmm={{[1-9][0-9]+}} ymm=0 stack=0 calls=0
// V3: zmm=0 ymm={{[1-9][0-9]*}} stack=0 calls=0

// No version asks for more than it states, and a model calls nothing but
// memory functions, which it brings along.
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v3 --winograd off | FileCheck %s --check-prefix=NARROW
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4 --winograd off | FileCheck %s --check-prefix=CALLS
// NARROW-NOT: zmm
// NARROW-NOT: %k{{[0-7]}}
// CALLS-NOT: {{call.*(malloc|free|exp|log|pow|__)}}

// The epilogue is in the kernel: a maximum with zero before the store.
// RUN: segc compile %s --from autodiff --emit asm --cpu x86-64-v4 --winograd off | FileCheck %s --check-prefix=EPILOGUE
// EPILOGUE-LABEL: {{^k0_conv.*}}.task:
// EPILOGUE: vfmadd{{.*}}ps {{.*}}zmm
// EPILOGUE: vmaxps {{.*}}zmm

!x = tensor<1x32x32x32xf32>
!w = tensor<3x3x32x32xf32>
!c = tensor<32xf32>
func.func @predict(%x: !x, %w: !w, %c: !c) -> !x {
  %0 = seg.conv %x, %w bias %c strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w, !c) -> !x
  %1 = seg.relu %0 : !x
  return %1 : !x
}
