// RUN: segc-opt %s --verify-diagnostics --split-input-file

// network_c1: the format that this version reads
// expected-error @+1 {{expects format 1, got 2; use the segc that wrote it}}
seg.network @network_c1 format 2 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c2: regions end with seg.output
// expected-error @+1 {{expects forward and objective to end with seg.output}}
seg.network @network_c2 format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  ub.unreachable
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c3: forward takes the image
// expected-error @+1 {{expects forward to take the image and yield logits, got 2 arguments and 1 results}}
seg.network @network_c3 format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>, %y: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c4: logits of the classes
// expected-error @+1 {{expects logits of 3 classes, got 'tensor<1x4x4x2xf32>'}}
seg.network @network_c4 format 1 classes 3 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c4_rank: logits with spatial dimensions
// expected-error @+1 {{expects logits of 2 classes, got 'tensor<2xf32>'}}
seg.network @network_c4_rank format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<2xf32>):
  seg.output %x : tensor<2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c5: objective takes the results and the labels
// expected-error @+1 {{expects objective to take the 1 results of forward and the labels, got 1 arguments}}
seg.network @network_c5 format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>):
  %0 = seg.all_finite %z : tensor<1x4x4x2xf32> -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c6: of their types
// expected-error @+1 {{expects objective to take 'tensor<1x4x4x2xf32>', got 'tensor<1x2x2x2xf32>'}}
seg.network @network_c6 format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x2x2x2xf32>, %t: tensor<1x2x2xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x2x2x2xf32>, tensor<1x2x2xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c7: a name a result
// expected-error @+1 {{expects a name for each of the 1 results of objective, got 2}}
seg.network @network_c7 format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss", "dice"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c8: a total loss of rank 0
// expected-error @+1 {{expects the first result of objective to be the total loss of rank 0, got 'tensor<1x4x4x2xf32>'}}
seg.network @network_c8 format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  seg.output %z : tensor<1x4x4x2xf32>
}

// -----

// network_c9: an optimizer with a kind
// expected-error @+1 {{expects 'kind' in the optimizer}}
seg.network @network_c9 format 1 classes 2 optimizer {} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c10: names of their own
seg.network @network_c10 format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  // expected-note @+1 {{first used here}}
  %w = seg.param "a" constant 0.0 : tensor<2xf32>
  // expected-error @+1 {{expects a name of its own, got 'a' again}}
  %s = seg.state "a" 0.0 : tensor<2xf32>
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// dropout_c1 of a network
func.func @network_dropout(%x: tensor<2x4x4x8xf32>) {
  // expected-error @+1 {{expects a rate in [0, 1), got -5.0}}
  %0 = seg.network_dropout %x rate -0.5 : tensor<2x4x4x8xf32>
  return
}

// -----

// fusion_c1: a region argument for each input
func.func @fusion_c1(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{expects a region argument for each input, of its type}}
  "seg.fusion"(%x) ({
    "seg.yield"() : () -> ()
  }) : (tensor<2x4xf32>) -> ()
  return
}

// -----

// fusion_c2: the yielded types
func.func @fusion_c2(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{expects yielded types 'tensor<2x5xf32>', got 'tensor<2x4xf32>'}}
  %0 = seg.fusion (%a = %x : tensor<2x4xf32>) -> (tensor<2x5xf32>) {
    seg.yield %a : tensor<2x4xf32>
  }
  return
}

// -----

// fusion_c3: one root
func.func @fusion_c3(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{expects at most one op that is not pointwise, got seg.softmax and seg.softmax}}
  %0 = seg.fusion (%a = %x : tensor<2x4xf32>) -> (tensor<2x4xf32>) {
    %1 = seg.softmax %a : tensor<2x4xf32>
    // expected-note @+1 {{second root}}
    %2 = seg.softmax %1 : tensor<2x4xf32>
    seg.yield %2 : tensor<2x4xf32>
  }
  return
}

// -----

// fusion_c3: a reduction beside the root is one of what the kernel computes
func.func @fusion_c3_input(%x: tensor<2x4x4x4xf32>) {
  // expected-error @+1 {{expects at most one op that is not pointwise, got seg.softmax and seg.norm_stats}}
  %0 = seg.fusion (%a = %x : tensor<2x4x4x4xf32>) -> (tensor<2x4xf32>) {
    %1 = seg.softmax %a : tensor<2x4x4x4xf32>
    // expected-note @+1 {{second root}}
    %mean, %rstd = seg.norm_stats instance %a epsilon 1.0e-3 : (tensor<2x4x4x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>)
    seg.yield %mean : tensor<2x4xf32>
  }
  return
}

// -----

// fusion_c4: an offset a result
func.func @fusion_c4(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{expects an offset for each of the 1 results, got 2}}
  %0 = seg.fusion (%a = %x : tensor<2x4xf32>) -> (tensor<2x4xf32>) attributes {offsets = array<i64: 0, 64>} {
    seg.yield %a : tensor<2x4xf32>
  }
  return
}
