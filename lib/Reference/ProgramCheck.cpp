//===- ProgramCheck.cpp - Comparison of programs with their ops -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Reference/Programs.h"
#include "segc/Reference/Reference.h"

#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;

namespace segc::reference {

/// Draws values that are usual in the argument's region: statistics, moments
/// and scalars are positive, labels are classes.
static HostTensor drawArgument(exec::BufferAttr buffer, int64_t classes,
                               uint64_t seed) {
  bool counts = !isa<FloatType>(buffer.getType().getElementType());
  bool isPositive = buffer.getRegion() == exec::Region::States ||
                    buffer.getRegion() == exec::Region::Optimizer ||
                    buffer.getRegion() == exec::Region::Scalars;
  Distribution distribution;
  if (counts)
    distribution = {buffer.getRegion() == exec::Region::Scalars ? 1.0 : 0.0,
                    static_cast<double>(std::max<int64_t>(classes, 2)), 0};
  else if (isPositive)
    distribution = {0.25, 1, 0};
  return randomTensor(buffer.getType(), seed, distribution);
}

/// Describes the first element that differs in any bit. Two NaNs count as
/// equal.
static std::string difference(const HostTensor &actual,
                              const HostTensor &expected) {
  for (int64_t i = 0; i < expected.size(); ++i) {
    bool floats = isFloat(expected.kind());
    bool same = floats ? actual[i] == expected[i] ||
                             (std::isnan(actual[i]) && std::isnan(expected[i]))
                       : actual.integers()[i] == expected.integers()[i];
    if (same)
      continue;
    std::string text = "element " + std::to_string(i) + " is ";
    llvm::raw_string_ostream out(text);
    if (floats)
      out << llvm::format("%.9g, expected %.9g", actual[i], expected[i]);
    else
      out << actual.integers()[i] << ", expected " << expected.integers()[i];
    return text;
  }
  return "";
}

/// Draws the arguments of the call. Where arguments share bytes, the last one
/// is used.
static std::vector<HostTensor>
fillArguments(exec::ProgramOp program, ProgramMemory &memory, int64_t classes) {
  for (BlockArgument argument : program.getBody().getArguments()) {
    exec::BufferAttr buffer = exec::bufferOf(argument);
    memory.write(buffer, drawArgument(buffer, classes,
                                      /*seed=*/argument.getArgNumber() + 1));
  }
  std::vector<HostTensor> arguments;
  for (BlockArgument argument : program.getBody().getArguments())
    arguments.push_back(memory.read(exec::bufferOf(argument)));
  return arguments;
}

static bool readsPrepared(exec::ProgramOp program) {
  return llvm::any_of(
      program.getBody().getOps<exec::LaunchOp>(),
      [](exec::LaunchOp launch) { return launch.isPrepared(); });
}

/// Computes the expected results of the program. Its scalars are not in the
/// entry: they follow the entry's arguments and results.
static FailureOr<std::vector<HostTensor>>
expectedResults(exec::ProgramOp program, func::FuncOp entry,
                std::vector<HostTensor> arguments) {
  if (!entry)
    return evaluateProgram(program, arguments);
  exec::ReturnOp end = program.getReturn();
  size_t scalars = llvm::count_if(end.getValues(), [](Value value) {
    return exec::bufferOf(value).getRegion() == exec::Region::Scalars;
  });
  std::vector<HostTensor> next;
  if (scalars) {
    auto all = evaluateProgram(program, arguments);
    if (failed(all))
      return failure();
    next.assign(all->end() - scalars, all->end());
  }
  arguments.resize(std::min<size_t>(arguments.size(), entry.getNumArguments()));
  auto expected = evaluate(entry, arguments, Precision::Storage);
  if (failed(expected))
    return failure();
  llvm::append_range(*expected, next);
  return expected;
}

FailureOr<std::string> checkProgram(exec::ProgramOp program, func::FuncOp entry,
                                    int64_t classes) {
  auto module = program->getParentOfType<ModuleOp>();
  ProgramMemory memory(module);
  std::vector<HostTensor> arguments = fillArguments(program, memory, classes);
  auto expected = expectedResults(program, entry, arguments);
  if (failed(expected))
    return failure();
  auto prepare = module.lookupSymbol<exec::ProgramOp>("prepare");
  if (prepare && readsPrepared(program) && failed(runProgram(prepare, memory)))
    return failure();
  if (failed(runProgram(program, memory)))
    return failure();
  exec::ReturnOp end = program.getReturn();
  if (end.getValues().size() != expected->size())
    return "it has " + std::to_string(end.getValues().size()) +
           " results, expected " + std::to_string(expected->size());
  for (auto [i, value] : llvm::enumerate(end.getValues()))
    if (std::string text =
            difference(memory.read(exec::bufferOf(value)), (*expected)[i]);
        !text.empty())
      return "result #" + std::to_string(i) + " ('" +
             program.getValueName(value).str() + "'): " + text;
  return std::string();
}

} // namespace segc::reference
