//===- PrecisionLists.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/PrecisionLists.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
namespace json = llvm::json;

namespace segc {

using seg::PrecisionClass;

static constexpr PrecisionClass allClasses[] = {
    PrecisionClass::Allow, PrecisionClass::Infer, PrecisionClass::Clear,
    PrecisionClass::Deny};

StringRef precisionClassName(PrecisionClass kind) {
  static constexpr StringLiteral names[] = {"allow", "infer", "clear", "deny"};
  return names[static_cast<size_t>(kind)];
}

static std::optional<PrecisionClass> findClass(StringRef name) {
  for (PrecisionClass kind : allClasses)
    if (precisionClassName(kind) == name)
      return kind;
  return std::nullopt;
}

static std::optional<PrecisionClass> ownClass(RegisteredOperationName op) {
  auto *interface = op.getInterface<seg::PrecisionOpInterface>();
  if (!interface)
    return std::nullopt;
  return interface->precisionClass();
}

llvm::Error PrecisionLists::add(MLIRContext *context, StringRef list,
                                StringRef name) {
  auto op = RegisteredOperationName::lookup(name, context);
  if (!op || !ownClass(*op))
    return llvm::createStringError("\"" + list + "\" names '" + name +
                                   "', expected an op that has a precision "
                                   "class; `segc precision-lists` prints them");
  auto [known, isNew] = classes.try_emplace(name, *findClass(list));
  if (isNew)
    return llvm::Error::success();
  return llvm::createStringError(
      "'" + name + "' is in \"" + precisionClassName(known->second) +
      "\" and again in \"" + list + "\", expected one of them");
}

llvm::Expected<PrecisionLists> PrecisionLists::read(MLIRContext *context,
                                                    StringRef path) {
  PrecisionLists lists;
  if (path.empty())
    return lists;
  auto fail = [&](const Twine &what) {
    return llvm::createStringError("precision lists " + path + ": " + what);
  };
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return fail(file.getError().message());
  llvm::Expected<json::Value> value = json::parse((*file)->getBuffer());
  if (!value)
    return fail(llvm::toString(value.takeError()));
  const json::Object *root = value->getAsObject();
  if (!root)
    return fail("expected an object of lists");
  for (const auto &[key, names] : *root) {
    if (!findClass(key))
      return fail("unknown list \"" + key.str() +
                  "\", expected allow, infer, clear or deny");
    const json::Array *list = names.getAsArray();
    if (!list)
      return fail("expected \"" + key.str() + "\" to be a list of op names");
    for (const json::Value &name : *list) {
      std::optional<StringRef> text = name.getAsString();
      if (!text)
        return fail("expected \"" + key.str() + "\" to be a list of op names");
      if (llvm::Error error = lists.add(context, key, *text))
        return fail(llvm::toString(std::move(error)));
    }
  }
  return lists;
}

std::optional<PrecisionClass> PrecisionLists::find(Operation *op) const {
  auto known = classes.find(op->getName().getStringRef());
  return known == classes.end() ? std::nullopt : std::optional(known->second);
}

std::string defaultPrecisionLists(MLIRContext *context) {
  json::Object root;
  for (PrecisionClass kind : allClasses) {
    SmallVector<StringRef> names;
    for (RegisteredOperationName op : context->getRegisteredOperations())
      if (ownClass(op) == kind)
        names.push_back(op.getStringRef());
    llvm::sort(names);
    root[precisionClassName(kind)] = json::Array(names);
  }
  return llvm::formatv("{0:2}\n", json::Value(std::move(root))).str();
}

} // namespace segc
