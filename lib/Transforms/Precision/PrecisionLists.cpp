//===- PrecisionLists.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/PrecisionLists.h"

#include "mlir/IR/MLIRContext.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
namespace json = llvm::json;

namespace segc {

using seg::PrecisionClass;

static constexpr uint64_t maxBytes = 1 << 20;
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
  StatusOr<std::string> text = readTextFile(path.str(), maxBytes);
  StatusOr<Json> value = text.ok()
                             ? parseJson(*text, "precision lists " + path.str())
                             : text.status().withContext("precision lists");
  if (!value.ok())
    return llvm::createStringError(value.status().message());
  if (!value->is_object())
    return fail("expected an object of lists");
  for (const auto &[key, names] : value->items()) {
    if (!findClass(key))
      return fail("unknown list \"" + key +
                  "\", expected allow, infer, clear or deny");
    auto isText = [](const Json &name) { return name.is_string(); };
    if (!names.is_array() || !llvm::all_of(names, isText))
      return fail("expected \"" + key + "\" to be a list of op names");
    for (const Json &name : names)
      if (llvm::Error error =
              lists.add(context, key, name.get_ref<const std::string &>()))
        return fail(llvm::toString(std::move(error)));
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
