//===- Fuel.h - Limits on the number of decisions ---------------*- C++ -*-===//
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

/// The largest number of decisions of each kind ("fusion", "strategy",
/// "memory") and of all kinds together ("").
using FuelLimits = std::map<std::string, int64_t>;

/// Parses "N" or "KIND=N" and adds the limit. Returns false for other text.
bool addFuel(llvm::StringRef text, FuelLimits &limits);

/// Counts the decisions of a compilation (Transforms/Decisions.h), rejects
/// those beyond the limits, and prints the last accepted one at the end.
class Fuel {
public:
  /// Without limits it does nothing. Passes run one after the other, so that
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
