//===- ReferenceTest.h - Fixture of the reference tests ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_REFERENCE_REFERENCETEST_H
#define SEGC_UNITTESTS_REFERENCE_REFERENCETEST_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Reference/Reference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace segc::reference {

/// Returns a function @f of one op. Argument i is %a<i> of type !a<i>, result i
/// has type !r<i>. Types are written as "2x3xf64", those of rank 0 as "f64".
inline std::string functionText(llvm::ArrayRef<std::string> arguments,
                                llvm::ArrayRef<std::string> results,
                                llvm::StringRef op) {
  std::string aliases, parameters, types, values;
  auto separated = [](std::string &list, const std::string &item) {
    list += (list.empty() ? "" : ", ") + item;
  };
  for (auto [i, type] : llvm::enumerate(arguments)) {
    std::string name = "a" + std::to_string(i);
    aliases += "!" + name + " = tensor<" + type + ">\n";
    separated(parameters, "%" + name + ": !" + name);
  }
  for (auto [i, type] : llvm::enumerate(results)) {
    std::string name = "r" + std::to_string(i);
    aliases += "!" + name + " = tensor<" + type + ">\n";
    separated(types, "!" + name);
    separated(values, "%r#" + std::to_string(i));
  }
  return aliases + "func.func @f(" + parameters + ") -> (" + types +
         ") {\n  %r:" + std::to_string(results.size()) + " = " + op.str() +
         "\n  return " + values + " : " + types + "\n}\n";
}

class ReferenceTest : public ::testing::Test {
protected:
  ReferenceTest() {
    mlir::DialectRegistry registry;
    registry.insert<seg::SegDialect, mlir::func::FuncDialect,
                    mlir::arith::ArithDialect>();
    registerReferenceModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// Returns the function @f of a module; null if the text does not parse.
  mlir::func::FuncOp parse(llvm::StringRef text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    return module ? module->lookupSymbol<mlir::func::FuncOp>("f") : nullptr;
  }

  /// Returns the results of @f. An error is a test failure without results.
  std::vector<HostTensor> run(mlir::func::FuncOp function,
                              llvm::ArrayRef<HostTensor> inputs,
                              Precision precision = Precision::Exact) {
    llvm::FailureOr<std::vector<HostTensor>> results =
        evaluate(function, inputs, precision);
    EXPECT_TRUE(mlir::succeeded(results));
    return mlir::succeeded(results) ? *results : std::vector<HostTensor>();
  }

  std::vector<HostTensor> run(llvm::StringRef text,
                              llvm::ArrayRef<HostTensor> inputs,
                              Precision precision = Precision::Exact) {
    mlir::func::FuncOp function = parse(text);
    EXPECT_TRUE(function) << text.str();
    return function ? run(function, inputs, precision)
                    : std::vector<HostTensor>();
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace segc::reference

#endif // SEGC_UNITTESTS_REFERENCE_REFERENCETEST_H
