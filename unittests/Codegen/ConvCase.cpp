//===- ConvCase.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvCase.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/ADT/StringExtras.h"
#include <gtest/gtest.h>

using namespace segc::test;
using segc::seg::shapeText;

namespace {

std::string tensor(llvm::Twine shape) {
  return ("tensor<" + shape + "xf32>").str();
}

std::string list(llvm::ArrayRef<int64_t> values) {
  return "[" +
         llvm::join(llvm::map_range(
                        values, [](int64_t v) { return std::to_string(v); }),
                    ", ") +
         "]";
}

segc::seg::Shape windowOf(const ConvCase &c) {
  std::optional<llvm::ArrayRef<int64_t>> dilations;
  if (!c.dilations.empty())
    dilations = c.dilations;
  return segc::seg::dilatedTaps(c.taps, dilations);
}

} // namespace

ConvTypes segc::test::convTypes(const ConvCase &c) {
  segc::seg::Shape small = segc::seg::convOutputSpatial(
      c.large, windowOf(c), c.strides, c.low, c.high);
  int64_t in = c.in / c.groups, first = c.transposeFilter ? c.out : in,
          second = c.transposeFilter ? in : c.out;
  return {tensor("$Nx" + shapeText(c.large) + "x" + llvm::Twine(c.in)),
          tensor("$Nx" + shapeText(small) + "x" + llvm::Twine(c.out)),
          tensor(shapeText(c.taps) + "x" + llvm::Twine(first) + "x" +
                 llvm::Twine(second))};
}

std::string segc::test::convAttributes(const ConvCase &c, bool mayTranspose) {
  return "strides " + list(c.strides) + " pad_low " + list(c.low) +
         " pad_high " + list(c.high) +
         (c.dilations.empty() ? "" : " dilations " + list(c.dilations)) +
         (c.groups == 1 ? "" : " groups " + std::to_string(c.groups)) +
         (mayTranspose && c.transposeFilter ? " transpose_filter" : "");
}

void segc::test::PrintTo(const ConvCase &c, std::ostream *os) {
  *os << convTypes(c).large << " by " << convTypes(c).filter << " "
      << convAttributes(c);
}

namespace {

/// Returns a function of one fusion with `op` as root. Its inputs are the
/// operands, then the residual.
std::string function(const ConvCase &c, const std::string &op,
                     llvm::ArrayRef<std::string> operands,
                     const std::string &result, bool bias, bool mayTranspose) {
  std::string args, inputs, body, names = "%a, %b",
                                  types = operands[0] + ", " + operands[1];
  auto addInput = [&](const std::string &name, const std::string &type) {
    args += (args.empty() ? "" : ", ") + ("%in_" + name + ": ") + type;
    inputs += (inputs.empty() ? "" : ", ") +
              ("%" + name + " = %in_" + name + " : ") + type;
  };
  addInput("a", operands[0]);
  addInput("b", operands[1]);
  if (bias) {
    std::string type =
        tensor(llvm::StringRef(result).rsplit('x').first.rsplit('x').second);
    addInput("bias", type);
    names += " bias %bias";
    types += ", " + type;
  }
  body = "%y = " + op + " " + names + " " + convAttributes(c, mayTranspose) +
         " : (" + types + ") -> " + result + "\n";
  std::string yielded = "%y";
  if (c.epilogue && op != "seg.conv_filter_grad") {
    addInput("residual", result);
    for (int64_t i = 0; i < c.sums; ++i) {
      std::string sum = "%z" + std::to_string(i);
      body += sum + " = seg.add " + yielded + ", %residual : (" + result +
              ", " + result + ") -> " + result + "\n";
      yielded = sum;
    }
    body += "%u = seg.relu " + yielded + " : " + result + "\n";
    yielded = "%u";
  }
  std::string strategy =
      c.strategy.empty()
          ? ""
          : " attributes {strategy = #seg.strategy<" + c.strategy + ">}";
  return "func.func @f(" + args + ") -> " + result + " {\n%r = seg.fusion (" +
         inputs + ") -> (" + result + ")" + strategy + " {\n" + body +
         "seg.yield " + yielded + " : " + result +
         "\n}\nreturn %r : " + result + "\n}\n";
}

} // namespace

