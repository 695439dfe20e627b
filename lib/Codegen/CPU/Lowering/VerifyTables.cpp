//===- VerifyTables.cpp - Checks of outlined entries ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Text of the phases `cpu` and `llvm` may come from anywhere; the tables and
// the manifest are written from its dictionaries without another look.

#include "segc/Codegen/CPU/ModelTables.h"
#include "segc/Codegen/CPU/Passes.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Transforms/Layout.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {

namespace {

/// One entry's dictionary; the first field that is wrong ends the check.
class TableVerifier {
public:
  TableVerifier(ModuleOp module, StringRef entry)
      : module(module), symbols(module), entry(entry) {}
  LogicalResult verify(Attribute table);

private:
  LogicalResult refuse(const Twine &what) {
    return module.emitError()
           << entriesAttrName << ": '" << entry << "' " << what;
  }
  bool isSize(DictionaryAttr from, StringRef name) {
    auto size = from.getAs<IntegerAttr>(name);
    return size && size.getType().isSignlessInteger(64) && size.getInt() >= 0 &&
           size.getInt() <= int64_t{1} << 46;
  }
  LogicalResult verifyLaunch(DictionaryAttr launch);
  LogicalResult verifySignature(DictionaryAttr table, StringRef key,
                                ArrayRef<Type> types);

  ModuleOp module;
  SymbolTable symbols;
  StringRef entry;
};

LogicalResult TableVerifier::verifyLaunch(DictionaryAttr launch) {
  auto name =
      launch ? launch.getAs<FlatSymbolRefAttr>("kernel") : FlatSymbolRefAttr();
  Operation *kernel = name ? symbols.lookup(name.getValue()) : nullptr;
  if (!kernel)
    return refuse("expects launches of kernels of this module");
  auto tasks = kernel->getAttrOfType<DenseI64ArrayAttr>(tasksAttrName);
  if (!tasks || tasks.size() != 2 || tasks[0] < 0 || tasks[1] < 0)
    return refuse("expects two numbers of tasks in " + tasksAttrName.str() +
                  " of '" + name.getValue() + "'");
  auto operands = launch.getAs<DenseI64ArrayAttr>("operands");
  if (!operands || operands.size() % launchOperandSize ||
      !launch.getAs<StringAttr>("op") || !launch.getAs<FloatAttr>("flops") ||
      !launch.getAs<FloatAttr>("bytes") || !isSize(launch, "inputs") ||
      !isSize(launch, "outputs"))
    return refuse("expects op, operands, inputs, outputs, flops and bytes of "
                  "every launch");
  for (int64_t i = 0; i < operands.size(); i += launchOperandSize)
    if (operands[i] < 0 || operands[i] > SEGC_REGION_PREPARED)
      return refuse("expects operands in a region, got " + Twine(operands[i]));
  return success();
}

LogicalResult TableVerifier::verifySignature(DictionaryAttr table,
                                             StringRef key,
                                             ArrayRef<Type> types) {
  auto list = table.getAs<ArrayAttr>(key);
  if (!list || list.size() != types.size())
    return refuse("expects a dictionary in '" + key + "' for each of " +
                  Twine(types.size()) + " types");
  for (auto [attr, type] : llvm::zip_equal(list, types)) {
    auto place = dyn_cast<DictionaryAttr>(attr);
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!place || !tensor || !tensor.hasStaticShape() ||
        !place.getAs<StringAttr>(regionAttrName) ||
        !place.getAs<StringAttr>(nameAttrName))
      return refuse("expects a static tensor with " + regionAttrName.str() +
                    " and " + nameAttrName.str() + " in '" + key + "'");
  }
  return success();
}

LogicalResult TableVerifier::verify(Attribute attribute) {
  auto table = dyn_cast<DictionaryAttr>(attribute);
  if (!table)
    return refuse("expects a dictionary");
  for (StringRef name : {"arena_bytes", "arena_bound", "scratch_bytes"})
    if (!isSize(table, name))
      return refuse("expects a size in '" + name + "'");
  auto launches = table.getAs<ArrayAttr>("launches");
  auto type = table.getAs<TypeAttr>("type");
  auto function =
      type ? dyn_cast<FunctionType>(type.getValue()) : FunctionType();
  if (!launches || !function)
    return refuse("expects 'launches' and the 'type' of a function");
  for (Attribute launch : launches)
    if (failed(verifyLaunch(dyn_cast<DictionaryAttr>(launch))))
      return failure();
  if (failed(verifySignature(table, "arguments", function.getInputs())))
    return failure();
  return verifySignature(table, "results", function.getResults());
}

} // namespace

LogicalResult verifyTables(ModuleOp module) {
  if (failed(verifyLayoutAttr(module)))
    return failure();
  auto entries = module->getAttrOfType<DictionaryAttr>(entriesAttrName);
  auto prepared = module->getAttrOfType<IntegerAttr>(preparedAttrName);
  if (!entries || !prepared)
    return module.emitError("expects the attributes ")
           << entriesAttrName << " and " << preparedAttrName
           << " of the module, as --emit prints them";
  static constexpr StringLiteral names[] = {
      "predict", "evaluate_step", "grad_step", "apply_step", "prepare"};
  for (NamedAttribute entry : entries)
    if (!llvm::is_contained(names, entry.getName().strref()))
      return module.emitError("has no entry '")
             << entry.getName().strref() << "' in a model";
    else if (failed(TableVerifier(module, entry.getName())
                        .verify(entry.getValue())))
      return failure();
  auto predict = entries.getAs<DictionaryAttr>("predict");
  auto type =
      predict ? cast<FunctionType>(predict.getAs<TypeAttr>("type").getValue())
              : FunctionType();
  if (!type || type.getNumInputs() == 0 ||
      cast<RankedTensorType>(type.getInput(0)).getRank() == 0)
    return module.emitError("expects an entry 'predict' whose first argument "
                            "is the image");
  if (entries.contains("grad_step") != entries.contains("apply_step"))
    return module.emitError(
        "expects 'grad_step' and 'apply_step', or neither of them");
  if (auto step = entries.getAs<DictionaryAttr>("grad_step");
      step && !yieldsGradients(
                  module->getAttrOfType<DictionaryAttr>(layoutAttrName),
                  step.getAs<ArrayAttr>("results").getValue()))
    return module.emitError(
        "expects the gradient of every parameter among the results of "
        "'grad_step'");
  return success();
}

} // namespace segc
