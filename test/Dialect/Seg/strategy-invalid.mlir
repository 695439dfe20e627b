// Each case breaks one constraint of docs/Spec.md.
// RUN: segc-opt %s -split-input-file -verify-diagnostics

// strategy_c2
// expected-error @+1 {{expects 'temp_bytes' of a strategy to be a multiple of 64 up to 70368744177664, got 1000}}
func.func private @temp() attributes {s = #seg.strategy<direct, temp_bytes = 1000>}

// -----

// strategy_c2
// expected-error @+1 {{expects 'sums_bytes' of a strategy to be a multiple of 64 up to 70368744177664, got -64}}
func.func private @sums() attributes {s = #seg.strategy<direct, sums_bytes = -64>}

// -----

// expected-error @+1 {{expects a number of bytes for 'temp_bytes'}}
func.func private @word() attributes {s = #seg.strategy<direct, temp_bytes = few>}

// -----

// expected-error @+1 {{expects 'prepared' without a value}}
func.func private @prepared() attributes {s = #seg.strategy<direct, prepared = true>}

// -----

// expected-error @+1 {{has 'lanes' twice}}
func.func private @twice() attributes {s = #seg.strategy<direct, lanes = 4, lanes = 8>}

// -----

// expected-error @+1 {{expected a number, a list of numbers, true, false or a keyword}}
func.func private @value() attributes {s = #seg.strategy<direct, lanes = "four">}

// -----

// expected-error @+1 {{expected a number, a list of numbers, true, false or a keyword}}
func.func private @dictionary() attributes {s = #seg.strategy<direct, lanes = {}>}

// -----

// strategy_c1
// expected-error @+1 {{expects a word as kind of a strategy, got 'my.kind'}}
func.func private @kind() attributes {s = #seg.strategy<my.kind>}

// -----

// strategy_c3
// expected-error @+1 {{expects a word that no strategy has otherwise as name of a parameter, got 'my.lanes'}}
func.func private @name() attributes {s = #seg.strategy<direct, my.lanes = 4>}

// -----

// The form of a dictionary is no strategy.
func.func @dictionary(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'seg.fusion' op attribute 'strategy' failed to satisfy constraint: strategy of a fusion, `#seg.strategy<kind, ...>`}}
  %0 = seg.fusion (%a = %x : tensor<4xf32>) -> (tensor<4xf32>) attributes {strategy = {kind = "pointwise"}} {
    %1 = seg.relu %a : tensor<4xf32>
    seg.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
