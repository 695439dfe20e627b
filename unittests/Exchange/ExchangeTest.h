//===- ExchangeTest.h - Fixture of the tests of exchange --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_EXCHANGE_EXCHANGETEST_H
#define SEGC_UNITTESTS_EXCHANGE_EXCHANGETEST_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Exchange/ImportedNetwork.h"
#include "segc/Networks/Networks.h"
#include "segc/Reference/Reference.h"
#include "segc/Runtime/Core/Safetensors.h"
#include "segc/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "gmock/gmock.h"

#include <filesystem>
#include <unistd.h>

namespace segc {

using Tensors = std::map<std::string, NamedTensor>;

class ExchangeTest : public testing::Test {
protected:
  ExchangeTest() : folder(testing::TempDir() + "segc-exchange-XXXXXX") {
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    mlir::DialectRegistry registry;
    registry.insert<seg::SegDialect, mlir::func::FuncDialect>();
    reference::registerReferenceModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }
  ~ExchangeTest() override { std::filesystem::remove_all(folder); }

  mlir::OwningOpRef<mlir::ModuleOp> build(const std::string &name,
                                          std::vector<std::string> arguments) {
    std::string error;
    auto module = buildNetwork(&context, name, arguments, error);
    EXPECT_TRUE(mlir::succeeded(module)) << error;
    return mlir::succeeded(module) ? std::move(*module) : nullptr;
  }
  static seg::NetworkOp network(mlir::ModuleOp module) {
    return *module.getOps<seg::NetworkOp>().begin();
  }

  /// Random weights by name; variances are positive.
  static Tensors randomWeights(seg::NetworkOp network) {
    Tensors tensors;
    uint64_t seed = 1;
    auto add = [&](llvm::StringRef name, mlir::RankedTensorType type,
                   double low, double high) {
      reference::HostTensor drawn =
          reference::randomTensor(type, ++seed, {low, high});
      NamedTensor &tensor = tensors[name.str()];
      tensor.name = name.str();
      tensor.shape.assign(type.getShape().begin(), type.getShape().end());
      tensor.values.assign(drawn.values().begin(), drawn.values().end());
    };
    network.getForward().walk([&](mlir::Operation *op) {
      if (auto param = mlir::dyn_cast<seg::ParamOp>(op))
        add(param.getName(), param.getType(), -0.5, 0.5);
      else if (auto state = mlir::dyn_cast<seg::StateOp>(op))
        add(state.getName(), state.getType(), 0.5, 1.5);
    });
    return tensors;
  }
  /// The tensors as a file of weights.
  SafetensorsFile fileOf(const Tensors &tensors) {
    std::vector<TensorSource> sources;
    for (const auto &[name, tensor] : tensors)
      sources.push_back({name, "F32", tensor.shape, tensor.values.data()});
    const std::string path = folder + "/weights.safetensors";
    EXPECT_TRUE(writeSafetensors(path, sources, {}).ok());
    StatusOr<SafetensorsFile> file = SafetensorsFile::read(path);
    EXPECT_TRUE(file.ok()) << file.status().message();
    return std::move(*file);
  }
  static Tensors byName(std::vector<NamedTensor> list) {
    Tensors tensors;
    for (NamedTensor &tensor : list)
      tensors[tensor.name] = std::move(tensor);
    return tensors;
  }

  /// The probabilities of the network by the reference evaluation. `image` is
  /// drawn if it is empty.
  reference::HostTensor predict(mlir::ModuleOp module, const Tensors &tensors,
                                std::vector<float> image = {}) {
    mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
    mlir::PassManager passes(&context);
    passes.addPass(createImportNetworkPass({/*training=*/false}));
    EXPECT_TRUE(mlir::succeeded(passes.run(*copy)));
    auto entry = copy->lookupSymbol<mlir::func::FuncOp>("predict");
    std::vector<reference::HostTensor> inputs;
    for (mlir::BlockArgument argument : entry.getArguments()) {
      auto type = mlir::cast<mlir::RankedTensorType>(argument.getType());
      const unsigned i = argument.getArgNumber();
      auto name =
          entry.getArgAttrOfType<mlir::StringAttr>(i, nameAttrName).str();
      inputs.push_back(reference::randomTensor(type, /*seed=*/7));
      llvm::ArrayRef<float> values = image;
      if (name != "image") {
        auto found = tensors.find(name);
        EXPECT_NE(found, tensors.end()) << name;
        values = found->second.values;
      }
      if (!values.empty())
        llvm::copy(values, inputs.back().values().begin());
    }
    auto results = reference::evaluate(entry, inputs);
    EXPECT_TRUE(mlir::succeeded(results));
    return mlir::succeeded(results) ? results->front()
                                    : reference::HostTensor();
  }

  mlir::MLIRContext context;
  std::string folder;
};

} // namespace segc

#endif // SEGC_UNITTESTS_EXCHANGE_EXCHANGETEST_H
