//===- OpCoverageTest.cpp - Interfaces of all ops -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Reference/Reference.h"
#include "segc/Reference/ReferenceInterface.h"

#include "llvm/ADT/StringMap.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;

namespace {

/// Returns the ops without a reference evaluation, each with the reason.
const llvm::StringMap<llvm::StringRef> &structuralOps() {
  static const llvm::StringMap<llvm::StringRef> ops = {
      {"seg.network", "import turns it into entry functions"},
      {"seg.param", "import makes it an argument"},
      {"seg.state", "import makes it an argument"},
      {"seg.batch_norm", "import replaces it by norm or inference norm"},
      {"seg.network_dropout", "import replaces it by dropout or drops it"},
      {"seg.output", "terminator of a network's regions"},
      {"seg.fusion", "the interpreter runs its body"},
      {"seg.yield", "terminator of seg.fusion"},
  };
  return ops;
}

class OpCoverageTest : public ::testing::Test {
protected:
  OpCoverageTest() {
    DialectRegistry registry;
    registry.insert<seg::SegDialect>();
    reference::registerReferenceModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }
  ArrayRef<RegisteredOperationName> ops() {
    return context.getRegisteredOperationsByDialect("seg");
  }
  MLIRContext context;
};

TEST_F(OpCoverageTest, EveryOpHasAnAdjointOrIsMarkedWithoutOne) {
  ASSERT_FALSE(ops().empty());
  for (RegisteredOperationName op : ops())
    EXPECT_NE(op.hasInterface<seg::DifferentiableOpInterface>(),
              op.hasTrait<seg::NotDifferentiable>())
        << op.getStringRef().str()
        << " must have DifferentiableOpInterface or the trait "
           "NotDifferentiable, and not both";
}

TEST_F(OpCoverageTest, EveryOpHasAReferenceEvaluationOrIsStructural) {
  for (RegisteredOperationName op : ops()) {
    auto listed = structuralOps().find(op.getStringRef());
    bool structural = listed != structuralOps().end();
    EXPECT_NE(op.hasInterface<reference::ReferenceOpInterface>(), structural)
        << op.getStringRef().str()
        << (structural ? " has an evaluation, but is listed as structural: " +
                             listed->second.str()
                       : " has no reference evaluation");
  }
}

TEST_F(OpCoverageTest, EveryOpHasAPrecisionClassOrIsStructural) {
  for (RegisteredOperationName op : ops())
    EXPECT_NE(op.hasInterface<seg::PrecisionOpInterface>(),
              structuralOps().contains(op.getStringRef()))
        << op.getStringRef().str();
}

TEST_F(OpCoverageTest, EveryStructuralOpExists) {
  for (const auto &entry : structuralOps())
    EXPECT_TRUE(RegisteredOperationName::lookup(entry.first(), &context))
        << entry.first().str();
}

} // namespace
