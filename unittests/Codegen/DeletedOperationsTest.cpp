//===- DeletedOperationsTest.cpp - Barriers and masks are needed ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Each barrier, wait and mask of a kernel is deleted in turn. The emulator
// reports it, or the results change: it would find one that a kernel forgets.
// Those that nobody misses are listed with their cases.

#include "DamagedKernels.h"
#include "DeletionCases.h"

#include "segc/Target/TargetBackend.h"
#include "gtest/gtest.h"

using namespace segc;
using namespace segc::test;

namespace {

std::vector<DeletionCase> allCases() {
  std::vector<DeletionCase> all = convDeletionCases();
  for (const auto &some : {augmentDeletionCases(), elementwiseDeletionCases(),
                           reductionDeletionCases()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

class DeletedOperations : public testing::TestWithParam<DeletionCase> {};

TEST_P(DeletedOperations, OrderOfThreads) {
  const DeletionCase &c = GetParam();
  DamagedKernels kernels(c.text, c.target, c.inputs);
  EXPECT_EQ(kernels.waitsForCopies(), c.copies);
  EXPECT_EQ(kernels.run(), "");
  size_t count = kernels.count(orderingOps);
  for (size_t i = 0; i < count; ++i)
    EXPECT_EQ(kernels.runWithout(orderingOps, i).empty(),
              c.unneededOrder.count(i) != 0)
        << "without ordering operation " << i << " of " << count;
}

// One wait for each kernel, of the versions that have dependent launches.
TEST_P(DeletedOperations, WaitsForLaunches) {
  const DeletionCase &c = GetParam();
  DamagedKernels kernels(c.text, c.target, c.inputs);
  size_t count = kernels.count(launchWaits);
  EXPECT_EQ(count != 0, llvm::StringRef(c.target) != "sm_80");
  for (size_t i = 0; i < count; ++i)
    EXPECT_NE(kernels.runWithout(launchWaits, i).find("griddepcontrol.wait"),
              std::string::npos)
        << "without wait " << i << " of " << count;
}

TEST_P(DeletedOperations, Masks) {
  const DeletionCase &c = GetParam();
  DamagedKernels kernels(c.text, c.target, c.inputs);
  EXPECT_EQ(kernels.run(), "");
  size_t count = kernels.count(masks), noticed = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!kernels.runWithout(masks, i).empty()) {
      ++noticed;
      continue;
    }
    std::string name = kernels.nameOf(masks, i);
    if (kernels.stopsNobody(i))
      continue;
    EXPECT_TRUE(c.unneededMasks.count(name))
        << "without mask " << i << " of " << count << ", " << name;
  }
  EXPECT_GT(noticed, 0u);
}

INSTANTIATE_TEST_SUITE_P(Kernels, DeletedOperations,
                         testing::ValuesIn(allCases()));

// A kernel model that is new needs a case. Libraries have their own.
TEST(DeletedOperationsOf, AllKernelModels) {
  std::set<const KernelModel *> models;
  std::set<std::string> roots;
  for (const DeletionCase &c : allCases()) {
    DamagedKernels kernels(c.text, c.target, c.inputs);
    models.insert(kernels.model());
    roots.insert(kernels.rootName());
  }
  mlir::MLIRContext context(kernelRegistry());
  context.loadDialect<seg::SegDialect>();
  const TargetBackend &backend = *targetOf("sm_90").backend;
  for (mlir::RegisteredOperationName op : context.getRegisteredOperations())
    for (const auto &model : backend.models())
      if (model->computes(op) && model->library().empty()) {
        EXPECT_TRUE(roots.count(op.getStringRef().str()))
            << op.getStringRef().str() << " is the root of no case";
        EXPECT_TRUE(models.count(model.get()))
            << "no case takes the kernels " << model->kind(op).str() << " of "
            << op.getStringRef().str();
      }
  EXPECT_TRUE(models.count(&backend.pointwiseModel()));
  EXPECT_TRUE(models.count(backend.horizontalModel()));
}

} // namespace