std::string segc::test::convText(const ConvCase &c) {
  ConvTypes types = convTypes(c);
  return function(c, "seg.conv", {types.large, types.filter}, types.small,
                  c.epilogue, true);
}
std::string segc::test::inputGradText(const ConvCase &c) {
  ConvTypes types = convTypes(c);
  return function(c, "seg.conv_input_grad", {types.small, types.filter},
                  types.large, false, true);
}
std::string segc::test::filterGradText(const ConvCase &c) {
  ConvTypes types = convTypes(c);
  return function(c, "seg.conv_filter_grad", {types.large, types.small},
                  types.filter, false, true);
}
std::string segc::test::convTransposeText(ConvCase c) {
  segc::seg::Shape small = segc::seg::convOutputSpatial(
      c.large, windowOf(c), c.strides, c.low, c.high);
  segc::seg::Shape large = segc::seg::convTransposeOutputSpatial(
      small, windowOf(c), c.strides, c.low, c.high);
  c.large.assign(large.begin(), large.end());
  c.transposeFilter = true;
  ConvTypes types = convTypes(c);
  return function(c, "seg.conv_transpose", {types.small, types.filter},
                  types.large, c.epilogue, false);
}

std::string segc::test::channelsAt(const Sizes &size, int64_t channels) {
  return tensor("$Nx" + shapeText(size) + "x" + llvm::Twine(channels));
}

Prologue segc::test::concatenated(const Sizes &size,
                                  const std::vector<int64_t> &parts) {
  Prologue result;
  std::string names, types;
  int64_t channels = 0;
  for (int64_t part : parts) {
    std::string separator = names.empty() ? "" : ", ";
    names += separator + "%a" + std::to_string(result.inputs.size());
    result.inputs.push_back(channelsAt(size, part));
    types += separator + result.inputs.back();
    channels += part;
  }
  result.body = "%x = seg.concat " + names + " : (" + types + ") -> " +
                channelsAt(size, channels) + "\n";
  return result;
}

Prologue segc::test::gated(const std::string &type) {
  std::string one =
      llvm::StringRef(type).rsplit('x').first.rsplit('x').first.str() +
      "x1xf32>";
  std::string both = " : (" + type + ", " + one + ") -> " + type + "\n";
  return {{type, one},
          "%s = seg.add %a0, %a1" + both + "%g = seg.relu %a1 : " + one +
              "\n%x = seg.mul %s, %g" + both};
}

std::string segc::test::prologueText(const ConvCase &c, Prologue prologue,
                                     const std::string &op) {
  ConvTypes types = convTypes(c);
  bool forward = op == "conv";
  std::string other = forward ? types.filter : types.small,
              result = forward ? types.small : types.filter,
              name = "%a" + std::to_string(prologue.inputs.size());
  prologue.inputs.push_back(other);
  return fusionFunction(prologue.inputs, {result},
                        prologue.body + "%r0 = seg." + op + " %x, " + name +
                            " " + convAttributes(c) + " : (" + types.large +
                            ", " + other + ") -> " + result);
}

std::string segc::test::quantizedText(std::string text,
                                      const std::string &input,
                                      const std::string &filter,
                                      bool keepsFilter) {
  size_t op = text.rfind('%', text.find("= seg.conv")),
         types = text.find(" : (", op) + 4;
  auto split = llvm::StringRef(text).substr(types).split(", ");
  std::string large = split.first.str(),
              weights =
                  split.second
                      .take_until([](char c) { return c == ',' || c == ')'; })
                      .str();
  auto bytes = [](llvm::StringRef type) {
    return (type.drop_back(4) + "i8>").str();
  };
  std::string scales =
      "tensor<" +
      llvm::StringRef(weights).rsplit('x').first.rsplit('x').second.str() +
      "xf32>";
  std::string ops = "%qx = seg.quantize " + input +
                    " scale 0.0078125 : " + large + " -> " + bytes(large) +
                    "\n%dx = seg.dequantize %qx scale 0.0078125 : (" +
                    bytes(large) + ") -> " + large + "\n";
  if (!keepsFilter)
    ops += "%qw, %sw = seg.quantize_filter " + filter + " : (" + weights +
           ") -> (" + bytes(weights) + ", " + scales +
           ")\n%dw = seg.dequantize %qw scales %sw : (" + bytes(weights) +
           ", " + scales + ") -> " + weights + "\n";
  size_t operands = text.find(input + ", " + filter, op);
  text.replace(operands, input.size() + 2 + filter.size(),
               "%dx, " + (keepsFilter ? filter : "%dw"));
  return text.insert(op, ops);
}

/// Each addition of products of numbers in [-1, 1) has an error of about 2^-24
/// times the sum.
void segc::test::checkConv(const std::string &text, KernelTestOptions options) {
  options.tolerance = 1e-4;
  for (const char *target : {"x86-64-v4", "x86-64-v3"}) {
    options.target = target;
    EXPECT_EQ(checkKernels(text, options), "") << target << "\n" << text;
  }
}
