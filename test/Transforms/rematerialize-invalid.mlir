// RUN: segc-opt %s --seg-rematerialize=budget=12287 --split-input-file --verify-diagnostics
// RUN: not segc-opt %s --seg-rematerialize=target=cpu:i386 --split-input-file 2>&1 | FileCheck %s
// CHECK: error: unknown version 'i386' of the target cpu: expected one of armv8-a, x86-64-v2, x86-64-v3, x86-64-v4, x86-64-v4-vnni, x86-64-v4-bf16, x86-64-v4-fp16

!x = tensor<1x8x8x16xf32>
!wide = tensor<1x8x8x32xf32>

// What one kernel reads and writes is there, however much runs again.
// expected-error @below {{'least' needs an arena of at least 12288 bytes, however much is computed again; --fit-memory allows 12287}}
func.func @least(%x: !x) -> (tensor<16xf32>, tensor<32xf32>) {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    // expected-note @below {{alive at the peak: 4096 bytes, tensor<1x8x8x16xf32> of seg.relu}}
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %1 : !x, %b = %x : !x) -> (!wide) {
    // expected-note @below {{alive at the peak: 8192 bytes, tensor<1x8x8x32xf32> of seg.concat}}
    %r = seg.concat %a, %b : (!x, !x) -> !wide
    seg.yield %r : !wide
  }
  %3 = seg.fusion (%a = %2 : !wide) -> (tensor<32xf32>) {
    %r = seg.channel_sum %a : !wide -> tensor<32xf32>
    seg.yield %r : tensor<32xf32>
  }
  %4 = seg.fusion (%a = %0 : !x) -> (tensor<16xf32>) {
    %r = seg.channel_sum %a : !x -> tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  return %4, %3 : tensor<16xf32>, tensor<32xf32>
}

// -----

!x = tensor<1x8x8x16xf32>
!wide = tensor<1x8x8x32xf32>

// A kernel that reads a state which the entry overwrites runs once: later it
// would read the new one.
// expected-error @below {{needs an arena of at least 16384 bytes}}
func.func @state(%x: !x, %s: !x {seg.name = "s", seg.offset = 0 : i64, seg.region = "states"})
    -> (tensor<16xf32>, tensor<32xf32>, !x {seg.name = "s", seg.offset = 0 : i64, seg.region = "states"}) {
  %0 = seg.fusion (%a = %s : !x) -> (!x) {
    // expected-note @below {{4096 bytes}}
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  %1 = seg.fusion (%a = %0 : !x) -> (!x) {
    // expected-note @below {{4096 bytes}}
    %r = seg.sigmoid %a : !x
    seg.yield %r : !x
  }
  %2 = seg.fusion (%a = %1 : !x, %b = %x : !x) -> (!wide) {
    // expected-note @below {{8192 bytes}}
    %r = seg.concat %a, %b : (!x, !x) -> !wide
    seg.yield %r : !wide
  }
  %3 = seg.fusion (%a = %2 : !wide) -> (tensor<32xf32>) {
    %r = seg.channel_sum %a : !wide -> tensor<32xf32>
    seg.yield %r : tensor<32xf32>
  }
  %4 = seg.fusion (%a = %0 : !x, %after = %3 : tensor<32xf32>) -> (tensor<16xf32>) {
    %r = seg.channel_sum %a : !x -> tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  %5 = seg.fusion (%a = %x : !x) -> (!x) {
    %r = seg.relu %a : !x
    seg.yield %r : !x
  }
  return %4, %3, %5 : tensor<16xf32>, tensor<32xf32>, !x
}
