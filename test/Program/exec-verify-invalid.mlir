// RUN: segc-opt %s --exec-verify --split-input-file --verify-diagnostics

// What is needed later is overwritten.
exec.fusion @f(%x: tensor<16xf32>) {
  %0 = seg.fusion (%a = %x : tensor<16xf32>) -> (tensor<16xf32>) {
    %r = seg.relu %a : tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  exec.yield %0 : tensor<16xf32>
}
func.func private @k(memref<16xf32>, memref<16xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 128 bound 128 (%x = "x" inputs[0] : tensor<16xf32>) {
  // expected-note@+1 {{command 0}}
  %0 = exec.launch [@k] (%x : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  // expected-error@+1 {{command 1 writes result #0 of tensor<16xf32> to bytes 0 to 64 of the region 'arena', over result #0 of tensor<16xf32> of command 0 at bytes 0 to 64 of the region 'arena', which is needed until command 2}}
  %1 = exec.launch [@k] (%x : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  %2 = exec.launch [@k] (%0 : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>)
  exec.return (%2 as "y" : tensor<16xf32>)
}

// -----

// A kernel that is not pointwise reads elements after it has written others.
exec.fusion @f(%x: tensor<1x4x4x4xf32>) {
  %0 = seg.fusion (%a = %x : tensor<1x4x4x4xf32>) -> (tensor<1x4x4x4xf32>) {
    %r = seg.softmax %a : tensor<1x4x4x4xf32>
    seg.yield %r : tensor<1x4x4x4xf32>
  }
  exec.yield %0 : tensor<1x4x4x4xf32>
}
func.func private @k(memref<64xf32>, memref<64xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 256 bound 256 (%x = "x" inputs[0] : tensor<1x4x4x4xf32>) {
  // expected-note@+1 {{command 0}}
  %0 = exec.launch [@k] (%x : tensor<1x4x4x4xf32>) -> (arena + 0 : tensor<1x4x4x4xf32>)
  // expected-error@+1 {{which is needed until command 1; a result may take the place of an operand that is read element by element, at its type, and by no later command}}
  %1 = exec.launch [@k] (%0 : tensor<1x4x4x4xf32>) -> (arena + 0 : tensor<1x4x4x4xf32>)
}

// -----

// An argument that is read later.
exec.program @p batch 1 arena 0 bound 0 (%x = "x" states + 0 : tensor<16xf32>, %y = "y" inputs[0] : tensor<16xf32>) {
  // expected-error@+1 {{command 0 writes result #0 of tensor<16xf32> to bytes 0 to 64 of the region 'states', over argument #0 of tensor<16xf32> at bytes 0 to 64 of the region 'states', which is needed until command 1}}
  %0 = exec.copy (%y : tensor<16xf32>) -> (states + 0 : tensor<16xf32>)
  %1 = exec.copy (%x : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>)
  exec.return (%0 as "x" : tensor<16xf32>, %1 as "y" : tensor<16xf32>)
}

// -----

// What is returned stays.
exec.program @p batch 1 arena 0 bound 0 (%x = "x" inputs[0] : tensor<16xf32>) {
  // expected-note@+1 {{command 0}}
  %0 = exec.copy (%x : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>)
  // expected-error@+1 {{command 1 writes result #0 of tensor<16xf32> to outputs[0], over result #0 of tensor<16xf32> of command 0 at outputs[0], which is needed after the program}}
  %1 = exec.copy (%x : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>)
  exec.return (%0 as "y" : tensor<16xf32>)
}

// -----

// A temporary over an operand.
exec.fusion @f(%x: tensor<16xf32>) {
  %0 = seg.relu %x : tensor<16xf32>
  exec.yield %0 : tensor<16xf32>
}
func.func private @k(memref<16xf32>, memref<16xf32>, memref<16xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 128 bound 128 (%x = "x" inputs[0] : tensor<16xf32>) {
  // expected-note@+1 {{command 0}}
  %0 = exec.copy (%x : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  // expected-error@+1 {{command 1 writes the temporary to bytes 0 to 64 of the region 'arena', over result #0}}
  %1 = exec.launch [@k] (%0 : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>) temporaries (arena + 0 : tensor<16xf32>)
  exec.return (%1 as "y" : tensor<16xf32>)
}

// -----

exec.program @p batch 1 arena 64 bound 64 (%x = "x" inputs[0] : tensor<16xf32>) {
  // expected-error@+1 {{expects result #0 of tensor<16xf32> within the arena of 64 bytes, got 64 bytes at 64}}
  %0 = exec.copy (%x : tensor<16xf32>) -> (arena + 64 : tensor<16xf32>)
}

// -----

exec.program @p batch 1 arena 128 bound 64 (%x = "x" inputs[0] : tensor<16xf32>) {
  // expected-error@+1 {{expects result #0 of tensor<16xf32> at a multiple of 64 bytes, got 4}}
  %0 = exec.copy (%x : tensor<16xf32>) -> (arena + 4 : tensor<16xf32>)
}

// -----

// Streams have no order of their own.
exec.program @p batch 1 arena 64 bound 64 (%x = "x" inputs[0] : tensor<16xf32>) {
  // expected-note@+1 {{command 0}}
  %0 = exec.copy (%x : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  // expected-error@+1 {{command 1 of stream 'copy' reads operand #0, which command 0 of stream 'compute' may not have written yet; expects an exec.wait between them}}
  %1 = exec.copy (%0 : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>) stream "copy"
  exec.return (%1 as "y" : tensor<16xf32>)
}

// -----

// Memory is not free before the other stream has read it.
exec.program @p batch 1 arena 64 bound 64 (%x = "x" inputs[0] : tensor<16xf32>) {
  // expected-note@+1 {{command 0}}
  %0 = exec.copy (%x : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  %t = exec.record stream "compute"
  exec.wait %t stream "copy"
  %1 = exec.copy (%0 : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>) stream "copy"
  // expected-error@+1 {{command 2 writes result #0 of tensor<16xf32> to bytes 0 to 64 of the region 'arena', over result #0 of tensor<16xf32> of command 0}}
  %2 = exec.copy (%x : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  %3 = exec.copy (%2 : tensor<16xf32>) -> (outputs[1] : tensor<16xf32>)
  exec.return (%1 as "y" : tensor<16xf32>, %3 as "z" : tensor<16xf32>)
}

// -----

// A collective is done when its token is waited for.
exec.program @p batch 1 arena 0 bound 0 (%g = "g" gradients + 0 : tensor<16xf32>) {
  // expected-note@+1 {{command 0}}
  %0, %t = exec.collective sum (%g : tensor<16xf32>) -> (gradients + 0 : tensor<16xf32>) stream "communication"
  // expected-error@+1 {{command 1 of stream 'compute' reads operand #0, which command 0 of stream 'communication' may not have written yet}}
  %1 = exec.copy (%0 : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>)
  exec.return (%1 as "y" : tensor<16xf32>, %0 as "g" : tensor<16xf32>)
}

// -----

exec.fusion @f(%x: tensor<16xf32>) {
  %0 = seg.relu %x : tensor<16xf32>
  exec.yield %0 : tensor<16xf32>
}
func.func private @k_1(memref<16xf32>, memref<16xf32>, memref<16xf32>) attributes {exec.kernel = #exec.kernel<@f launch 1 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 0 bound 0 (%x = "x" parameters + 0 : tensor<16xf32>) {
  // expected-error@+1 {{reads prepared + 0, which the program 'prepare' does not fill}}
  %0 = exec.launch [@k_1] (%x : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>) temporaries (prepared + 0 : tensor<16xf32>)
  exec.return (%0 as "y" : tensor<16xf32>)
}

// -----

exec.fusion @f(%x: tensor<16xf32>) {
  %0 = seg.relu %x : tensor<16xf32>
  exec.yield %0 : tensor<16xf32>
}
func.func private @k(memref<16xf32>, memref<16xf32>, memref<16xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
func.func private @k_1(memref<16xf32>, memref<16xf32>, memref<16xf32>) attributes {exec.kernel = #exec.kernel<@f launch 1 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 0 bound 0 (%x = "x" parameters + 64 : tensor<16xf32>) {
  // expected-error@+1 {{reads prepared + 0, which the program 'prepare' fills from parameters + 0, not from parameters + 64}}
  %0 = exec.launch [@k_1] (%x : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>) temporaries (prepared + 0 : tensor<16xf32>)
  exec.return (%0 as "y" : tensor<16xf32>)
}
exec.program @prepare batch 1 arena 0 bound 0 (%x = "x" parameters + 0 : tensor<16xf32>) {
  // expected-note@+1 {{here}}
  %0 = exec.prepare @k operand 0 (%x : tensor<16xf32>) -> (prepared + 0 : tensor<16xf32>)
  exec.return (%0 as "x" : tensor<16xf32>)
}

// -----

exec.program @q batch 1 arena 0 bound 0 (%x = "x" inputs[0] : tensor<9xf32>) {
  %0 = exec.copy (%x : tensor<9xf32>) -> (gradients + 128 : tensor<9xf32>)
  // expected-error@+1 {{expects operand #0 within bytes 0 to 128 of the region 'gradients', got bytes 128 to 164 of the region 'gradients'}}
  %1 = exec.join (%0 : tensor<9xf32>) -> (gradients + 0 : tensor<32xf32>)
  exec.return (%1 as "g" : tensor<32xf32>)
}
