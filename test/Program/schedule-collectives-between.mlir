// RUN: segc-opt %s --exec-schedule-collectives="link=0:0.02 ranks=2" --remarks-filter-passed=communication --remarks-filter-analyse=communication --remark-format=emitRemark -o %t.mlir 2> %t.remarks
// RUN: FileCheck %s --input-file %t.mlir
// RUN: FileCheck %s --check-prefix=REMARK --input-file %t.remarks
// RUN: sed '/exec.collective/d; /exec.wait/d' %s | segc-opt --exec-schedule-collectives="link=0:0.02 ranks=2" | FileCheck %s --check-prefix=WITHOUT

// Statistics that kernels wait for queue behind what has been sent. A bucket in
// front of them would delay all kernels, so that it waits for the next gradient;
// without them it is sent at once.

!x = tensor<1x64x64x1xf32>
!y = tensor<1x16x16x1xf32>
!w = tensor<3x3x1x1xf32>
!b = tensor<1xf32>

module attributes {seg.layout = {parameters = [
    {name = "w0", decay = true, offset = 0 : i64}, {name = "w1", decay = true, offset = 64 : i64},
    {name = "w2", decay = true, offset = 128 : i64}]}} {

exec.fusion @filter(%x: !x, %g: !x) {
  %0 = seg.fusion (%a = %x : !x, %b = %g : !x) -> (!w) {
    %r = seg.conv_filter_grad %a, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !x) -> !w
    seg.yield %r : !w
  }
  exec.yield %0 : !w
}
exec.fusion @bias(%g: !y) {
  %0 = seg.fusion (%a = %g : !y) -> (!b) {
    %r = seg.channel_sum %a : !y -> !b
    seg.yield %r : !b
  }
  exec.yield %0 : !b
}
func.func private @bias_kernel(memref<256xf32>, memref<1xf32>)
    attributes {exec.kernel = #exec.kernel<@bias launch 0 tasks 0 + 1 * n scratch 0>}
func.func private @filter_kernel(memref<4096xf32>, memref<4096xf32>, memref<9xf32>)
    attributes {exec.kernel = #exec.kernel<@filter launch 0 tasks 0 + 1 * n scratch 0>}

// CHECK: %[[W2:.*]] = exec.launch [@filter_kernel] {{.*}} -> (gradients + 128
// CHECK-NEXT: %[[S:.*]] = exec.launch [@bias_kernel]
// CHECK-NEXT: exec.collective mean (%[[S]] :
// CHECK-NEXT: exec.wait
// CHECK-NEXT: %[[W1:.*]] = exec.launch [@filter_kernel] {{.*}} -> (gradients + 64
// CHECK-NEXT: exec.record
// CHECK-NEXT: exec.wait
// CHECK-NEXT: exec.collective mean (%[[W1]] : {{.*}}, %[[W2]] :
// CHECK-NEXT: %[[W0:.*]] = exec.launch [@filter_kernel] {{.*}} -> (gradients + 0
// CHECK-NEXT: exec.record
// CHECK-NEXT: exec.wait
// CHECK-NEXT: exec.collective mean (%[[W0]] :

// WITHOUT: %[[W2:.*]] = exec.launch [@filter_kernel] {{.*}} -> (gradients + 128
// WITHOUT-NEXT: exec.record
// WITHOUT-NEXT: exec.wait
// WITHOUT-NEXT: exec.collective mean (%[[W2]] :
// WITHOUT-NEXT: exec.launch [@bias_kernel]
// WITHOUT-NEXT: %[[W1:.*]] = exec.launch [@filter_kernel] {{.*}} -> (gradients + 64
// WITHOUT-NEXT: exec.record
// WITHOUT-NEXT: exec.wait
// WITHOUT-NEXT: exec.collective mean (%[[W1]] :

// REMARK: between-kernels
// REMARK: bucket 1 of 2
// REMARK: bucket 2 of 2
exec.program @train_step batch 1 arena 64 bound 64 (%x = "x" inputs[0] : !x, %g = "g" inputs[1] : !x, %h = "h" inputs[2] : !y) {
  %w2 = exec.launch [@filter_kernel] (%x : !x, %g : !x) -> (gradients + 128 : !w)
  %s = exec.launch [@bias_kernel] (%h : !y) -> (arena + 0 : !b)
  %all, %done = exec.collective mean (%s : !b) -> (arena + 0 : !b) stream "compute"
  exec.wait %done stream "compute"
  %w1 = exec.launch [@filter_kernel] (%x : !x, %g : !x) -> (gradients + 64 : !w)
  %w0 = exec.launch [@filter_kernel] (%x : !x, %g : !x) -> (gradients + 0 : !w)
  %joined = exec.join (%w0 : !w, %w1 : !w, %w2 : !w) -> (gradients + 0 : tensor<41xf32>)
  exec.return (%joined as "gradients" : tensor<41xf32>)
}
}
