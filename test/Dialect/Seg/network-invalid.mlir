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
    %1 = seg.relu %a : tensor<2x4xf32>
    seg.yield %1 : tensor<2x4xf32>
  }
  return
}

// -----

// fusion_c5: what is yielded is computed
func.func @fusion_c5(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{expects results that its body computes, but result #0 is input #0 as it is; use the input's value instead}}
  %0 = seg.fusion (%a = %x : tensor<2x4xf32>) -> (tensor<2x4xf32>) {
    seg.yield %a : tensor<2x4xf32>
  }
  return
}

// -----

// network_c11: names are text
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  // expected-error @+1 {{cannot be named "w\FF\FE": it is not valid UTF-8}}
  %w = seg.param "w\FF\FE" constant 0.0 : tensor<2xf32>
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c11: names are not empty
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  // expected-error @+1 {{cannot be named "": it is empty}}
  %w = seg.param "" constant 0.0 : tensor<2xf32>
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c11: no control characters
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  // expected-error @+1 {{cannot be named "a\00b": it has control characters}}
  %w = seg.state "a\00b" 0.0 : tensor<2xf32>
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c11: the key of safetensors that is no tensor
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  // expected-error @+1 {{cannot be named "__metadata__": files of weights use it for their own data}}
  %w = seg.param "__metadata__" constant 0.0 : tensor<2xf32>
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c11: results have different names
// expected-error @+1 {{cannot name a result "loss": another result has that name}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss", "loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0, %0 : tensor<f32>, tensor<f32>
}

// -----

// network_c11: a training step adds a result
// expected-error @+1 {{cannot name a result "finite": a training step has a result of that name}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["finite"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c12: finite values
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  // expected-error @+1 {{expects a finite initial value}}
  %w = seg.param "w" constant 0x7FF0000000000000 : tensor<2xf32>
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c13: a number of classes that data can have
// expected-error @+1 {{expects 1 to 65536 classes, got -2}}
seg.network @n format 1 classes -2 optimizer {kind = "adam"} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c14: types of the optimizer
// expected-error @+1 {{optimizer: 'learning_rate' expects a number such as 1.0e-3, got an integer}}
seg.network @n format 1 classes 2 optimizer {kind = "adam", learning_rate = 1 : i64} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c14: ranges of the optimizer
// expected-error @+1 {{optimizer: 'beta1' expects at least 0 and less than 1, got 1}}
seg.network @n format 1 classes 2 optimizer {kind = "adam", beta1 = 1.0} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c14: no NaN
// expected-error @+1 {{optimizer: 'weight_decay' expects a finite number}}
seg.network @n format 1 classes 2 optimizer {kind = "adam", weight_decay = 0x7FF8000000000000 : f64} pipeline {} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c15: types of the pipeline
// expected-error @+1 {{pipeline: 'kind' expects a string, got an integer}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = 3 : i64} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c15: types within lists
// expected-error @+1 {{pipeline: 'resize' expects a list of integers, got a string in the list}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = "isbi", resize = [388, "388"]} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c15: lengths of lists
// expected-error @+1 {{pipeline: 'resize' expects 2 values, got 1}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = "isbi", resize = [388]} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c15: ranges
// expected-error @+1 {{pipeline: 'dim' expects 2 to 3, got 7}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = "nnunet", dim = 7 : i64} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c15: what is divided by
// expected-error @+1 {{pipeline: 'spacing' expects more than 0, got 0}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = "nnunet", spacing = [1.0, 0.0]} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c15: values that JSON has, also of keys that are a host's own
// expected-error @+1 {{pipeline: 'place' expects a string, number, boolean, list or dictionary, got a value that JSON has no type for}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = "mine", place = f32} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// network_c15: a name for each class
// expected-error @+1 {{pipeline: 'class_names' expects a name for each of the 2 classes, got 3}}
seg.network @n format 1 classes 2 optimizer {kind = "adam"} pipeline {class_names = ["a", "b", "c"]} forward {
^bb0(%x: tensor<1x4x4x2xf32>):
  seg.output %x : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x4x4x2xf32>, %t: tensor<1x4x4xi32>):
  %0 = seg.cross_entropy %z, %t : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %0 : tensor<f32>
}

// -----

// fusion_c2: the body ends with seg.yield
func.func @fusion_c2_end(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{expects a body that ends with seg.yield}}
  %0 = seg.fusion (%a = %x : tensor<2x4xf32>) -> (tensor<2x4xf32>) {
    ub.unreachable
  }
  return
}
