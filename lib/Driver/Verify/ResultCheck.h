//===- ResultCheck.h - Bounds of a kernel's results -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_VERIFY_RESULTCHECK_H
#define SEGC_LIB_DRIVER_VERIFY_RESULTCHECK_H

#include "segc/Driver/Verify/KernelCheck.h"
#include "segc/Reference/HostTensor.h"
#include <optional>

namespace segc {

/// Compares one result with the reference, within a bound that perturbed
/// evaluations give.
class ResultCheck {
public:
  /// `elements` are those that are compared; empty means all.
  ResultCheck(reference::HostTensor expected, llvm::ArrayRef<int64_t> elements)
      : expected(std::move(expected)), elements(elements) {}

  bool isFloat() const { return reference::isFloat(expected.kind()); }
  int64_t size() const { return expected.size(); }
  /// Adds a perturbed evaluation.
  void disturb(const reference::HostTensor &other);
  /// Takes the results with undecided values rounded to the other side.
  void allow(reference::HostTensor other) { alternative = std::move(other); }
  /// Compares the values that the kernel wrote.
  KernelDeviation compare(const reference::HostTensor &actual) const;

  /// What an element may be. Both are NaN if it must be.
  struct Interval {
    int64_t element;
    double low, high;
  };
  /// Those of the compared elements.
  std::vector<Interval> intervals() const;

private:
  /// Sums over the compared elements of a result.
  struct Spread {
    double largest = 0, squares = 0;
    int64_t count = 0;

    void add(double value);
    double rms() const;
  };

  void forEach(llvm::function_ref<void(int64_t)> visit) const;
  Spread magnitudes() const;
  /// How far an element may be from the reference whatever the noise is: its
  /// own rounding, and undecided values.
  double slackOf(int64_t element) const;
  Interval intervalOf(int64_t element, double bound) const;
  std::string integerFault(const reference::HostTensor &actual) const;

  reference::HostTensor expected;
  llvm::ArrayRef<int64_t> elements;
  std::optional<reference::HostTensor> alternative;
  Spread noise;
};

/// Evaluates what the kernels of a fusion must compute. `stored` are the
/// results that they wrote, or, `elsewhere`, that they wrote on another machine
/// than the one that is checked: there values may be rounded to another of two
/// neighbours of 16 bits. `elements` selects those of the root's result and
/// must outlive the checks; empty means all.
llvm::Expected<std::vector<ResultCheck>>
evaluateChecks(seg::FusionOp fusion, const KernelModel &model,
               llvm::ArrayRef<reference::HostTensor> inputs,
               llvm::ArrayRef<reference::HostTensor> stored,
               llvm::ArrayRef<int64_t> elements, bool elsewhere);

} // namespace segc

#endif // SEGC_LIB_DRIVER_VERIFY_RESULTCHECK_H
