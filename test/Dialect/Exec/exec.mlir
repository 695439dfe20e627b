// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s | segc-opt | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

!x = tensor<2x8x8x4xf32>
!w = tensor<3x3x4x4xf32>
!t = tensor<256xf32>

// A fusion holds the one op that its kernels compute.
// CHECK-LABEL: exec.fusion @f0_relu(%{{.*}}: tensor<2x8x8x4xf32>) {
// CHECK-NEXT: seg.fusion
// CHECK: exec.yield %{{.*}} : tensor<2x8x8x4xf32>
exec.fusion @f0_relu(%x: !x) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  exec.yield %0 : !x
}
exec.fusion @f1_conv(%x: !x, %w: !w) {
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    %r = seg.conv %a, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    seg.yield %r : !x
  }
  exec.yield %0 : !x
}

// Kernels are functions, here declarations, that say whose they are.
// CHECK: func.func private @k0_relu({{.*}}) attributes {exec.kernel = #exec.kernel<@f0_relu launch 0 tasks 0 + 64 * n scratch 0>}
func.func private @k0_relu(memref<512xf32>, memref<512xf32>) attributes {
  exec.kernel = #exec.kernel<@f0_relu launch 0 tasks 0 + 64 * n scratch 0>}
func.func private @k1_conv(memref<512xf32>, memref<144xf32>, memref<512xf32>, memref<256xf32>) attributes {
  exec.kernel = #exec.kernel<@f1_conv launch 0 tasks 4 + 0 * n scratch 4096>}
func.func private @k1_conv_1(memref<512xf32>, memref<144xf32>, memref<512xf32>, memref<256xf32>) attributes {
  exec.kernel = #exec.kernel<@f1_conv launch 1 tasks 0 + 8 * n scratch 0>}

// CHECK-LABEL: exec.program @predict batch 2 arena 8192 bound 6144 (
// CHECK-NEXT: %[[X:.*]] = "image" inputs[0] : tensor<2x8x8x4xf32>,
// CHECK-NEXT: %[[W:.*]] = "conv.weight" parameters + 64 : tensor<3x3x4x4xf32>) attributes {note} {
exec.program @predict batch 2 arena 8192 bound 6144
    (%x = "image" inputs[0] : !x, %w = "conv.weight" parameters + 64 : !w) attributes {note} {
  // CHECK-NEXT: %[[A:.*]] = exec.launch [@k0_relu] (%[[X]] : tensor<2x8x8x4xf32>) -> (arena + 4096 : tensor<2x8x8x4xf32>)
  %0 = exec.launch [@k0_relu] (%x : !x) -> (arena + 4096 : !x)
  // Kernels of one fusion share temporaries, and a library computes the same.
  // CHECK-NEXT: %[[B:.*]] = exec.launch [@k1_conv, @k1_conv_1] (%[[A]] : tensor<2x8x8x4xf32>, %[[W]] : tensor<3x3x4x4xf32>) -> (arena + 0 : tensor<2x8x8x4xf32>) temporaries (arena + 6144 : tensor<256xf32>) call <"cudnn" inputs [0, 1] {convolution = "forward"}> layer "conv" label "seg.conv here"
  %1 = exec.launch [@k1_conv, @k1_conv_1] (%0 : !x, %w : !w) -> (arena + 0 : !x)
      temporaries (arena + 6144 : !t) call <"cudnn" inputs [0, 1] {convolution = "forward"}> layer "conv" label "seg.conv here"
  // One that `prepare` fills needs the other kernels alone.
  // CHECK-NEXT: %[[C:.*]] = exec.launch [@k1_conv_1] ({{.*}}) -> (arena + 4096 : tensor<2x8x8x4xf32>) temporaries (prepared + 0 : tensor<256xf32>)
  %2 = exec.launch [@k1_conv_1] (%1 : !x, %w : !w) -> (arena + 4096 : !x) temporaries (prepared + 0 : !t)
  // CHECK-NEXT: %[[D:.*]] = exec.call "cudnn" @f1_conv (%[[C]] : {{.*}}, %[[W]] : {{.*}}) -> (arena + 0 : tensor<2x8x8x4xf32>) {engine = 3 : i64}
  %3 = exec.call "cudnn" @f1_conv (%2 : !x, %w : !w) -> (arena + 0 : !x) {engine = 3 : i64}
  // CHECK-NEXT: %[[T:.*]] = exec.record stream "compute"
  // CHECK-NEXT: exec.wait %[[T]] stream "copy"
  %t = exec.record stream "compute"
  exec.wait %t stream "copy"
  // CHECK-NEXT: %[[Y:.*]] = exec.copy (%[[D]] : tensor<2x8x8x4xf32>) -> (outputs[0] : tensor<2x8x8x4xf32>) stream "copy"
  %4 = exec.copy (%3 : !x) -> (outputs[0] : !x) stream "copy"
  // CHECK-NEXT: exec.return (%[[Y]] as "logits" : tensor<2x8x8x4xf32>)
  exec.return (%4 as "logits" : !x)
}

// CHECK-LABEL: exec.program @prepare
exec.program @prepare batch 2 arena 0 bound 0 (%w = "conv.weight" parameters + 64 : !w) {
  // CHECK: exec.prepare @k1_conv operand 1 (%{{.*}} : tensor<3x3x4x4xf32>) -> (prepared + 0 : tensor<256xf32>)
  %0 = exec.prepare @k1_conv operand 1 (%w : !w) -> (prepared + 0 : !t)
  exec.return (%0 as "conv.weight" : !t)
}

// A bucket of gradients on a stream of its own.
// CHECK-LABEL: exec.program @grad_step
exec.program @grad_step batch 1 arena 0 bound 0
    (%g0 = "a" gradients + 0 : tensor<16xf32>, %g1 = "b" gradients + 64 : tensor<16xf32>) {
  // CHECK: %[[SUMS:.*]]:2, %[[DONE:.*]] = exec.collective sum (%{{.*}} : tensor<16xf32>, %{{.*}} : tensor<16xf32>) -> (gradients + 0 : tensor<16xf32>, gradients + 64 : tensor<16xf32>) stream "communication"
  // CHECK-NEXT: exec.wait %[[DONE]] stream "compute"
  %s:2, %t = exec.collective sum (%g0 : tensor<16xf32>, %g1 : tensor<16xf32>)
      -> (gradients + 0 : tensor<16xf32>, gradients + 64 : tensor<16xf32>) stream "communication"
  exec.wait %t stream "compute"
  // CHECK-NEXT: %[[ALL:.*]] = exec.join (%[[SUMS]]#0 : tensor<16xf32>, %[[SUMS]]#1 : tensor<16xf32>) -> (gradients + 0 : tensor<32xf32>)
  %all = exec.join (%s#0 : tensor<16xf32>, %s#1 : tensor<16xf32>) -> (gradients + 0 : tensor<32xf32>)
  exec.return (%all as "gradients" : tensor<32xf32>)
}
// Values of 32 bits that travel in 16.
// CHECK-LABEL: exec.program @narrow
exec.program @narrow batch 1 arena 0 bound 0 (%g = "a" gradients + 0 : tensor<16xf32>) {
  // CHECK: exec.collective mean (%{{.*}} : tensor<16xf32>) -> (gradients + 0 : tensor<16xf32>) as bf16 stream "communication"
  %s, %t = exec.collective mean (%g : tensor<16xf32>) -> (gradients + 0 : tensor<16xf32>) as bf16 stream "communication"
  exec.return (%s as "a" : tensor<16xf32>)
}
// CHECK-LABEL: exec.program @nothing batch 1 arena 0 bound 0 () {
exec.program @nothing batch 1 arena 0 bound 0 () {
}

// The scalars are arguments; what is written takes their places.
// CHECK-LABEL: exec.program @apply_step
exec.program @apply_step batch 1 arena 0 bound 0
    (%x = "finite" inputs[0] : tensor<f32>, %scale = "loss_scale" scalars + 12 : tensor<f32>,
     %step = "step" scalars + 16 : tensor<i64>, %interval = "growth_interval" scalars + 40 : tensor<i64>,
     %run = "finite_steps" scalars + 48 : tensor<i64>, %skipped = "skipped_steps" scalars + 56 : tensor<i64>) {
  // CHECK: %[[STEP:.*]], %[[SCALE:.*]], %{{.*}}, %{{.*}} = exec.advance_scalars finite %{{.*}} step %{{.*}} loss_scale %{{.*}} growth_interval %{{.*}} finite_steps %{{.*}} skipped_steps %{{.*}} stream "end"
  %next:4 = exec.advance_scalars finite %x step %step loss_scale %scale growth_interval %interval
      finite_steps %run skipped_steps %skipped stream "end"
  // CHECK-NEXT: exec.return (%[[STEP]] as "step" : tensor<i64>, %[[SCALE]] as "loss_scale" : tensor<f32>)
  exec.return (%next#0 as "step" : tensor<i64>, %next#1 as "loss_scale" : tensor<f32>)
}

// A kernel of a GPU copies boxes of 8 x 8 pixels of up to n samples.
// CHECK: #exec.kernel<@f2_conv launch 0 tasks 0 + 8 * n scratch 0 threads 384 shared 65536
// CHECK-SAME: maps [<operand 0 + 0 : bf16 sizes [64, 28, 28, 1] strides [2, 128, 3584, 100352] box [64, 8, 8, 1] steps [1, 1, 1, 1] swizzle 128 samples 3>]>
func.func private @k2_conv(memref<50176xbf16>, memref<36864xbf16>, memref<50176xbf16>, memref<0xf32>, i64, !llvm.ptr) attributes {
  kernel = #exec.kernel<@f2_conv launch 0 tasks 0 + 8 * n scratch 0 threads 384 shared 65536 maps [
    <operand 0 + 0 : bf16 sizes [64, 28, 28, 1] strides [2, 128, 3584, 100352]
     box [64, 8, 8, 1] steps [1, 1, 1, 1] swizzle 128 samples 3>]>}

// It may begin before the kernel in front of it has ended.
// CHECK: #exec.kernel<@f3_relu launch 0 tasks 0 + 8 * n scratch 0 threads 256 dependent true>
func.func private @k3_relu(memref<50176xf32>, memref<50176xf32>) attributes {
  kernel = #exec.kernel<@f3_relu launch 0 tasks 0 + 8 * n scratch 0 threads 256 dependent true>}
