//===- PhaseForms.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Passes of a phase expect the output of the phase before it. In other text
// they would skip the ops that they do not know and silently leave them out of
// the model. So the postconditions of the phase (Phases.def) are checked first.

#include "segc/Pipelines/PhaseForms.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Transforms/Layout.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {

namespace {

/// The first op of each kind that distinguishes phases; null if there is none.
struct Form {
  Operation *network = nullptr;
  func::FuncOp entry;            ///< A function on tensors.
  func::FuncOp undifferentiated; ///< A function whose gradients are missing.
  func::FuncOp differentiated;   ///< A differentiated function; grad_step by
                                 ///< default.
  func::FuncOp planned;          ///< A function with an arena.
  Operation *norm = nullptr;     ///< A norm that is not expanded.
  Operation *narrow = nullptr;   ///< An op that computes a 16-bit value.
  Operation *fusion = nullptr;
  Operation *unfused = nullptr; ///< An op that computes outside of a fusion.
  Operation *program = nullptr;
  func::FuncOp declared;        ///< A kernel without a body.
  func::FuncOp kernel;          ///< A kernel with a body.
  Operation *lowered = nullptr; ///< A kernel in the LLVM dialect.
};

void keepFirst(Operation *&first, Operation *op) {
  if (!first)
    first = op;
}

bool isNarrow(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa<FloatType>(tensor.getElementType()) &&
         tensor.getElementTypeBitWidth() == 16;
}

void readEntry(func::FuncOp entry, Form &form) {
  if (!form.entry)
    form.entry = entry;
  if (entry->hasAttr(arenaAttrName) && !form.planned)
    form.planned = entry;
  auto layout =
      entry->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>(
          layoutAttrName);
  ArrayAttr results = entry.getAllResultAttrs();
  bool isStep = entry.getSymName() == "grad_step";
  if (entry->hasAttr(differentiateAttrName) ||
      (isStep && layout &&
       !yieldsGradients(layout,
                        results ? results.getValue() : ArrayRef<Attribute>())))
    form.undifferentiated = entry;
  else if (isStep)
    form.differentiated = entry;
  entry.walk([&](Operation *op) {
    if (isa<seg::NormOp, seg::NormGradOp>(op))
      keepFirst(form.norm, op);
    if (llvm::any_of(op->getResultTypes(), isNarrow))
      keepFirst(form.narrow, op);
    if (isa<seg::FusionOp>(op))
      keepFirst(form.fusion, op);
    else if (op->getParentOp() == entry &&
             !isa<seg::ScheduledOpInterface>(op) &&
             isa_and_present<seg::SegDialect>(op->getDialect()))
      keepFirst(form.unfused, op);
  });
}

Form readForm(ModuleOp module) {
  Form form;
  for (Operation &op : *module.getBody()) {
    if (isa<seg::NetworkOp>(op))
      keepFirst(form.network, &op);
    else if (isa<exec::ProgramOp>(op))
      keepFirst(form.program, &op);
    else if (isa<LLVM::LLVMFuncOp>(op))
      keepFirst(form.lowered, &op);
    else if (auto function = dyn_cast<func::FuncOp>(op)) {
      if (llvm::any_of(function.getArgumentTypes(), llvm::IsaPred<TensorType>))
        readEntry(function, form);
      else if (func::FuncOp &kernel =
                   function.isDeclaration() ? form.declared : form.kernel;
               !kernel)
        kernel = function;
    }
  }
  return form;
}

std::string at(Operation *op) {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (auto function = dyn_cast<FunctionOpInterface>(op))
    out << function.getName();
  else
    out << "'" << op->getName() << "'";
  if (auto where = op->getLoc()->findInstanceOf<FileLineColLoc>())
    out << " of line " << where.getLine();
  return text;
}

/// The reason why a module of this form is not the output of autodiff or a
/// later phase; empty if it may be.
std::string beforeAutodiff(const Form &form) {
  if (form.undifferentiated)
    return at(form.undifferentiated) +
           " does not yield the gradient of every parameter yet";
  return form.norm ? at(form.norm) + " is not yet statistics and pointwise ops"
                   : "";
}

std::string asTensors(const Form &form, size_t phase) {
  size_t autodiff = *findPhase("autodiff"), precision = *findPhase("precision");
  if (form.fusion)
    return "it holds fusions already";
  if (phase < autodiff && form.differentiated)
    return at(form.differentiated) + " yields gradients already";
  if (phase < precision && form.narrow)
    return at(form.narrow) + " is of 16 bits already";
  return phase >= autodiff ? beforeAutodiff(form) : "";
}

std::string asFusions(const Form &form, bool planned) {
  if (std::string reason = beforeAutodiff(form); !reason.empty())
    return reason;
  if (form.unfused && !(planned && form.planned))
    return at(form.unfused) + " lies in no seg.fusion";
  return planned && !form.planned ? "its entries have no place in memory yet"
                                  : "";
}

/// The same for the phases after `plan`.
std::string asPrograms(const Form &form, StringRef phase) {
  if (form.entry)
    return at(form.entry) + " is still a function on tensors";
  if (!form.program)
    return "it holds no exec.program";
  if (phase == "program")
    return form.kernel || form.lowered ? "its kernels have bodies already" : "";
  if (form.declared)
    return at(form.declared) + " has no body yet";
  if (phase == "kernels")
    return form.lowered && !form.kernel
               ? "its kernels are in the LLVM dialect already"
               : "";
  return form.kernel ? at(form.kernel) + " is not yet in the LLVM dialect" : "";
}

/// The reason why a module of this form is not the output of the phase; empty
/// if it may be.
std::string violation(const Form &form, StringRef name) {
  size_t phase = *findPhase(name);
  bool programs = form.program || form.declared || form.kernel || form.lowered;
  if (name == "seg")
    return form.network || !(form.entry || programs)
               ? ""
               : "it holds no seg.network, but functions";
  if (form.network)
    return "it holds a seg.network";
  if (phase > *findPhase("plan"))
    return asPrograms(form, name);
  if (!form.entry)
    return programs ? "it holds programs already"
                    : "it holds no function on tensors";
  return phase >= *findPhase("fusion") ? asFusions(form, name == "plan")
                                       : asTensors(form, phase);
}

} // namespace

llvm::Error checkPhaseForm(ModuleOp module, StringRef phase) {
  Form form = readForm(module);
  std::string reason = violation(form, phase.empty() ? "seg" : phase);
  if (reason.empty())
    return llvm::Error::success();
  SmallVector<StringRef> fitting;
  for (const Phase &other : phases())
    if (violation(form, other.name).empty())
      fitting.push_back(other.name);
  std::string text = phase.empty() ? "expected a network"
                                   : "expected the text after '" + phase.str() +
                                         "', as --from says";
  text += ": " + reason;
  if (!fitting.empty())
    text += "; what it is goes on with --from " + llvm::join(fitting, " or ");
  return llvm::createStringError(text);
}

} // namespace segc
