//===- OnnxAttributes.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxAttributes.h"

#include "OnnxFile.h"

using namespace segc;
using llvm::StringRef;
using llvm::Twine;
using onnx::AttributeProto;

OnnxAttributes::OnnxAttributes(const onnx::NodeProto &node) : node(node) {
  for (const AttributeProto &attribute : node.attribute())
    if (!unread.try_emplace(attribute.name(), &attribute).second)
      fail("attribute '" + attribute.name() + "' is there twice");
}

void OnnxAttributes::fail(const Twine &message) {
  if (failure.empty())
    failure = message.str();
}

const AttributeProto *OnnxAttributes::find(StringRef name,
                                           AttributeProto::AttributeType type) {
  auto found = unread.find(name);
  if (found == unread.end())
    return nullptr;
  const AttributeProto *attribute = found->second;
  unread.erase(found);
  if (attribute->type() == type && failure.empty())
    return attribute;
  fail("attribute '" + name + "' has another type than expected");
  return nullptr;
}

int64_t OnnxAttributes::integer(StringRef name, int64_t absent) {
  const AttributeProto *found = find(name, AttributeProto::INT);
  return found ? found->i() : absent;
}

double OnnxAttributes::number(StringRef name, double absent) {
  const AttributeProto *found = find(name, AttributeProto::FLOAT);
  return found ? found->f() : absent;
}

std::string OnnxAttributes::text(StringRef name, StringRef absent) {
  const AttributeProto *found = find(name, AttributeProto::STRING);
  return found ? found->s() : absent.str();
}

seg::Shape OnnxAttributes::list(StringRef name) {
  const AttributeProto *found = find(name, AttributeProto::INTS);
  return found ? seg::Shape(found->ints().begin(), found->ints().end())
               : seg::Shape();
}

seg::Shape OnnxAttributes::steps(StringRef name, size_t count, int64_t absent,
                                 int64_t least) {
  seg::Shape values = list(name);
  if (values.empty())
    return seg::Shape(count, absent);
  if (values.size() != count)
    fail("attribute '" + name + "': expected " + Twine(count) +
         " values, got " + Twine(values.size()));
  for (int64_t value : values)
    if (value < least || value > seg::maxStep)
      fail("attribute '" + name + "': expected " + Twine(least) + " to " +
           Twine(seg::maxStep) + ", got " + Twine(value));
  // Whoever goes on after an error computes with values in the range.
  return failure.empty() ? values : seg::Shape(count, absent);
}

void OnnxAttributes::expect(StringRef name, int64_t value) {
  if (int64_t found = integer(name, value); found != value)
    fail("attribute '" + name + "': expected " + Twine(value) + ", got " +
         Twine(found));
}

void OnnxAttributes::expect(StringRef name, StringRef value) {
  if (std::string found = text(name, value); found != value)
    fail("attribute '" + name + "': expected " + value + ", got " + found);
}

llvm::Error OnnxAttributes::finish() {
  if (!unread.empty())
    fail("attribute '" + unread.begin()->first() + "' is not supported");
  if (failure.empty())
    return llvm::Error::success();
  return llvm::createStringError(nodeText(node) + ": " + failure);
}
