// RUN: segc-opt %s --segc-gpu --verify-diagnostics --split-input-file

!x = tensor<1x4x4x2xf32>
!c = tensor<2xf32>

// A root without a kernel: fusion expands it.
func.func @norm(%x: !x, %c: !c) -> !x {
  %0 = seg.fusion (%a = %x : !x, %b = %c : !c) -> (!x) {
    // expected-error @+1 {{'seg.norm' op has no kernel for the target cuda}}
    %1, %mean, %rstd = seg.norm batch %a, %b, %b epsilon 1.0e-3 : (!x, !c, !c) -> (!x, !c, !c)
    seg.yield %1 : !x
  }
  return %0 : !x
}

// -----

!x = tensor<1x2x2x20000xf32>

// A thread's channels of a pixel lie in shared memory, unless they are few.
func.func @softmax(%x: !x) -> !x {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    // expected-error @+1 {{'seg.softmax' op has more channels than the shared memory of a GPU holds: 20000}}
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

// A filter is not loaded through a prologue.
func.func @filter_prologue(%x: !x, %w: !w) -> !x {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) {
    %1 = seg.scale %b by 2.0 : !w
    // expected-error @+1 {{'seg.conv' op has a prologue of operand #1, which its GPU kernel reads directly from memory}}
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
func.func @statistics_used(%x: !x, %w: !w) -> (!x, !s) {
  // expected-error @+1 {{could not be emitted}}
  %0:2 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x, !s) {
    %1 = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    %mean, %rstd = seg.norm_stats instance %1 epsilon 1.0e-5 : (!x) -> (!s, !s)
    // expected-error @+1 {{'seg.relu' op needs the result of a reduction in the kernel that computes its tiles}}
    %2 = seg.relu %mean : !s
    seg.yield %1, %2 : !x, !s
  }
  return %0#0, %0#1 : !x, !s
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>
!s = tensor<1x2xf32>

// Tiles are reduced as they are stored.
func.func @not_stored(%x: !x, %w: !w) -> !s {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!s) {
    %1 = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    // expected-error @+1 {{'seg.norm_stats' op reduces a value that its kernel does not yield: reductions read the stored tiles again}}
    %mean, %rstd = seg.norm_stats instance %1 epsilon 1.0e-5 : (!x) -> (!s, !s)
    seg.yield %mean : !s
  }
  return %0 : !s
}

// -----

!x = tensor<1x5x4x2xf32>
!y = tensor<1x3x2x2xf32>
!w = tensor<3x3x2x2xf32>
!c = tensor<2xf32>

// Phases of a strided gradient that differ in size have tiles without pixels.
func.func @phases(%y: !y, %w: !w) -> (!x, !c) {
  // expected-error @+1 {{could not be emitted}}
  %0:2 = seg.fusion (%a = %y : !y, %b = %w : !w) -> (!x, !c) {
    %1 = seg.conv_input_grad %a, %b strides [2, 2] pad_low [1, 1] pad_high [1, 1] : (!y, !w) -> !x
    // expected-error @+1 {{'seg.channel_sum' op follows a root whose GPU kernel computes no such reductions}}
    %2 = seg.channel_sum %1 : !x -> !c
    seg.yield %1, %2 : !x, !c
  }
  return %0#0, %0#1 : !x, !c
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// A tile by hand must fit the target.
func.func @tile(%x: !x, %w: !w) -> !x {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x)
      attributes {strategy = #seg.strategy<implicit_gemm, tile = [4096, 8, 2], thread_rows = 4, thread_columns = 4>} {
    // expected-error @+1 {{'seg.conv' op expects a block to have a power of two of threads, at least as many as columns and at most 1024, got 2048 in #seg.strategy<implicit_gemm, thread_columns = 4, thread_rows = 4, tile = [4096, 8, 2]>}}
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
    // expected-error @+1 {{'seg.conv' op expects a strategy of the target cuda of kind implicit_gemm or mma_sync or mma_int8 or mma_patch or mma_int8_patch or mma_few_channels or wgmma or wgmma_patch or cudnn, got 'direct'}}
    %1 = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    seg.yield %1 : !x
  }
  return %0 : !x
}
