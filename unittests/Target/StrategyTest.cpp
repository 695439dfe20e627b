//===- StrategyTest.cpp - Parameters of strategies ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/Strategy.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "segc/Base/Files.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Target/TargetBackend.h"
#include "llvm/ADT/StringExtras.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <set>

using namespace mlir;
using namespace segc;

namespace {

//===----------------------------------------------------------------------===//
// docs/Research.md
//===----------------------------------------------------------------------===//

using Names = std::set<std::string>;

/// Returns the texts between backquotes.
Names quoted(llvm::StringRef cell) {
  Names names;
  SmallVector<llvm::StringRef> parts;
  cell.split(parts, '`');
  for (size_t i = 1; i + 1 < parts.size(); i += 2)
    names.insert(parts[i].str());
  return names;
}

/// Returns the table as {"cpu direct of filter gradients": parameters}.
std::map<std::string, Names> documented() {
  auto text = readFile(SEGC_SOURCE_DIR "/docs/Research.md", 1 << 20);
  EXPECT_TRUE(text.ok());
  llvm::StringRef section =
      llvm::StringRef(*text).split("\n## Every strategy parameter\n").second;
  section = section.split("\n## ").first;
  std::map<std::string, Names> found;
  for (llvm::StringRef line : llvm::split(section, '\n')) {
    SmallVector<llvm::StringRef> cells;
    line.trim("| ").split(cells, " | ");
    if (cells.size() != 4)
      continue;
    Names kind = quoted(cells[1]);
    if (kind.size() == 1 && cells[0] != "all")
      found[cells[0].str() + " " + *kind.begin() +
            (cells[2].contains("filter gradients") ? " of filter gradients"
                                                   : "")] = quoted(cells[3]);
  }
  return found;
}

TEST(Strategies, AreDocumented) {
  registerTargets();
  MLIRContext context;
  context.loadDialect<seg::SegDialect>();
  std::map<std::string, Names> declared;
  for (llvm::StringRef target : {"cpu", "cuda"}) {
    const TargetBackend &backend = *findTargetBackend(target);
    if (const KernelModel *model = backend.horizontalModel()) {
      EXPECT_TRUE(model->parameters().empty());
      declared[target.str() + " " + model->kindWithoutRoot().str()] = {};
    }
    auto namesOf = [](const KernelModel &model) {
      Names names;
      for (const StrategyParameter &parameter : model.parameters())
        names.insert(parameter.name.str());
      return names;
    };
    // The table has one row for what all targets have.
    if (Names names = namesOf(backend.pointwiseModel()); !names.empty())
      declared[target.str() + " " + pointwiseKind.str()] = names;
    for (const auto &model : backend.models()) {
      Names names = namesOf(*model);
      for (OperationName root :
           context.getRegisteredOperationsByDialect("seg")) {
        if (!model->computes(root))
          continue;
        std::string kind = model->kind(root).str();
        if (names.empty()) { // The table has one row for all others.
          EXPECT_EQ(kind, root.stripDialect().str());
          continue;
        }
        declared[target.str() + " " + kind +
                 (root.getStringRef() == "seg.conv_filter_grad"
                      ? " of filter gradients"
                      : "")] = names;
      }
    }
  }
  EXPECT_GE(declared.size(), 8u);
  EXPECT_EQ(documented(), declared);
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// Returns the errors of a strategy for a model with these parameters; empty if
/// there are none.
std::string errorsOf(const std::string &strategy) {
  using Type = StrategyParameter::Type;
  const StrategyParameter declared[] = {
      {"depth", Type::Size},
      {"tile", Type::Sizes, /*optional=*/true},
      {"fast", Type::Switch, /*optional=*/true},
      {"type", Type::Keyword, /*optional=*/true, {"bf16", "f16"}},
      {"whole", Type::Flag}};
  MLIRContext context;
  context.loadDialect<seg::SegDialect>();
  std::string text;
  ScopedDiagnosticHandler handler(
      &context, [&](Diagnostic &error) { text += error.str(); });
  Block body;
  std::string source = "%x = \"test.x\"() : () -> tensor<4xf32>\n"
                       "%0 = seg.fusion (%a = %x : tensor<4xf32>) -> "
                       "(tensor<4xf32>) attributes {strategy = #seg.strategy<" +
                       strategy +
                       ">} {\n%1 = seg.relu %a : tensor<4xf32>\n"
                       "seg.yield %1 : tensor<4xf32>\n}";
  context.allowUnregisteredDialects();
  if (failed(parseSourceString(source, &body, &context)))
    return "not parsed: " + text;
  auto fusion = cast<seg::FusionOp>(body.back());
  bool right = succeeded(verifyStrategyParameters(fusion, declared));
  EXPECT_EQ(right, text.empty());
  return text;
}

TEST(Strategies, AreCheckedAgainstTheirModel) {
  EXPECT_EQ(errorsOf("mine, depth = 1"), "");
  EXPECT_EQ(errorsOf("mine, whole, type = f16, tile = [1, 2, 3], fast = true, "
                     "depth = 1048576, temp_bytes = 64, prepared"),
            "");
  auto error = [](llvm::StringRef parameter, llvm::StringRef expected,
                  llvm::StringRef got) {
    return ("'seg.fusion' op expects '" + parameter +
            "' in a strategy of kind 'mine' to be " + expected + ", got " + got)
        .str();
  };
  EXPECT_EQ(errorsOf("mine"),
            error("depth", "a number from 1 to 1048576", "none"));
  EXPECT_EQ(errorsOf("mine, depth = 0"),
            error("depth", "a number from 1 to 1048576", "0"));
  EXPECT_EQ(errorsOf("mine, depth"),
            error("depth", "a number from 1 to 1048576", "no value"));
  EXPECT_EQ(errorsOf("mine, depth = 1, tile = [1, 2]"),
            error("tile", "three numbers from 1 to 1048576", "[1, 2]"));
  EXPECT_EQ(errorsOf("mine, depth = 1, fast = 1"),
            error("fast", "true or false", "1"));
  EXPECT_EQ(errorsOf("mine, depth = 1, type = f64"),
            error("type", "one of bf16, f16", "f64"));
  EXPECT_EQ(errorsOf("mine, depth = 1, whole = true"),
            error("whole", "no value", "true"));
  EXPECT_EQ(errorsOf("mine, depth = 1, width = 1"),
            "'seg.fusion' op has no parameter 'width' in a strategy of kind "
            "'mine': expects depth, tile, fast, type, whole, temp_bytes, "
            "sums_bytes, prepared");
}

} // namespace
