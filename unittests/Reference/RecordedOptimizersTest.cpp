//===- RecordedOptimizersTest.cpp - PyTorch's optimizers -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The weights that bench/peers/record_optimizers.py recorded.

#include "ReferenceTest.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>

using namespace mlir;
using namespace segc;
using namespace segc::reference;

namespace {

class RecordedOptimizers : public ReferenceTest {
protected:
  RecordedOptimizers() {
    auto file = llvm::MemoryBuffer::getFile(
        SEGC_SOURCE_DIR "/unittests/Reference/golden/optimizers.json");
    EXPECT_TRUE(bool(file));
    auto json = llvm::json::parse((*file)->getBuffer());
    EXPECT_TRUE(bool(json));
    recorded = *json->getAsObject();
  }

  double number(llvm::StringRef name) {
    return recorded.getNumber(name).value_or(NAN);
  }
  static std::vector<double> numbers(const llvm::json::Array &list) {
    std::vector<double> values;
    for (const llvm::json::Value &value : list)
      values.push_back(value.getAsNumber().value_or(NAN));
    return values;
  }

  /// Trains with `op`, whose operands are parameters, gradients, `slots`
  /// states, finite, the scalars of `others` and the loss scale, then the step
  /// if `counts`. Expects the weights of the record.
  void check(const std::string &name, const std::string &op,
             const std::string &attributes, int slots,
             const std::vector<double> &others, bool counts) {
    for (bool clipped : {false, true}) {
      const llvm::json::Array &weights =
          *recorded.getObject("weights")->getArray(name +
                                                   (clipped ? "_clipped" : ""));
      std::vector<std::string> types(2 + slots, "6xf64");
      types.resize(types.size() + 2 + others.size(), "f64");
      if (counts)
        types.push_back("i64");
      const std::vector<std::string> results(1 + slots, "6xf64");
      func::FuncOp update = parse(
          functionText(types, results, opText(op, attributes, types, results)));
      ASSERT_TRUE(update) << name;
      OwningOpRef<ModuleOp> updateModule = std::move(module);
      func::FuncOp clip = parse(functionText(
          {"6xf64", "f64"}, {"f64"},
          "seg.clip_scale %a0, %a1 max_norm " +
              std::to_string(number("max_norm")) + " : (!a0, !a1) -> !r0"));
      ASSERT_TRUE(clip);
      std::vector<HostTensor> state = {
          flat(numbers(*recorded.getArray("start")))};
      state.resize(1 + slots, flat(std::vector<double>(6)));
      for (auto [i, expected] : llvm::enumerate(weights)) {
        HostTensor grads =
            flat(numbers(*(*recorded.getArray("gradients"))[i].getAsArray()));
        // Gradients that the loss scale has multiplied.
        HostTensor scale = HostTensor::scalar(8.0);
        for (int64_t k = 0; k < grads.size(); ++k)
          grads[k] *= 8;
        if (clipped)
          scale = run(clip, {grads, scale})[0];
        std::vector<HostTensor> inputs = {state[0], grads};
        inputs.insert(inputs.end(), state.begin() + 1, state.end());
        inputs.push_back(HostTensor::scalar(1.0));
        for (double other : others)
          inputs.push_back(HostTensor::scalar(other));
        inputs.push_back(scale);
        if (counts)
          inputs.push_back(HostTensor::scalar(static_cast<int64_t>(i + 1)));
        state = run(update, inputs);
        ASSERT_EQ(state.size(), size_t(1 + slots));
        std::vector<double> wanted = numbers(*expected.getAsArray());
        for (size_t k = 0; k < wanted.size(); ++k)
          EXPECT_NEAR(state[0][static_cast<int64_t>(k)], wanted[k], 1e-12)
              << name << (clipped ? " clipped" : "") << ", step " << i + 1;
      }
    }
  }

  static HostTensor flat(std::vector<double> values) {
    return HostTensor({6}, ElementKind::F64, std::move(values));
  }

private:
  static std::string opText(const std::string &op,
                            const std::string &attributes,
                            const std::vector<std::string> &types,
                            const std::vector<std::string> &results) {
    std::string operands, operandTypes, resultTypes;
    for (size_t i = 0; i < types.size(); ++i) {
      operands += (i ? ", %a" : "%a") + std::to_string(i);
      operandTypes += (i ? ", !a" : "!a") + std::to_string(i);
    }
    for (size_t i = 0; i < results.size(); ++i)
      resultTypes += (i ? ", !r" : "!r") + std::to_string(i);
    return op + " " + operands + " {" + attributes +
           "decay_elements = 4 : i64} : (" + operandTypes + ") -> (" +
           resultTypes + ")";
  }

  llvm::json::Object recorded;
};

TEST_F(RecordedOptimizers, Adam) {
  const std::string betas = "beta1 = 0.9, beta2 = 0.8, epsilon = 0.0, ";
  ASSERT_EQ(number("beta1"), 0.9);
  ASSERT_EQ(number("beta2"), 0.8);
  ASSERT_EQ(number("decayed"), 4);
  const std::vector<double> scalars = {number("rate"), number("decay")};
  check("adam", "seg.adam", betas, 2, scalars, true);
  check("adamw", "seg.adam", betas + "decoupled, ", 2, scalars, true);
  check("radam", "seg.adam", betas + "rectified, ", 2, scalars, true);
}

TEST_F(RecordedOptimizers, Sgd) {
  const std::vector<double> scalars = {number("rate"), number("momentum"),
                                       number("decay")};
  check("sgd", "seg.sgd", "", 1, scalars, false);
  check("nesterov", "seg.sgd", "nesterov, ", 1, scalars, false);
}

} // namespace
