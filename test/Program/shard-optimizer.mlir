// RUN: segc-opt %s --split-input-file --verify-diagnostics --exec-schedule-collectives="link=1e6:1" --exec-shard-optimizer | FileCheck %s
// RUN: segc-opt %s --split-input-file --verify-diagnostics --exec-schedule-collectives="link=1e6:1" --exec-shard-optimizer | segc-opt --split-input-file | FileCheck %s

!x = tensor<1x8x8x1xf32>
!w = tensor<3x3x1x1xf32>
!all = tensor<9xf32>

module attributes {seg.layout = {parameters = [{name = "w", decay = true, offset = 0 : i64}]}} {

exec.fusion @filter(%x: !x, %g: !x) {
  %0 = seg.fusion (%a = %x : !x, %b = %g : !x) -> (!w) {
    %r = seg.conv_filter_grad %a, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !x) -> !w
    seg.yield %r : !w
  }
  exec.yield %0 : !w
}
exec.fusion @finite(%g: !all) {
  %0 = seg.fusion (%a = %g : !all) -> (tensor<f32>) {
    %r = seg.all_finite %a : !all -> tensor<f32>
    seg.yield %r : tensor<f32>
  }
  exec.yield %0 : tensor<f32>
}
exec.fusion @sgd(%p: !all, %g: !all, %v: !all, %f: tensor<f32>) {
  %0:2 = seg.fusion (%a = %p : !all, %b = %g : !all, %c = %v : !all, %d = %f : tensor<f32>) -> (!all, !all) {
    %r:2 = seg.sgd %a, %b, %c, %d, %d, %d, %d, %d {decay_elements = 9 : i64}
        : (!all, !all, !all, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (!all, !all)
    seg.yield %r#0, %r#1 : !all, !all
  }
  exec.yield %0#0, %0#1 : !all, !all
}
func.func private @filter_kernel(memref<64xf32>, memref<64xf32>, memref<9xf32>)
    attributes {exec.kernel = #exec.kernel<@filter launch 0 tasks 0 + 1 * n scratch 0>}
func.func private @finite_kernel(memref<9xf32>, memref<1xf32>, memref<3xf32>)
    attributes {exec.kernel = #exec.kernel<@finite launch 0 tasks 3 + 0 * n scratch 0 slice 4>}
func.func private @finite_merge(memref<9xf32>, memref<1xf32>, memref<3xf32>)
    attributes {exec.kernel = #exec.kernel<@finite launch 1 tasks 1 + 0 * n scratch 0>}
func.func private @sgd_kernel(memref<9xf32>, memref<9xf32>, memref<9xf32>, memref<1xf32>, memref<9xf32>, memref<9xf32>)
    attributes {exec.kernel = #exec.kernel<@sgd launch 0 tasks 3 + 0 * n scratch 0 slice 4>}

// Ranks get the means of their own gradients, test and update these, and get
// the parameters of others.
// CHECK-LABEL: exec.program @train_step
// CHECK: exec.launch [@filter_kernel]
// CHECK-NOT: sharded
// CHECK: exec.collective reduce_scatter {{.*}} -> (gradients + 0 : tensor<3x3x1x1xf32>) shards <elements 9 slice 4> stream "communication"
// CHECK: exec.wait {{.*}} stream "compute"
// CHECK: exec.launch [@finite_kernel, @finite_merge] {{.*}} temporaries (arena + 64 : tensor<3xf32>) sharded
// CHECK: %[[P:.*]]:2 = exec.launch [@sgd_kernel] {{.*}} sharded
// CHECK-NEXT: %[[ALL:.*]], %[[T:.*]] = exec.collective all_gather (%[[P]]#0 : tensor<9xf32>) -> (parameters + 0 : tensor<9xf32>) shards <elements 9 slice 4>
// CHECK-NEXT: exec.wait %[[T]] stream "compute"
// CHECK: exec.return (%[[ALL]] as "parameters"
exec.program @train_step batch 1 arena 128 bound 128 (%x = "x" inputs[0] : !x, %g = "g" inputs[1] : !x,
    %p = "parameters" parameters + 0 : !all, %v = "velocity" optimizer + 0 : !all) {
  %w = exec.launch [@filter_kernel] (%x : !x, %g : !x) -> (gradients + 0 : !w)
  %all = exec.join (%w : !w) -> (gradients + 0 : !all)
  %f = exec.launch [@finite_kernel, @finite_merge] (%all : !all) -> (arena + 0 : tensor<f32>) temporaries (arena + 64 : tensor<3xf32>)
  %n:2 = exec.launch [@sgd_kernel] (%p : !all, %all : !all, %v : !all, %f : tensor<f32>)
      -> (parameters + 0 : !all, optimizer + 0 : !all)
  exec.return (%n#0 as "parameters" : !all, %n#1 as "velocity" : !all)
}
}

// -----

!w = tensor<9xf32>

module attributes {seg.layout = {parameters = [{name = "w", decay = true, offset = 0 : i64}]}} {
exec.fusion @half(%g: !w) {
  %0 = seg.fusion (%a = %g : !w) -> (!w) {
    %r = seg.relu %a : !w
    seg.yield %r : !w
  }
  exec.yield %0 : !w
}
func.func private @half_kernel(memref<9xf32>, memref<9xf32>)
    attributes {exec.kernel = #exec.kernel<@half launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @train_step batch 1 arena 64 bound 64 (%x = "x" inputs[0] : !w) {
  %w = exec.launch [@half_kernel] (%x : !w) -> (gradients + 0 : !w)
  %all = exec.join (%w : !w) -> (gradients + 0 : !w)
  // expected-error @+1 {{'exec.launch' op cannot be shared by ranks: its tasks are not slices of flat operands on this target; compile without --shard-optimizer}}
  %n = exec.launch [@half_kernel] (%all : !w) -> (parameters + 0 : !w)
  exec.return (%n as "parameters" : !w)
}
}
