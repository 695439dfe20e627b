// RUN: segc-opt %s --segc-gpu --verify-diagnostics --split-input-file

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// A root without a kernel.
func.func @softmax(%x: !x) -> !x {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    // expected-error @+1 {{'seg.softmax' op has no kernel for the target cuda}}
    %1 = seg.softmax %a : !x
    seg.yield %1 : !x
  }
  return %0 : !x
}

// -----

!x = tensor<1x4x4x2xf32>

// An op outside of all kernels.
func.func @outside(%x: !x) -> !x {
  // expected-error @+1 {{'seg.relu' op lies in no seg.fusion; run seg-fuse first}}
  %0 = seg.relu %x : !x
  return %0 : !x
}

// -----

!x = tensor<1x4x4x2xf32>

// A result without memory of its own.
// expected-error @+1 {{result #1 is an argument or another result again; it has no place of its own}}
func.func @twice(%x: !x) -> (!x, !x) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %1 = seg.relu %a : !x
    seg.yield %1 : !x
  }
  return %0, %x : !x, !x
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// What the prologue computes exists for the product only.
func.func @shared_prologue(%x: !x, %w: !w) -> !x {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    // expected-error @+1 {{'seg.relu' op is used outside the kernel's prologue}}
    %1 = seg.relu %a : !x
    %2 = seg.conv %1, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    %3 = seg.add %2, %1 : (!x, !x) -> !x
    seg.yield %3 : !x
  }
  return %0 : !x
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// A filter is not loaded through a prologue.
func.func @filter_prologue(%x: !x, %w: !w) -> !x {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    %1 = seg.scale %b by 2.0 : !w
    // expected-error @+1 {{'seg.conv' op supports a prologue of its input only}}
    %2 = seg.conv %a, %1 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    seg.yield %2 : !x
  }
  return %0 : !x
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>
!s = tensor<1x2xf32>

// Statistics exist after the launches: nothing can be computed of them.
func.func @statistics_used(%x: !x, %w: !w) -> !s {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!s) {
    %1 = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    // expected-error @+1 {{'seg.norm_stats' op is used outside the kernel's merging}}
    %mean, %rstd = seg.norm_stats instance %1 epsilon 1.0e-5 : (!x) -> (!s, !s)
    %2 = seg.relu %mean : !s
    seg.yield %2 : !s
  }
  return %0 : !s
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>
!s = tensor<1x2xf32>
!c = tensor<2xf32>

// Sums of a norm's gradient are of two activations.
func.func @gradient_sums(%x: !x, %w: !w, %s: !s, %c: !c) -> !s {
  // expected-error @+1 {{could not be emitted}}
  %0:2 = seg.fusion (%a = %x : !x, %b = %w : !w, %m = %s : !s, %g = %c : !c) -> (!s, !s) {
    %1 = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    // expected-error @+1 {{'seg.norm_grad_stats' op reads more than the result of the convolution, which its GPU kernel does not support}}
    %2, %3, %4, %5 = seg.norm_grad_stats instance %a, %1, %g, %m, %m epsilon 1.0e-5 : (!x, !x, !c, !s, !s) -> (!s, !s, !c, !c)
    seg.yield %2, %3 : !s, !s
  }
  return %0#0 : !s
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// A tile by hand must fit the target.
func.func @tile(%x: !x, %w: !w) -> !x {
  // expected-error @+2 {{expects a tile of multiples of 4 pixels and 4 channels that takes at most 1024 threads and 49152 bytes of shared memory, got #seg.strategy<implicit_gemm, tile = [4096, 8, 2]>}}
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x)
      attributes {strategy = #seg.strategy<implicit_gemm, tile = [4096, 8, 2]>} {
    %1 = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    seg.yield %1 : !x
  }
  return %0 : !x
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// A strategy of another target.
func.func @kind(%x: !x, %w: !w) -> !x {
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) attributes {strategy = #seg.strategy<direct>} {
    // expected-error @+1 {{'seg.conv' op expects a strategy of the target cuda of kind implicit_gemm, got 'direct'}}
    %1 = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    seg.yield %1 : !x
  }
  return %0 : !x
}
