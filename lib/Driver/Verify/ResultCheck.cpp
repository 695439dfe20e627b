//===- ResultCheck.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ResultCheck.h"

#include "FusionEvaluation.h"
#include <cmath>

using namespace mlir;

namespace segc {

using reference::HostTensor;

double KernelDeviation::excess() const {
  auto ratio = [](double value, double bound) {
    return value == 0 ? 0 : value / bound;
  };
  return std::max(ratio(largest, largestBound), ratio(rms, rmsBound));
}

void ResultCheck::Spread::add(double value) {
  largest = std::max(largest, std::fabs(value));
  squares += value * value;
  ++count;
}

double ResultCheck::Spread::rms() const {
  return count ? std::sqrt(squares / count) : 0;
}

void ResultCheck::forEach(llvm::function_ref<void(int64_t)> visit) const {
  if (elements.empty())
    for (int64_t i = 0; i < expected.size(); ++i)
      visit(i);
  else
    for (int64_t i : elements)
      visit(i);
}

void ResultCheck::disturb(const HostTensor &other) {
  forEach([&](int64_t i) { noise.add(other[i] - expected[i]); });
}

ResultCheck::Spread ResultCheck::magnitudes() const {
  Spread values;
  forEach([&](int64_t i) {
    values.add(std::isfinite(expected[i]) ? expected[i] : 0);
  });
  return values;
}

double ResultCheck::slackOf(int64_t element) const {
  double e = expected[element];
  return reference::spacing(expected.kind(), e) / 2 +
         (alternative ? std::fabs((*alternative)[element] - e) : 0);
}

std::string ResultCheck::integerFault(const HostTensor &actual) const {
  for (int64_t i = 0; i < expected.size(); ++i)
    if (expected.integers()[i] != actual.integers()[i])
      return "element " + std::to_string(i) + " is " +
             std::to_string(actual.integers()[i]) + ", expected " +
             std::to_string(expected.integers()[i]);
  return "";
}

ResultCheck::Interval ResultCheck::intervalOf(int64_t element,
                                              double bound) const {
  if (!isFloat()) {
    auto value = static_cast<double>(expected.integers()[element]);
    return {element, value, value};
  }
  double e = expected[element], kept = reference::roundTo(expected.kind(), e);
  if (!std::isfinite(kept))
    return {element, kept, kept};
  bound += slackOf(element);
  return {element, std::min(kept, e - bound), std::max(kept, e + bound)};
}

std::vector<ResultCheck::Interval> ResultCheck::intervals() const {
  double bound = 0;
  if (isFloat()) {
    double most = magnitudes().largest;
    bound = largestFactor * noise.largest +
            minUnits * f32Unit * (most > 0 ? most : 1);
  }
  std::vector<Interval> result;
  forEach([&](int64_t i) { result.push_back(intervalOf(i, bound)); });
  return result;
}

KernelDeviation ResultCheck::compare(const HostTensor &actual) const {
  KernelDeviation result;
  result.elements = expected.size();
  result.compared = elements.empty() ? result.elements : elements.size();
  if (!isFloat()) {
    result.fault = integerFault(actual);
    return result;
  }
  // As `largestFactor`, for all elements together.
  constexpr double rmsFactor = 6;
  Spread values = magnitudes(), differences;
  forEach([&](int64_t i) {
    double e = expected[i], a = actual[i];
    double kept = reference::roundTo(expected.kind(), e);
    if (a == e || a == kept || (std::isnan(a) && std::isnan(e)))
      return differences.add(0);
    if (!std::isfinite(a) || !std::isfinite(kept)) {
      if (result.fault.empty())
        result.fault = "element " + std::to_string(i) + " is " +
                       std::to_string(a) + ", expected " + std::to_string(e);
      return;
    }
    differences.add(std::max(0.0, std::fabs(a - e) - slackOf(i)));
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
// Evaluation
//===----------------------------------------------------------------------===//

/// The results as another machine may have stored them: those that are compared
/// are rounded after a perturbation.
static std::vector<HostTensor>
storedElsewhere(ArrayRef<HostTensor> stored, ArrayRef<HostTensor> disturbed,
                const FusionEvaluation &evaluation,
                ArrayRef<int64_t> elements) {
  std::vector<HostTensor> result(disturbed.begin(), disturbed.end());
  for (auto [i, tensor] : llvm::enumerate(result)) {
    tensor.roundToKind();
    if (!evaluation.isSampled(i))
      continue;
    HostTensor sampled = tensor;
    tensor = stored[i];
    for (int64_t element : elements)
      tensor[element] = sampled[element];
  }
  return result;
}

llvm::Expected<std::vector<ResultCheck>>
evaluateChecks(seg::FusionOp fusion, const KernelModel &model,
               ArrayRef<HostTensor> inputs, ArrayRef<HostTensor> stored,
               ArrayRef<int64_t> elements, bool elsewhere) {
  FusionEvaluation evaluation(fusion, model, inputs, stored, elements);
  auto expected = evaluation.run(/*noise=*/0, /*seed=*/1);
  if (failed(expected))
    return llvm::createStringError(
        "no reference evaluation of " +
        fusion.getMainOp()->getName().getStringRef());
  std::vector<ResultCheck> checks;
  int64_t fewest = std::numeric_limits<int64_t>::max();
  for (auto [i, tensor] : llvm::enumerate(*expected)) {
    checks.emplace_back(tensor, evaluation.isSampled(i) ? elements
                                                        : ArrayRef<int64_t>());
    fewest = std::min(fewest, tensor.size());
  }
  auto disturb = [&](ArrayRef<HostTensor> disturbed) {
    for (auto [check, tensor] : llvm::zip_equal(checks, disturbed))
      if (check.isFloat())
        check.disturb(tensor);
  };
  // With few numbers a single perturbation may be small by chance.
  constexpr int64_t enough = 64, maxDraws = 8;
  int64_t draws = std::clamp<int64_t>(enough / fewest, 1, maxDraws);
  for (int64_t draw = 0; draw < draws; ++draw) {
    auto disturbed = evaluation.run(/*noise=*/1, /*seed=*/2 + draw);
    if (failed(disturbed))
      return llvm::createStringError("no disturbed evaluation");
    disturb(*disturbed);
    if (!elsewhere)
      continue;
    std::vector<HostTensor> other =
        storedElsewhere(stored, *disturbed, evaluation, elements);
    FusionEvaluation there(fusion, model, inputs, other, elements);
    auto results = there.run(/*noise=*/0, /*seed=*/1);
    if (failed(results))
      return llvm::createStringError("no evaluation of other stored values");
    disturb(*results);
  }
  auto undecided = evaluation.runUndecided();
  if (failed(undecided))
    return llvm::createStringError("no evaluation of undecided values");
  if (*undecided)
    for (auto [check, tensor] : llvm::zip_equal(checks, **undecided))
      if (check.isFloat())
        check.allow(std::move(tensor));
  return checks;
}

} // namespace segc
