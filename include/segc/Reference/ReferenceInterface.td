//===- ReferenceInterface.td - Reference evaluation of an op *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_REFERENCE_REFERENCEINTERFACE_TD
#define SEGC_REFERENCE_REFERENCEINTERFACE_TD

include "mlir/IR/OpBase.td"

def Seg_ReferenceOpInterface : OpInterface<"ReferenceOpInterface"> {
  let cppNamespace = "::segc::reference";
  let description = [{
    What an op computes, in plain loops over doubles: the oracle that every
    lowering is tested against, and the function whose finite differences test
    the adjoint. It is written from docs/Spec.md alone and shares no formula
    with emitPoint or the code generator. Implementing it lets the op occur in
    a function that `segc::reference::evaluate` interprets.
  }];
  let methods = [InterfaceMethod<[{
      Computes the results of a verified op. `results` have the shapes and
      element kinds of the result types and hold zeros. Fails, with an error on
      the op, only for operand values that the op does not admit.
    }],
    "::llvm::LogicalResult", "evaluate",
    (ins "::segc::reference::Operands":$operands, "::segc::reference::Results":$results)>];
}

#endif // SEGC_REFERENCE_REFERENCEINTERFACE_TD
