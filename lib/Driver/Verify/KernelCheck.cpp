//===- KernelCheck.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Verify/KernelCheck.h"

#include "FusionEvaluation.h"
#include "KernelInputs.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Reference/Reference.h"
#include <cmath>

using namespace mlir;

namespace segc {

using reference::ElementKind;
using reference::HostTensor;

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

double KernelDeviation::excess() const {
  auto ratio = [](double value, double bound) {
    return value == 0 ? 0 : value / bound;
  };
  return std::max(ratio(largest, largestBound), ratio(rms, rmsBound));
}

namespace {

/// Sums over the compared elements of a result.
struct Spread {
  double largest = 0, squares = 0;
  int64_t count = 0;

  void add(double value) {
    largest = std::max(largest, std::fabs(value));
    squares += value * value;
    ++count;
  }
  double rms() const { return count ? std::sqrt(squares / count) : 0; }
};

/// Compares one result.
class ResultCheck {
public:
  ResultCheck(const HostTensor &expected, ArrayRef<int64_t> elements)
      : expected(expected), elements(elements) {}

  /// Adds a perturbed evaluation.
  void disturb(const HostTensor &other) {
    forEach([&](int64_t i) { noise.add(other[i] - expected[i]); });
  }
  /// Takes the results with undecided values rounded to the other side.
  void allow(const HostTensor &other) { alternative = &other; }
  /// Compares the values that the kernel wrote.
  KernelDeviation compare(const HostTensor &actual) const;

private:
  template <typename Visit>
  void forEach(Visit visit) const {
    if (elements.empty())
      for (int64_t i = 0; i < expected.size(); ++i)
        visit(i);
    else
      for (int64_t i : elements)
        visit(i);
  }
  std::string integerFault(const HostTensor &actual) const;

