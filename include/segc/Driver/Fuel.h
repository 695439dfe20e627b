//===- Fuel.h - So many decisions and no more -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_FUEL_H
#define SEGC_DRIVER_FUEL_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringRef.h"
#include <map>
#include <string>

namespace segc {

/// Most decisions of each kind ("fusion", "strategy", "memory"), and of all
/// together ("").
using FuelLimits = std::map<std::string, int64_t>;

/// Adds what "N" or "KIND=N" says; false if it says something else.
bool addFuel(llvm::StringRef text, FuelLimits &limits);

/// Counts the decisions of a compilation (Transforms/Decisions.h), withholds
/// those beyond the limits, and says at the end which one was the last.
class Fuel {
public:
  /// Without limits nothing is done. Passes run one after the other, so that
  /// decisions have an order.
  Fuel(mlir::MLIRContext &context, FuelLimits limits);
  ~Fuel();
  Fuel(const Fuel &) = delete;
  Fuel &operator=(const Fuel &) = delete;

private:
  void handle(llvm::function_ref<void()> run,
              const mlir::tracing::Action &action);

  mlir::MLIRContext &context;
  FuelLimits left;
  int64_t made = 0, withheld = 0;
  std::string last;
};

} // namespace segc

#endif // SEGC_DRIVER_FUEL_H
