//===- AttributeJson.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/AttributeJson.h"

using namespace mlir;
namespace json = llvm::json;

json::Value segc::seg::toJson(Attribute attr) {
  if (auto text = dyn_cast<StringAttr>(attr))
    return text.getValue();
  if (auto flag = dyn_cast<BoolAttr>(attr))
    return flag.getValue();
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return number.getInt();
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  json::Array list;
  if (auto numbers = dyn_cast<DenseI64ArrayAttr>(attr)) {
    for (int64_t n : numbers.asArrayRef())
      list.push_back(n);
    return list;
  }
  if (auto numbers = dyn_cast<DenseF64ArrayAttr>(attr)) {
    for (double n : numbers.asArrayRef())
      list.push_back(n);
    return list;
  }
  if (auto values = dyn_cast<ArrayAttr>(attr)) {
    for (Attribute value : values)
      list.push_back(toJson(value));
    return list;
  }
  if (auto dict = dyn_cast<DictionaryAttr>(attr)) {
    json::Object object;
    for (NamedAttribute entry : dict)
      object[entry.getName().strref()] = toJson(entry.getValue());
    return object;
  }
  return nullptr;
}
