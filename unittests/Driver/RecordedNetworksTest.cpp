//===- RecordedNetworksTest.cpp - nnU-Net v2's networks in PyTorch --------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What bench/peers/record_v2.py recorded in f64: the networks of a plan, from
// the generator through the phase `autodiff`, evaluated in f64.

#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Networks/Networks.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Reference/Reference.h"
#include "segc/Transforms/Passes.h"
#include "gtest/gtest.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace segc;
using reference::HostTensor;

/// The generator of record_v2.py: uniform in [-1, 1).
static std::vector<double> draws(uint64_t seed, int64_t count) {
  uint64_t state = 7919 * seed % (1u << 31);
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    state = (1103515245 * state + 12345) % (1u << 31);
    values.push_back(static_cast<double>(state) / (1 << 30) - 1);
  }
  return values;
}

namespace {

/// A parameter and its place in the flat regions.
struct Parameter {
  std::string name;
  int64_t offset = 0, size = 0;
  std::vector<int64_t> shape;
};

class RecordedNetworks : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    DialectRegistry registry;
    reference::registerReferenceModels(registry);
    context.appendDialectRegistry(registry);
    StatusOr<std::string> text =
        readFile(SEGC_SOURCE_DIR "/unittests/Driver/golden/v2-networks.json");
    ASSERT_TRUE(text.ok()) << text.status().message();
    recorded = Json::parse(*text)["networks"][GetParam()];
    std::string error;
    auto arguments = recorded["arguments"].get<std::vector<std::string>>();
    arguments[1] = SEGC_SOURCE_DIR "/" + arguments[1];
    auto built = buildNetwork(&context, "nnunet", arguments, error);
    module = std::move(built).value_or(nullptr);
    ASSERT_TRUE(module) << error;
    CompileOptions options;
    llvm::Error failure =
        runPhases(*module, 0, findPhase("autodiff").value_or(0), options,
                  options.pipeline);
    ASSERT_FALSE(failure) << llvm::toString(std::move(failure));
    listParameters();
  }

  static StringRef text(DictionaryAttr attributes, StringRef key) {
    return attributes.getAs<StringAttr>(key).getValue();
  }
  static int64_t elementOffset(DictionaryAttr attributes) {
    return attributes.getAs<IntegerAttr>(offsetAttrName).getInt() / 4;
  }

  void listParameters() {
    auto grad = module->lookupSymbol<func::FuncOp>("grad_step");
    int64_t total = 0;
    for (BlockArgument argument : grad.getArguments()) {
      DictionaryAttr attributes = grad.getArgAttrDict(argument.getArgNumber());
      if (text(attributes, regionAttrName) != "parameters")
        continue;
      auto type = cast<RankedTensorType>(argument.getType());
      parameters.push_back({text(attributes, nameAttrName).str(),
                            elementOffset(attributes), type.getNumElements(),
                            type.getShape().vec()});
      total =
          std::max(total, parameters.back().offset + parameters.back().size);
    }
    for (const char *region : {"parameters", "gradients", "optimizer"})
      memory[region].assign(2 * total + 64, 0);
    uint64_t index = 0;
    for (const Parameter &parameter : parameters)
      initialize(parameter, draws(++index, parameter.size));
  }

  void initialize(const Parameter &parameter, std::vector<double> values) {
    double scale = 0.2, offset = 0;
    if (parameter.shape.size() > 1) {
      const int64_t fanIn = parameter.size / parameter.shape.back();
      scale = std::sqrt(6 / static_cast<double>(fanIn));
    } else if (StringRef(parameter.name).ends_with(".gamma")) {
      scale = 0.3;
      offset = 1;
    }
    for (int64_t i = 0; i < parameter.size; ++i)
      memory["parameters"][parameter.offset + i] = offset + scale * values[i];
  }

  /// Runs an entry; its results go to their regions.
  void run(StringRef entry, int64_t step) {
    auto function = module->lookupSymbol<func::FuncOp>(entry);
    ASSERT_TRUE(function);
    std::vector<HostTensor> inputs;
    for (BlockArgument argument : function.getArguments())
      inputs.push_back(input(cast<RankedTensorType>(argument.getType()),
                             function.getArgAttrDict(argument.getArgNumber()),
                             step));
    const std::vector<HostTensor> results =
        reference::evaluate(function, inputs)
            .value_or(std::vector<HostTensor>());
    ASSERT_EQ(results.size(), function.getNumResults());
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      DictionaryAttr attributes = function.getResultAttrDict(i);
      const StringRef region = text(attributes, regionAttrName);
      if (region == "outputs" && text(attributes, nameAttrName) == "loss")
        loss = results[i][0];
      auto found = memory.find(region.str());
      if (found != memory.end())
        llvm::copy(results[i].values(),
                   found->second.begin() + elementOffset(attributes));
    }
  }

  HostTensor input(RankedTensorType type, DictionaryAttr attributes,
                   int64_t step) {
    HostTensor tensor(type.getShape(),
                      reference::elementKind(type.getElementType())
                          .value_or(reference::ElementKind::F64));
    const StringRef region = text(attributes, regionAttrName),
                    name = text(attributes, nameAttrName);
    if (auto found = memory.find(region.str()); found != memory.end()) {
      llvm::copy(ArrayRef<double>(found->second)
                     .slice(elementOffset(attributes), tensor.size()),
                 tensor.values().begin());
    } else if (name == "image") {
      llvm::copy(draws(1001 + 10 * step, tensor.size()),
                 tensor.values().begin());
    } else if (name == "label") {
      for (auto [value, draw] : llvm::zip_equal(
               tensor.integers(), draws(1002 + 10 * step, tensor.size())))
        value = static_cast<int64_t>(std::floor((draw + 1) / 2 * 3));
    } else if (name == "step") {
      tensor.integers()[0] = step + 1;
    } else if (reference::isFloat(tensor.kind())) {
      tensor[0] = name == "learning_rate"  ? 0.01
                  : name == "momentum"     ? 0.99
                  : name == "weight_decay" ? 3e-5
                                           : 1; // Of the loss scale.
    }
    return tensor;
  }

  /// Compares a region with the record: of each parameter the projection on
  /// random numbers, and the norm.
  void expectRegion(const char *region, const char *key) {
    double largest = 0;
    for (const Json &values : recorded[key])
      largest = std::max(largest, values[1].get<double>());
    ASSERT_EQ(recorded[key].size(), parameters.size());
    uint64_t index = 500;
    for (const Parameter &parameter : parameters) {
      ASSERT_TRUE(recorded[key].contains(parameter.name)) << parameter.name;
      const Json &expected = recorded[key][parameter.name];
      const std::vector<double> directions = draws(++index, parameter.size);
      double projection = 0, squares = 0;
      for (int64_t i = 0; i < parameter.size; ++i) {
        const double value = memory[region][parameter.offset + i];
        projection += value * directions[i];
        squares += value * value;
      }
      const double tolerance = 1e-9 * largest;
      EXPECT_NEAR(projection, expected[0].get<double>(), tolerance)
          << key << " of " << parameter.name;
      EXPECT_NEAR(std::sqrt(squares), expected[1].get<double>(), tolerance)
          << key << " of " << parameter.name;
    }
  }

  CompilerContext context;
  OwningOpRef<ModuleOp> module;
  Json recorded;
  std::vector<Parameter> parameters;
  /// The flat regions in f64.
  std::map<std::string, std::vector<double>> memory;
  double loss = 0;
};

TEST_P(RecordedNetworks, TrainAsInPyTorch) {
  int64_t step = 0;
  for (const Json &expected : recorded["losses"]) {
    run("grad_step", step);
    EXPECT_NEAR(loss, expected.get<double>(), 1e-10) << "step " << step;
    if (step == 0)
      expectRegion("gradients", "gradients");
    run("apply_step", step++);
  }
  expectRegion("parameters", "weights");
}

INSTANTIATE_TEST_SUITE_P(V2, RecordedNetworks,
                         testing::Values("2d_residual", "3d_plain",
                                         "3d_residual", "2d_residual_clipped"),
                         [](const auto &info) {
                           return "Of" + std::string(info.param);
                         });

} // namespace
