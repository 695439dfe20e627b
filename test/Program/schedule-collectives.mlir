// RUN: segc-opt %s --exec-schedule-collectives="link=0:0.001 ranks=4" | FileCheck %s --check-prefixes=CHECK,MANY
// RUN: segc-opt %s --exec-schedule-collectives="link=1e6:1 ranks=4 reduce-type=bf16" | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: segc-opt %s --exec-schedule-collectives="ranks=4 link=1:1 reduce-type=f16" --remarks-filter-passed=communication --remarks-filter-analyse=communication --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not segc-opt %s --exec-schedule-collectives="link=fast" 2>&1 | FileCheck %s --check-prefix=LINK
// LINK: link 'fast': expected ethernet-1g, {{.*}} or microseconds:gigabytes a second, such as 30:1.2

!x = tensor<1x8x8x1xf32>
!w = tensor<3x3x1x1xf32>
!b = tensor<1xf32>

module attributes {seg.layout = {parameters = [
    {name = "w0", decay = true, offset = 0 : i64}, {name = "w1", decay = true, offset = 64 : i64},
    {name = "b0", decay = false, offset = 128 : i64}, {name = "b1", decay = false, offset = 192 : i64}]}} {

exec.fusion @filter(%x: !x, %g: !x) {
  %0 = seg.fusion (%a = %x : !x, %b = %g : !x) -> (!w) {
    %r = seg.conv_filter_grad %a, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !x) -> !w
    seg.yield %r : !w
  }
  exec.yield %0 : !w
}
exec.fusion @bias(%g: !x) {
  %0 = seg.fusion (%a = %g : !x) -> (!b) {
    %r = seg.channel_sum %a : !x -> !b
    seg.yield %r : !b
  }
  exec.yield %0 : !b
}
func.func private @filter_kernel(memref<64xf32>, memref<64xf32>, memref<9xf32>)
    attributes {exec.kernel = #exec.kernel<@filter launch 0 tasks 0 + 1 * n scratch 0>}
func.func private @bias_kernel(memref<64xf32>, memref<1xf32>)
    attributes {exec.kernel = #exec.kernel<@bias launch 0 tasks 0 + 1 * n scratch 0>}

// Other programs keep gradients to themselves.
// CHECK-LABEL: exec.program @grad_step
// CHECK-NOT: exec.collective

// The last filter is sent first, while others are computed; what no weight
// decay applies to is sent together. The update waits for all.
// CHECK: exec.program @train_step
// MANY: %[[B1:.*]] = exec.launch [@bias_kernel] {{.*}} -> (gradients + 192
// MANY-NEXT: %[[W1:.*]] = exec.launch [@filter_kernel] {{.*}} -> (gradients + 64
// MANY-NEXT: %[[R:.*]] = exec.record stream "compute"
// MANY-NEXT: exec.wait %[[R]] stream "communication"
// MANY-NEXT: %[[M1:.*]], %[[T1:.*]] = exec.collective mean (%[[W1]] : tensor<3x3x1x1xf32>) -> (gradients + 64 : tensor<3x3x1x1xf32>) stream "communication"
// MANY-NEXT: %[[B0:.*]] = exec.launch [@bias_kernel] {{.*}} -> (gradients + 128
// MANY-NEXT: exec.record
// MANY-NEXT: exec.wait
// MANY-NEXT: %[[MB:.*]]:2, %[[TB:.*]] = exec.collective mean (%[[B0]] : {{.*}}, %[[B1]] : {{.*}}) -> (gradients + 128
// MANY-NEXT: %[[W0:.*]] = exec.launch [@filter_kernel] {{.*}} -> (gradients + 0
// MANY-NEXT: exec.record
// MANY-NEXT: exec.wait
// MANY-NEXT: %[[M0:.*]], %[[T0:.*]] = exec.collective mean (%[[W0]] : {{.*}}
// MANY-NEXT: exec.wait %[[T1]], %[[TB]], %[[T0]] stream "compute"
// MANY-NEXT: exec.join (%[[M0]] : {{.*}}, %[[M1]] : {{.*}}, %[[MB]]#0 : {{.*}}, %[[MB]]#1 :

// Where a message is dear, there are as few as places in memory allow.
// ONE: exec.launch [@bias_kernel] {{.*}} -> (gradients + 128
// ONE-NEXT: exec.record
// ONE-NEXT: exec.wait
// ONE-NEXT: exec.collective mean (%{{.*}}, %{{.*}}) -> (gradients + 128 {{.*}} as bf16 stream "communication"
// ONE-NEXT: %[[W0:.*]] = exec.launch [@filter_kernel] {{.*}} -> (gradients + 0
// ONE-NEXT: exec.record
// ONE-NEXT: exec.wait
// ONE-NEXT: exec.collective mean (%[[W0]] : {{.*}}, %{{.*}}) -> (gradients + 0 {{.*}} as bf16 stream "communication"
// ONE-NEXT: exec.wait
// ONE-NEXT: exec.join

// REMARK: bucket | {{.*}}"train_step: bucket 1 of 2", bytes=34, {{.*}}ready_ms={{.*}}, tensors=2
// REMARK: bucket | {{.*}}"train_step: bucket 2 of 2", bytes=50, {{.*}}ready_ms={{.*}}, tensors=2
// REMARK: exposed | {{.*}}"train_step: what 4 ranks wait for collectives", {{.*}}exposed_ms={{[0-9.e-]+}}, step_ms=
exec.program @grad_step batch 1 arena 0 bound 0 (%x = "x" inputs[0] : !x, %g = "g" inputs[1] : !x) {
  %w1 = exec.launch [@filter_kernel] (%x : !x, %g : !x) -> (gradients + 64 : !w)
  exec.return (%w1 as "w1" : !w)
}
exec.program @train_step batch 1 arena 0 bound 0 (%x = "x" inputs[0] : !x, %g = "g" inputs[1] : !x) {
  %b1 = exec.launch [@bias_kernel] (%g : !x) -> (gradients + 192 : !b)
  %w1 = exec.launch [@filter_kernel] (%x : !x, %g : !x) -> (gradients + 64 : !w)
  %b0 = exec.launch [@bias_kernel] (%g : !x) -> (gradients + 128 : !b)
  %w0 = exec.launch [@filter_kernel] (%x : !x, %g : !x) -> (gradients + 0 : !w)
  %all = exec.join (%w0 : !w, %w1 : !w, %b0 : !b, %b1 : !b) -> (gradients + 0 : tensor<49xf32>)
  exec.return (%all as "gradients" : tensor<49xf32>)
}
}
