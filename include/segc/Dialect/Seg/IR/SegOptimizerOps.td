//===- SegOptimizerOps.td - Optimizers on the flat parameter buffer *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_OPTIMIZER_OPS_TD
#define SEGC_DIALECT_SEG_OPTIMIZER_OPS_TD

include "segc/Dialect/Seg/IR/SegBase.td"

// All optimizers work on flat rank-1 tensors that hold every parameter, decayed
// ones first. The gradient they see is
//   g = grads / loss_scale + (i < decay_elements ? weight_decay * params[i] : 0),
// and nothing changes where `finite` is 0.
class Seg_OptimizerOp<string mnemonic, list<string> methods = []>
    : Seg_PureOp<mnemonic, [Seg_Deny, Seg_NotDifferentiable,
                            DeclareOpInterfaceMethods<Seg_OptimizerOpInterface, methods>]> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
defvar Seg_OptimizerAttrs = (ins I64Attr:$decay_elements);

def Seg_AllFiniteOp : Seg_PureOp<"all_finite", [Seg_Deny, Seg_NotDifferentiable]> {
  let summary = "1 if every element is finite, with `squares` its square too, else 0";
  let description = [{
    Adam and RMSProp keep squares of gradients: one that does not fit the element type would stay infinite in the mean for good.
  }];
  let arguments = (ins Seg_Tensor:$input, UnitAttr:$squares);
  let results = (outs Seg_Scalar:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}
def Seg_ClipScaleOp : Seg_PureOp<"clip_scale", [Seg_Deny, Seg_NotDifferentiable]> {
  let summary = "The loss scale by which an optimizer sees gradients of at most a norm";
  let description = [{
    With norm = |grads| / loss_scale, the result is loss_scale * max(1, (norm + 1e-6) / max_norm): the gradients divided by it
    have at most the norm max_norm.
  }];
  let arguments = (ins Seg_Tensor:$input, Seg_Scalar:$loss_scale, F64Attr:$max_norm);
  let results = (outs Seg_Scalar:$output);
  let assemblyFormat = "$input `,` $loss_scale `max_norm` $max_norm attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Seg_AdamOp : Seg_OptimizerOp<"adam", ["getSquaresState"]> {
  let summary = "Adam (Kingma, Ba 2014), epsilon outside the root; with `rectified` RAdam (Liu et al. 2019), with `decoupled` AdamW (Loshchilov, Hutter 2019)";
  let description = [{
    m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2;
    w -= lr * sqrt(1-b2^t)/(1-b1^t) * m/(sqrt(v) + epsilon).
    Rectified: rho = rho_inf - 2 t b2^t/(1-b2^t), rho_inf = 2/(1-b2) - 1; if rho > 5 the step is
    lr * r * mhat/(sqrt(vhat) + epsilon) with r^2 = (rho-4)(rho-2)rho_inf/((rho_inf-4)(rho_inf-2)rho), else lr * mhat.
    Decoupled: the gradient has no weight decay; first w -= lr * weight_decay * w where it applies.
  }];
  let arguments = !con((ins Seg_Tensor:$params, Seg_Tensor:$grads, Seg_Tensor:$first_moment, Seg_Tensor:$second_moment,
      Seg_Scalar:$finite, Seg_Scalar:$learning_rate, Seg_Scalar:$weight_decay, Seg_Scalar:$loss_scale, Seg_Counter:$step,
      F64Attr:$beta1, F64Attr:$beta2, F64Attr:$epsilon, UnitAttr:$rectified, UnitAttr:$decoupled), Seg_OptimizerAttrs);
  let results = (outs Seg_Tensor:$new_params, Seg_Tensor:$new_first_moment, Seg_Tensor:$new_second_moment);
}
def Seg_RmspropOp : Seg_OptimizerOp<"rmsprop", ["getSquaresState"]> {
  let summary = "Centred RMSProp with momentum (docs/ReferenceBehaviour.md)";
  let description = [{
    ms = d ms + (1-d) g^2; mg = d mg + (1-d) g; mom = momentum*mom + lr*g/sqrt(ms - mg^2 + epsilon); w -= mom.
  }];
  let arguments = !con((ins Seg_Tensor:$params, Seg_Tensor:$grads, Seg_Tensor:$mean_square, Seg_Tensor:$mean_gradient,
      Seg_Tensor:$momentum_buffer, Seg_Scalar:$finite, Seg_Scalar:$learning_rate, Seg_Scalar:$momentum, Seg_Scalar:$weight_decay,
      Seg_Scalar:$loss_scale, F64Attr:$decay, F64Attr:$epsilon), Seg_OptimizerAttrs);
  let results = (outs Seg_Tensor:$new_params, Seg_Tensor:$new_mean_square, Seg_Tensor:$new_mean_gradient, Seg_Tensor:$new_momentum_buffer);
}
def Seg_SgdOp : Seg_OptimizerOp<"sgd"> {
  let summary = "SGD with momentum, Nesterov optional";
  let description = "v = momentum v + g; w -= lr v, or w -= lr (g + momentum v) with `nesterov`.";
  let arguments = !con((ins Seg_Tensor:$params, Seg_Tensor:$grads, Seg_Tensor:$velocity, Seg_Scalar:$finite,
      Seg_Scalar:$learning_rate, Seg_Scalar:$momentum, Seg_Scalar:$weight_decay, Seg_Scalar:$loss_scale, UnitAttr:$nesterov), Seg_OptimizerAttrs);
  let results = (outs Seg_Tensor:$new_params, Seg_Tensor:$new_velocity);
}
def Seg_LookaheadOp : Seg_PureOp<"lookahead", [Seg_Deny, Seg_NotDifferentiable]> {
  let summary = "Lookahead (Zhang et al. 2019): every sync steps slow += alpha (w - slow), w = slow";
  let description = "At step 1 the slow weights are first set to the weights before the step's update.";
  let arguments = (ins Seg_Tensor:$old_params, Seg_Tensor:$params, Seg_Tensor:$slow, Seg_Scalar:$finite, Seg_Counter:$step,
                       I64Attr:$sync, F64Attr:$alpha);
  let results = (outs Seg_Tensor:$new_params, Seg_Tensor:$new_slow);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // SEGC_DIALECT_SEG_OPTIMIZER_OPS_TD