  const HostTensor &expected;
  ArrayRef<int64_t> elements;
  const HostTensor *alternative = nullptr;
  Spread noise;
};

std::string ResultCheck::integerFault(const HostTensor &actual) const {
  for (int64_t i = 0; i < expected.size(); ++i)
    if (expected.integers()[i] != actual.integers()[i])
      return "element " + std::to_string(i) + " is " +
             std::to_string(actual.integers()[i]) + ", expected " +
             std::to_string(expected.integers()[i]);
  return "";
}

KernelDeviation ResultCheck::compare(const HostTensor &actual) const {
  KernelDeviation result;
  result.elements = expected.size();
  result.compared = elements.empty() ? result.elements : elements.size();
  if (!reference::isFloat(expected.kind())) {
    result.fault = integerFault(actual);
    return result;
  }
  // As `largestFactor`, for all elements together.
  constexpr double rmsFactor = 6;
  Spread values, differences;
  forEach([&](int64_t i) {
    double e = expected[i], a = actual[i];
    values.add(std::isfinite(e) ? e : 0);
    double kept = reference::roundTo(expected.kind(), e);
    if (a == e || a == kept || (std::isnan(a) && std::isnan(e)))
      return differences.add(0);
    if (!std::isfinite(a) || !std::isfinite(kept)) {
      if (result.fault.empty())
        result.fault = "element " + std::to_string(i) + " is " +
                       std::to_string(a) + ", expected " + std::to_string(e);
      return;
    }
    double rounding = reference::spacing(expected.kind(), e) / 2,
           undecided = alternative ? std::fabs((*alternative)[i] - e) : 0;
    differences.add(std::max(0.0, std::fabs(a - e) - rounding - undecided));
  });
  // The deviation is absolute if the result is zero.
  double most = values.largest > 0 ? values.largest : 1,
         typical = values.squares > 0 ? values.rms() : 1;
  result.largest = differences.largest / most;
  result.rms = differences.rms() / typical;
  result.largestBound =
      largestFactor * noise.largest / most + minUnits * f32Unit;
  result.rmsBound = rmsFactor * noise.rms() / typical + minUnits * f32Unit;
  if (elements.empty())
    return result;
  // The other elements must be finite.
  for (int64_t i = 0; i < actual.size(); ++i)
    if (std::isnan(actual[i]) && result.fault.empty())
      result.fault = "element " + std::to_string(i) + " is not a number";
  return result;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// The memory of a fusion's inputs and results.
class Operands {
public:
  Operands(seg::FusionOp fusion, ArrayRef<int> inPlace,
           const std::vector<HostTensor> &inputs);

  /// Runs the kernels. Returns a fault other than wrong values, or an empty
  /// string.
  std::string run(const KernelRun &kernels) const;
  /// The results.
  std::vector<HostTensor> read() const;

private:
  void allocate(Type type) {
    buffers.push_back(
        std::make_unique<GuardedBuffer>(cast<RankedTensorType>(type)));
    pointers.push_back(buffers.back()->data());
  }

  SmallVector<Type> resultTypes;
  ArrayRef<int> inPlace;
  const std::vector<HostTensor> &inputs;
  std::vector<std::unique_ptr<GuardedBuffer>> buffers;
  SmallVector<void *> pointers;
  SmallVector<GuardedBuffer *> outputs;
};

std::vector<double> asDoubles(const HostTensor &tensor) {
  if (reference::isFloat(tensor.kind()))
    return tensor.values().vec();
  return {tensor.integers().begin(), tensor.integers().end()};
}

Operands::Operands(seg::FusionOp fusion, ArrayRef<int> inPlace,
                   const std::vector<HostTensor> &inputs)
    : resultTypes(fusion.getResultTypes()), inPlace(inPlace), inputs(inputs) {
  for (auto [argument, input] :
       llvm::zip_equal(fusion.getBody().getArguments(), inputs)) {
    allocate(argument.getType());
    buffers.back()->set(asDoubles(input));
  }
  for (auto [type, input] : llvm::zip_equal(resultTypes, inPlace)) {
    if (input < 0)
      allocate(type);
    else
      pointers.push_back(pointers[input]);
    outputs.push_back(input < 0 ? buffers.back().get() : buffers[input].get());
  }
}

std::string Operands::run(const KernelRun &kernels) const {
  if (Status status = kernels(pointers); !status.ok())
    return status.message();
  for (const auto &buffer : buffers)
    if (!buffer->guardsIntact())
      return "access outside a buffer";
  for (auto [i, input] : llvm::enumerate(inputs))
    if (!llvm::is_contained(inPlace, static_cast<int>(i)) &&
        buffers[i]->get() != asDoubles(input))
      return "input #" + std::to_string(i) + " is written";
  return "";
}

std::vector<HostTensor> Operands::read() const {
  std::vector<HostTensor> results;
  for (auto [resultType, output] : llvm::zip_equal(resultTypes, outputs)) {
    auto type = cast<RankedTensorType>(resultType);
    HostTensor &tensor = results.emplace_back(
        type.getShape(), *reference::elementKind(type.getElementType()));
    std::vector<double> values = output->get();
    if (reference::isFloat(tensor.kind()))
      llvm::copy(values, tensor.values().begin());
    else
      llvm::copy(values, tensor.integers().begin());
  }
  return results;
}

} // namespace

llvm::Expected<KernelDeviation>
checkKernel(seg::FusionOp fusion, const Target &target, ArrayRef<int> inPlace,
            const KernelRun &run, const KernelCheckOptions &options) {
  const KernelModel *model = target.backend->modelOf(fusion);
  if (!model)
    return llvm::createStringError("the strategy is that of no kernel");
  std::vector<HostTensor> inputs;
  for (BlockArgument argument : fusion.getBody().getArguments())
    inputs.push_back(makeInput(argument, options.classes));
  Operands operands(fusion, inPlace, inputs);
  KernelDeviation worst;
  worst.fault = operands.run(run);
  std::vector<HostTensor> actual = operands.read();

  std::vector<int64_t> elements;
  if (Operation *root = fusion.getRoot();
      root && reference::multiplies(root) && !options.full)
    elements = sampledElements(root, options.products);
  FusionEvaluation evaluation(fusion, *model, inputs, actual, elements);
  auto expected = evaluation.run(/*noise=*/0, /*seed=*/1);
  if (failed(expected))
    return llvm::createStringError(
        "no reference evaluation of " +
        fusion.getMainOp()->getName().getStringRef());
  std::vector<ResultCheck> checks;
  int64_t fewest = std::numeric_limits<int64_t>::max();
  for (auto [i, tensor] : llvm::enumerate(*expected)) {
    checks.emplace_back(tensor, evaluation.isSampled(i)
                                    ? ArrayRef<int64_t>(elements)
                                    : ArrayRef<int64_t>());
    fewest = std::min(fewest, tensor.size());
  }
  // With few numbers a single perturbation may be small by chance.
  constexpr int64_t enough = 64, maxDraws = 8;
  int64_t draws = std::clamp<int64_t>(enough / fewest, 1, maxDraws);
  for (int64_t draw = 0; draw < draws; ++draw) {
    auto disturbed = evaluation.run(/*noise=*/1, /*seed=*/2 + draw);
    if (failed(disturbed))
      return llvm::createStringError("no disturbed evaluation");
    for (auto [check, tensor] : llvm::zip_equal(checks, *disturbed))
      if (reference::isFloat(tensor.kind()))
        check.disturb(tensor);
  }
  auto undecided = evaluation.runUndecided();
  if (failed(undecided))
    return llvm::createStringError("no evaluation of undecided values");
  if (*undecided)
    for (auto [check, tensor] : llvm::zip_equal(checks, **undecided))
      if (reference::isFloat(tensor.kind()))
        check.allow(tensor);
  for (auto [check, tensor] : llvm::zip_equal(checks, actual)) {
    KernelDeviation deviation = check.compare(tensor);
    deviation.elements += worst.elements;
    deviation.compared += worst.compared;
    if (!worst.fault.empty())
      deviation.fault = worst.fault;
    bool worse = deviation.excess() >= worst.excess();
    if (worse) {
      worst = deviation;
      continue;
    }
    worst.elements = deviation.elements;
    worst.compared = deviation.compared;
    worst.fault = deviation.fault;
  }
  return worst;
}

llvm::Expected<KernelDeviation> checkKernel(seg::FusionOp fusion,
                                            const Target &target,
                                            ArrayRef<int> inPlace,
                                            const KernelCheckOptions &options) {
  auto runner = KernelRunner::compile(fusion, target);
  if (!runner)
    return runner.takeError();
  return checkKernel(
      fusion, target, inPlace,
      [&](ArrayRef<void *> operands) {
        return (*runner)->run(0, operands, options.batch);
      },
      options);
}

} // namespace segc
