// RUN: segc-opt %s --exec-verify -o /dev/null

// Tokens order streams: gradients are summed while others are computed, and
// memory is used again when the other stream is done with it.
exec.program @p batch 1 arena 64 bound 64
    (%g = "g" gradients + 0 : tensor<16xf32>, %x = "x" inputs[0] : tensor<16xf32>) {
  %0 = exec.copy (%x : tensor<16xf32>) -> (gradients + 0 : tensor<16xf32>)
  %t = exec.record stream "compute"
  exec.wait %t stream "communication"
  %1, %done = exec.collective mean (%0 : tensor<16xf32>) -> (gradients + 0 : tensor<16xf32>) stream "communication"
  %2 = exec.copy (%x : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  %3 = exec.copy (%2 : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>)
  exec.wait %done stream "compute"
  %4 = exec.copy (%1 : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  %5 = exec.copy (%4 : tensor<16xf32>) -> (outputs[1] : tensor<16xf32>)
  exec.return (%1 as "g" : tensor<16xf32>, %3 as "y" : tensor<16xf32>, %5 as "z" : tensor<16xf32>)
}

// Gradients as one tensor.
exec.program @q batch 1 arena 0 bound 0 (%x = "x" inputs[0] : tensor<9xf32>, %y = "y" inputs[1] : tensor<16xf32>) {
  %0 = exec.copy (%x : tensor<9xf32>) -> (gradients + 0 : tensor<9xf32>)
  %1 = exec.copy (%y : tensor<16xf32>) -> (gradients + 64 : tensor<16xf32>)
  %2 = exec.join (%0 : tensor<9xf32>, %1 : tensor<16xf32>) -> (gradients + 0 : tensor<32xf32>)
  %3 = exec.copy (%2 : tensor<32xf32>) -> (outputs[0] : tensor<32xf32>)
  exec.return (%2 as "g" : tensor<32xf32>, %3 as "z" : tensor<32xf32>)
}
