// RUN: segc-opt %s --seg-select-strategy --exec-outline-programs --verify-diagnostics --split-input-file

// Programs need the plan.
// expected-error @below {{has no memory plan: expects seg.arena_bytes and seg.arena_bound; run seg-plan-memory first}}
func.func @predict(%x: tensor<1x4x4x16xf32>) -> tensor<1x4x4x16xf32> {
  %0 = seg.fusion (%a = %x : tensor<1x4x4x16xf32>) -> (tensor<1x4x4x16xf32>) attributes {offsets = array<i64: -1>} {
    %r = seg.relu %a : tensor<1x4x4x16xf32>
    seg.yield %r : tensor<1x4x4x16xf32>
  }
  return %0 : tensor<1x4x4x16xf32>
}

// -----

!x = tensor<1x4x4x16xf32>
!w = tensor<1x1x16x16xf32>

// The CPU's kernels lay filters out as they are.
func.func @prologue(%x: !x, %w: !w) -> !x {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!x) attributes {offsets = array<i64: -1>} {
    %v = seg.relu %b : !w
    // expected-error @+1 {{'seg.conv' op has a prologue of operand #1, which its CPU kernel reads directly from memory}}
    %c = seg.conv %a, %v strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    seg.yield %c : !x
  }
  return %0 : !x
}

// -----

!x = tensor<1x4x4x16xf32>
!w = tensor<1x1x16x16xf32>
!s = tensor<1x16xf32>

// Tiles of what is reduced are read again.
func.func @statistics(%x: !x, %w: !w) -> !s {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!s) attributes {offsets = array<i64: -1>} {
    %c = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
    // expected-error @+1 {{'seg.norm_stats' op reduces a value that its kernel does not yield: reductions read the stored tiles again}}
    %mean, %rstd = seg.norm_stats instance %c epsilon 1.0e-3 : (!x) -> (!s, !s)
    seg.yield %mean : !s
  }
  return %0 : !s
}

// -----

!x = tensor<1x4x4x16xf32>
!s = tensor<1x16xf32>

// Not every root's kernel works tile by tile.
func.func @no_tiles(%x: !x) -> (!x, !s) {
  // expected-error @+1 {{could not be emitted}}
  %0:2 = seg.fusion (%a = %x : !x) -> (!x, !s) attributes {offsets = array<i64: -1, -1>} {
    %c = seg.softmax %a : !x
    // expected-error @+1 {{'seg.norm_stats' op follows a root whose CPU kernel computes no such reductions}}
    %mean, %rstd = seg.norm_stats instance %c epsilon 1.0e-3 : (!x) -> (!s, !s)
    seg.yield %c, %mean : !x, !s
  }
  return %0#0, %0#1 : !x, !s
}

// -----

!x = tensor<1x4x4x16xf32>
!s = tensor<1x16xf32>

// A reduction is done when all tiles are.
func.func @too_early(%x: !x) -> !x {
  // expected-error @+1 {{could not be emitted}}
  %0 = seg.fusion (%a = %x : !x) -> (!x) attributes {offsets = array<i64: -1>} {
    %mean, %rstd = seg.norm_stats instance %a epsilon 1.0e-3 : (!x) -> (!s, !s)
    // expected-error @+1 {{'seg.add' op needs the result of a reduction in the kernel that computes its tiles}}
    %y = seg.add %a, %mean : (!x, !s) -> !x
    seg.yield %y : !x
  }
  return %0 : !x
}
