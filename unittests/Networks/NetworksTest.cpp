//===- NetworksTest.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Networks/Networks.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Plan/Optimizers.h"
#include "segc/Plan/Tasks.h"
#include "gmock/gmock.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace mlir;
using namespace segc;
using testing::ElementsAre;
using testing::ElementsAreArray;

/// Adds the parameters of two convolutions, each with a norm in place of a
/// bias.
static void addNormalizedBlock(const std::string &name,
                               std::vector<std::string> &parameters) {
  for (const std::string &i : {"1", "2"})
    for (const std::string &part :
         {".conv" + i + ".weight", ".norm" + i + ".gamma",
          ".norm" + i + ".beta"})
      parameters.push_back(name + part);
}

namespace {

class Networks : public testing::Test {
protected:
  OwningOpRef<ModuleOp> build(const std::string &name,
                              const std::vector<std::string> &args = {}) {
    std::string error;
    auto module = buildNetwork(&context, name, args, error);
    EXPECT_TRUE(succeeded(module)) << error;
    if (failed(module))
      return nullptr;
    EXPECT_TRUE(succeeded(verify(**module)));
    return std::move(*module);
  }
  static seg::NetworkOp network(ModuleOp module) {
    return *module.getOps<seg::NetworkOp>().begin();
  }
  static std::vector<seg::ParamOp> params(ModuleOp module) {
    auto ops = network(module).getForward().getOps<seg::ParamOp>();
    return {ops.begin(), ops.end()};
  }
  static std::vector<std::string> names(ModuleOp module) {
    std::vector<std::string> names;
    for (seg::ParamOp param : params(module))
      names.push_back(param.getName().str());
    return names;
  }
  static int64_t parameters(ModuleOp module) {
    int64_t count = 0;
    for (seg::ParamOp param : params(module))
      count += param.getOutput().getType().getNumElements();
    return count;
  }
  static std::vector<int64_t> logitsShape(ModuleOp module) {
    Value logits =
        network(module).getForward().front().getTerminator()->getOperand(0);
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(logits.getType()).getShape();
    return shape.vec();
  }
  static std::vector<std::string> results(ModuleOp module) {
    std::vector<std::string> names;
    for (auto name : network(module).getResultNames().getAsRange<StringAttr>())
      names.push_back(name.str());
    return names;
  }
  static double real(DictionaryAttr dictionary, StringRef key) {
    return dictionary.getAs<FloatAttr>(key).getValueAsDouble();
  }
  /// Returns the multiply-adds of all convolutions for one sample, in 10^9.
  static double gigaMacs(ModuleOp module) {
    double count = 0;
    for (seg::ConvOp conv : all<seg::ConvOp>(module))
      count += macs(conv.getFilter(), conv.getOutput());
    for (seg::ConvTransposeOp up : all<seg::ConvTransposeOp>(module))
      count += macs(up.getFilter(), up.getInput());
    return count / 1e9;
  }
  static double macs(Value filter, Value positions) {
    auto type = cast<RankedTensorType>(positions.getType());
    double spatial = 1;
    for (int64_t size : type.getShape().drop_front().drop_back())
      spatial *= static_cast<double>(size);
    return spatial *
           static_cast<double>(
               cast<RankedTensorType>(filter.getType()).getNumElements());
  }
  template <typename Op>
  static std::vector<Op> all(ModuleOp module) {
    std::vector<Op> ops;
    module.walk([&](Op op) { ops.push_back(op); });
    return ops;
  }

  MLIRContext context;
};

//===----------------------------------------------------------------------===//
// Sizes that the publications state
//===----------------------------------------------------------------------===//

TEST_F(Networks, HaveThePublishedParameterCounts) {
  EXPECT_EQ(parameters(*build("unet2d")), 34512258);
  EXPECT_EQ(parameters(*build("vnet")), 3599747);
  EXPECT_EQ(parameters(*build("nnunet", {"--task", "01"})), 31192868);
  EXPECT_EQ(parameters(*build("nnunet", {"--task", "01", "--dim", "2"})),
            20613092);
  EXPECT_EQ(parameters(*build("nnunet", {"--task", "04"})), 5601187);
  EXPECT_EQ(parameters(*build("nnunet", {"--task", "04", "--dim", "2"})),
            1926499);
  EXPECT_EQ(
      parameters(*build("nnunet", {"--task", "01", "--deep-supervision"})),
      31192868 + 776);
  EXPECT_EQ(
      parameters(*build("nnunet", {"--task", "04", "--deep-supervision"})),
      5601187 + 582);
  EXPECT_EQ(parameters(*build("unet3d")), 31190243);
}

TEST_F(Networks, HaveThePublishedMultiplyAdds) {
  EXPECT_NEAR(gigaMacs(*build("unet2d")), 157.47, 0.005);
  EXPECT_NEAR(gigaMacs(*build("vnet")), 2.77, 0.005);
  EXPECT_NEAR(gigaMacs(*build("nnunet", {"--task", "01"})), 482.80, 0.005);
  EXPECT_NEAR(gigaMacs(*build("nnunet", {"--task", "01", "--dim", "2"})), 6.69,
              0.005);
  EXPECT_NEAR(gigaMacs(*build("nnunet", {"--task", "04"})), 19.14, 0.005);
  EXPECT_NEAR(gigaMacs(*build("nnunet", {"--task", "04", "--dim", "2"})), 0.314,
              0.0005);
  EXPECT_NEAR(gigaMacs(*build("unet3d")), 477.30, 0.005);
}

TEST_F(Networks, VNetHas3200RunningStatistics) {
  auto module = build("vnet");
  int64_t count = 0;
  for (seg::StateOp state : all<seg::StateOp>(*module))
    count += state.getOutput().getType().getNumElements();
  EXPECT_EQ(count, 3200);
}

TEST_F(Networks, BuildForEveryTask) {
  for (const DecathlonTask &task : decathlonTasks())
    for (int64_t dim : {2, 3})
      for (bool deep : {false, true}) {
        std::vector<std::string> args{"--task", task.id, "--dim",
                                      std::to_string(dim)};
        if (deep)
          args.push_back("--deep-supervision");
        auto module = build("nnunet", args);
        ASSERT_TRUE(module);
        std::vector<int64_t> expected{2};
        expected.insert(expected.end(), task.plan(dim).patch.begin(),
                        task.plan(dim).patch.end());
        expected.push_back(static_cast<int64_t>(task.classNames.size()));
        EXPECT_EQ(logitsShape(*module), expected) << task.id << " " << dim;
        EXPECT_EQ(network(*module)
                      .getForward()
                      .front()
                      .getTerminator()
                      ->getNumOperands(),
                  deep ? 3u : 1u);
      }
}

//===----------------------------------------------------------------------===//
// U-Net
//===----------------------------------------------------------------------===//

TEST_F(Networks, UNetNamesItsParametersInOrderOfUse) {
  std::vector<std::string> expected;
  auto layer = [&](const std::string &name) {
    expected.push_back(name + ".weight");
    expected.push_back(name + ".bias");
  };
  for (std::string block : {"input", "down0", "down1", "down2", "bottleneck",
                            "up0", "up1", "up2", "output"}) {
    layer(block + ".conv1");
    layer(block + ".conv2");
    if (block == "bottleneck" || block[0] == 'u')
      layer(block + ".up");
  }
  layer("output.conv3");
  EXPECT_THAT(names(*build("unet2d")), ElementsAreArray(expected));
}

TEST_F(Networks, UNetHasThePublishedSizes) {
  auto module = build("unet2d");
  EXPECT_THAT(logitsShape(*module), ElementsAre(1, 388, 388, 2));
  std::vector<int64_t> offsets, concatenated, ups;
  for (seg::CropOp crop : all<seg::CropOp>(*module))
    offsets.push_back(crop.getOffsets()[0]);
  for (seg::ConcatOp concat : all<seg::ConcatOp>(*module)) {
    concatenated.push_back(concat.getOutput().getType().getShape().back());
    // The upsampled value is the first operand.
    EXPECT_TRUE(concat.getInputs()[0].getDefiningOp<seg::ReluOp>());
    EXPECT_TRUE(concat.getInputs()[1].getDefiningOp<seg::CropOp>());
  }
  for (seg::ConvTransposeOp up : all<seg::ConvTransposeOp>(*module)) {
    ups.push_back(up.getOutput().getType().getDimSize(1));
    // Nothing is cropped at the beginning, and one element at the end.
    EXPECT_THAT(up.getPadLow(), ElementsAre(0, 0));
    EXPECT_THAT(up.getPadHigh(), ElementsAre(1, 1));
  }
  EXPECT_THAT(offsets, ElementsAre(4, 16, 40, 88));
  EXPECT_THAT(concatenated, ElementsAre(1024, 512, 256, 128));
  EXPECT_THAT(ups, ElementsAre(56, 104, 200, 392));
  EXPECT_EQ(all<seg::NetworkDropoutOp>(*module).size(), 1u);
}

TEST_F(Networks, UNetHasItsRecipe) {
  auto module = build("unet2d");
  seg::NetworkOp net = network(*module);
  EXPECT_EQ(net.getSymName(), "unet2d");
  EXPECT_THAT(results(*module),
              ElementsAre("loss", "ce_loss", "dice_loss", "dice"));
  auto dice = all<seg::DiceOp>(*module).at(0);
  EXPECT_TRUE(dice.getSquared());
  EXPECT_FALSE(dice.getBatchReduce() || dice.getExcludeBackground() ||
               dice.getSumClasses());
  for (seg::ParamOp param : params(*module)) {
    EXPECT_TRUE(param.getDecay()) << param.getName().str();
    bool weight = param.getName().ends_with(".weight");
    EXPECT_EQ(param.getInit(),
              weight ? seg::InitKind::glorot_uniform : seg::InitKind::constant);
  }
  DictionaryAttr optimizer = net.getOptimizer();
  EXPECT_EQ(optimizer.getAs<StringAttr>("kind"), "adam");
  EXPECT_EQ(real(optimizer, "epsilon"), 1e-7);
  EXPECT_EQ(real(optimizer, "weight_decay"), 5e-4);
  EXPECT_EQ(net.getPipeline().getAs<StringAttr>("kind"), "isbi");
}

TEST_F(Networks, UNetTakesItsOptions) {
  auto module =
      build("unet2d", {"--width", "4", "--size=188", "--batch_size", "3",
                       "--channels", "2", "--classes", "5", "--dropout", "0",
                       "--loss", "focal", "--optimizer", "sgd", "--nesterov"});
  EXPECT_THAT(logitsShape(*module), ElementsAre(3, 4, 4, 5));
  EXPECT_THAT(
      network(*module).getForward().getArgument(0).getType(),
      RankedTensorType::get({3, 188, 188, 2}, Float32Type::get(&context)));
  EXPECT_TRUE(all<seg::NetworkDropoutOp>(*module).empty());
  EXPECT_EQ(
      all<seg::CrossEntropyOp>(*module).at(0).getFocalGamma().convertToDouble(),
      2);
  EXPECT_THAT(results(*module), ElementsAre("loss", "dice"));
  DictionaryAttr optimizer = network(*module).getOptimizer();
  EXPECT_EQ(real(optimizer, "momentum"), 0.99);
  EXPECT_TRUE(optimizer.getAs<BoolAttr>("nesterov").getValue());
}

//===----------------------------------------------------------------------===//
// V-Net
//===----------------------------------------------------------------------===//

TEST_F(Networks, VNetNamesItsParametersInOrderOfUse) {
  std::vector<std::string> expected;
  auto conv = [&](const std::string &name) {
    expected.push_back(name + ".weight");
    expected.push_back(name + ".bias");
  };
  auto norm = [&](const std::string &name) {
    expected.push_back(name + ".gamma");
    expected.push_back(name + ".beta");
  };
  conv("input.conv");
  norm("input.norm");
  for (std::string block :
       {"down1", "down2", "down3", "up1", "up2", "output"}) {
    std::string change = block[0] == 'd' ? ".down" : ".up";
    conv(block + change);
    norm(block + change + "_norm");
    for (std::string i : {"1", "2", "3"})
      if (block != "output") {
        conv(block + ".conv" + i);
        norm(block + ".norm" + i);
      }
  }
  conv("output.conv");
  EXPECT_THAT(names(*build("vnet")), ElementsAreArray(expected));
}

TEST_F(Networks, VNetHasItsRecipe) {
  auto module = build("vnet");
  EXPECT_THAT(logitsShape(*module), ElementsAre(2, 32, 32, 32, 3));
  EXPECT_THAT(results(*module), ElementsAre("loss", "dice"));
  auto dice = all<seg::DiceOp>(*module).at(0);
  EXPECT_TRUE(dice.getSumClasses());
  EXPECT_FALSE(dice.getSquared() || dice.getBatchReduce() ||
               dice.getExcludeBackground());
  for (seg::ParamOp param : params(*module))
    EXPECT_EQ(param.getDecay(), param.getName().ends_with(".weight"))
        << param.getName().str();
  // The one-channel image is broadcast over the first level's channels.
  auto add = all<seg::AddOp>(*module).front();
  EXPECT_EQ(add.getRhs(), network(*module).getForward().getArgument(0));
  for (seg::BatchNormOp norm : all<seg::BatchNormOp>(*module)) {
    EXPECT_EQ(norm.getEpsilon().convertToDouble(), 1e-3);
    EXPECT_EQ(norm.getMomentum().convertToDouble(), 0.99);
  }
  DictionaryAttr optimizer = network(*module).getOptimizer();
  EXPECT_EQ(optimizer.getAs<StringAttr>("kind"), "rmsprop");
  EXPECT_EQ(real(optimizer, "decay"), 0.9);
  EXPECT_EQ(real(optimizer, "epsilon"), 1e-10);
  EXPECT_EQ(real(optimizer, "weight_decay"), 0);
}

TEST_F(Networks, VNetTakesItsOptions) {
  auto module = build("vnet", {"--input-shape", "16,32,48",
                               "--convolution-size", "5", "--downscale-blocks",
                               "1", "2", "3", "4", "--upscale-blocks", "3", "2",
                               "1", "--width", "8", "--classes", "2"});
  EXPECT_THAT(logitsShape(*module), ElementsAre(2, 16, 32, 48, 2));
  EXPECT_EQ(params(*module).front().getOutput().getType().getDimSize(0), 5);
  EXPECT_EQ(all<seg::ConcatOp>(*module).size(), 3u);
  EXPECT_EQ(all<seg::ConvOp>(*module).size(),
            1u + (4 + 1 + 2 + 3 + 4) + (3 + 2 + 1) + 1);
}

// The first addition repeats an image of several channels.
TEST_F(Networks, VNetTakesSeveralChannels) {
  auto module = build("vnet", {"--channels", "4"});
  Value image = network(*module).getForward().getArgument(0);
  EXPECT_EQ(cast<RankedTensorType>(image.getType()).getShape().back(), 4);
  auto repeat = all<seg::ConcatOp>(*module).front();
  EXPECT_EQ(repeat->getNumOperands(), 4u);
  EXPECT_TRUE(llvm::all_of(repeat->getOperands(),
                           [&](Value copy) { return copy == image; }));
  EXPECT_EQ(all<seg::AddOp>(*module).front().getRhs(), repeat->getResult(0));

  module = build("vnet", {"--channels", "8", "--width", "8"});
  image = network(*module).getForward().getArgument(0);
  EXPECT_EQ(all<seg::AddOp>(*module).front().getRhs(), image);
}

//===----------------------------------------------------------------------===//
// nnU-Net
//===----------------------------------------------------------------------===//

TEST_F(Networks, NNUNetNamesItsParametersInOrderOfUse) {
  std::vector<std::string> expected;
  auto block = [&](const std::string &name) {
    addNormalizedBlock(name, expected);
  };
  for (std::string level : {"0", "1", "2", "3"})
    block("encoder" + level);
  for (std::string level : {"2", "1", "0"}) {
    expected.push_back("decoder" + level + ".up.weight");
    expected.push_back("decoder" + level + ".up.bias");
    block("decoder" + level);
  }
  for (std::string head : {"head", "head1", "head2"}) {
    expected.push_back(head + ".weight");
    expected.push_back(head + ".bias");
  }
  EXPECT_THAT(names(*build("nnunet", {"--task", "4", "--deep-supervision"})),
              ElementsAreArray(expected));
}

TEST_F(Networks, NNUNetHasItsRecipe) {
  auto module = build("nnunet", {"--task", "04"});
  EXPECT_EQ(network(*module).getSymName(), "nnunet_04_3d");
  EXPECT_THAT(results(*module),
              ElementsAre("loss", "dice_loss", "ce_loss", "dice"));
  auto dice = all<seg::DiceOp>(*module).at(0);
  EXPECT_TRUE(dice.getBatchReduce() && dice.getExcludeBackground());
  EXPECT_FALSE(dice.getSquared() || dice.getSumClasses());
  for (seg::ParamOp param : params(*module)) {
    StringRef name = param.getName();
    EXPECT_EQ(param.getDecay(), !name.contains("norm")) << name.str();
    if (!name.ends_with(".weight"))
      continue;
    bool transposed = name.contains(".up.");
    EXPECT_EQ(param.getInit(), transposed ? seg::InitKind::glorot_uniform
                                          : seg::InitKind::he_normal)
        << name.str();
    EXPECT_EQ(param.getValue().convertToDouble(), transposed ? 0 : 0.01)
        << name.str();
  }
  // A convolution with 3 taps and stride 2 of an even size is padded only at
  // the end.
  auto strided = llvm::find_if(all<seg::ConvOp>(*module), [](seg::ConvOp op) {
    return op.getStrides()[0] == 2;
  });
  EXPECT_THAT(strided->getPadLow(), ElementsAre(0, 0, 0));
  EXPECT_THAT(strided->getPadHigh(), ElementsAre(1, 1, 1));
}

TEST_F(Networks, NNUNetDecoderUsesTheDeeperKernel) {
  auto module = build("nnunet", {"--task", "05"});
  for (seg::ParamOp param : params(*module)) {
    if (param.getName() == "encoder1.conv1.weight" ||
        param.getName() == "decoder0.conv1.weight")
      EXPECT_EQ(param.getOutput().getType().getDimSize(0), 1)
          << param.getName().str();
    if (param.getName() == "encoder2.conv1.weight" ||
        param.getName() == "decoder1.conv2.weight")
      EXPECT_EQ(param.getOutput().getType().getDimSize(0), 3)
          << param.getName().str();
    if (param.getName() == "decoder0.up.weight")
      EXPECT_EQ(param.getOutput().getType().getShape().take_front(3),
                ArrayRef<int64_t>({1, 2, 2}));
  }
}

TEST_F(Networks, DeepSupervisionWeighsHeadsAsPublished) {
  auto module = build("nnunet", {"--task", "04", "--deep-supervision"});
  std::vector<double> factors;
  for (seg::ScaleOp scale : all<seg::ScaleOp>(*module))
    factors.push_back(scale.getFactor().convertToDouble());
  // Losses of 1 at each head give 14/15.
  ASSERT_THAT(factors, ElementsAre(0.5, 0.25, 8.0 / 15));
  EXPECT_DOUBLE_EQ((1 + factors[0] + factors[1]) * factors[2], 14.0 / 15);
  for (seg::ResizeOp resize : all<seg::ResizeOp>(*module)) {
    EXPECT_EQ(resize.getMode(), seg::ResizeMode::nearest);
    EXPECT_THAT(resize.getOutput().getType().getShape(),
                ElementsAre(2, 40, 56, 40, 3));
  }
}

// As many lower levels have a loss as are asked for. The factor in front of the
// sum follows: published, 1 / (2 - 2^-n) of n losses, or such that the weights
// sum to 1.
TEST_F(Networks, DeepSupervisionOfAnyNumberOfLevels) {
  auto build01 = [&](int64_t levels, const char *weights) {
    return build("nnunet", {"--task", "01", "--deep-supervision",
                            "--deep_supr_num", std::to_string(levels),
                            "--deep-supervision-weights", weights});
  };
  for (int64_t levels : {1, 3, 4}) {
    double weight = 1, sum = 1;
    std::vector<double> expected;
    for (int64_t i = 0; i < levels; ++i) {
      weight /= 2;
      sum += weight;
      expected.push_back(weight);
    }
    for (bool normalized : {false, true}) {
      auto module = build01(levels, normalized ? "normalized" : "published");
      ASSERT_TRUE(module);
      Operation *output = network(*module).getForward().front().getTerminator();
      EXPECT_EQ(output->getNumOperands(), static_cast<unsigned>(levels) + 1);
      std::vector<double> factors;
      for (seg::ScaleOp scale : all<seg::ScaleOp>(*module))
        factors.push_back(scale.getFactor().convertToDouble());
      ASSERT_EQ(factors.size(), expected.size() + 1);
      EXPECT_DOUBLE_EQ(factors.back(), 1 / (normalized ? sum : 2 - weight / 2));
      factors.pop_back();
      EXPECT_EQ(factors, expected);
    }
  }
}

TEST_F(Networks, NNUNetTakesItsOptions) {
  auto group =
      build("nnunet", {"--patch", "32,48", "--spacing", "1", "1", "--norm",
                       "group", "--channels", "2", "--classes", "4",
                       "--negative-slope", "0.2", "--lookahead"});
  EXPECT_EQ(network(*group).getSymName(), "nnunet_2d");
  EXPECT_THAT(logitsShape(*group), ElementsAre(2, 32, 48, 4));
  EXPECT_EQ(all<seg::NormOp>(*group).front().getGroups(), 32u);
  EXPECT_EQ(all<seg::LeakyReluOp>(*group).front().getSlope().convertToDouble(),
            0.2);
  EXPECT_EQ(network(*group)
                .getOptimizer()
                .getAs<IntegerAttr>("lookahead_sync")
                .getInt(),
            6);
  EXPECT_EQ(real(network(*group).getOptimizer(), "lookahead_alpha"), 0.5);

  auto batch = build("nnunet", {"--task", "04", "--norm", "batch"});
  EXPECT_EQ(all<seg::BatchNormOp>(*batch).size(), 14u);
  EXPECT_EQ(all<seg::StateOp>(*batch).size(), 28u);
  EXPECT_EQ(all<seg::StateOp>(*batch).front().getName(),
            "encoder0.norm1.running_mean");

  auto none = build("nnunet", {"--task", "04", "--norm", "none"});
  EXPECT_TRUE(all<seg::NormOp>(*none).empty() &&
              all<seg::BatchNormOp>(*none).empty());
}

//===----------------------------------------------------------------------===//
// The 3-D U-Net of MLPerf
//===----------------------------------------------------------------------===//

TEST_F(Networks, UNet3DNamesItsParametersInOrderOfUse) {
  std::vector<std::string> expected;
  auto block = [&](const std::string &name) {
    addNormalizedBlock(name, expected);
  };
  for (std::string name :
       {"input", "down0", "down1", "down2", "down3", "bottleneck"})
    block(name);
  for (std::string name : {"up0", "up1", "up2", "up3", "up4"}) {
    expected.push_back(name + ".up.weight");
    expected.push_back(name + ".up.bias");
    block(name);
  }
  expected.push_back("output.conv.weight");
  expected.push_back("output.conv.bias");
  EXPECT_THAT(names(*build("unet3d")), ElementsAreArray(expected));
}

TEST_F(Networks, UNet3DHasItsRecipe) {
  auto module = build("unet3d");
  EXPECT_THAT(logitsShape(*module), ElementsAre(2, 128, 128, 128, 3));
  EXPECT_THAT(results(*module),
              ElementsAre("loss", "dice_loss", "ce_loss", "dice"));
  auto dice = all<seg::DiceOp>(*module).at(0);
  EXPECT_TRUE(dice.getExcludeBackground());
  EXPECT_FALSE(dice.getBatchReduce() || dice.getSquared() ||
               dice.getSumClasses());
  EXPECT_EQ(dice.getSmooth().convertToDouble(), 1e-6);
  // The total loss is half the sum of both.
  auto scale = all<seg::ScaleOp>(*module).at(0);
  EXPECT_EQ(scale.getFactor().convertToDouble(), 0.5);
  EXPECT_EQ(
      scale.getOutput(),
      network(*module).getObjective().front().getTerminator()->getOperand(0));
  for (seg::NormOp norm : all<seg::NormOp>(*module)) {
    EXPECT_EQ(norm.getKind(), seg::NormKind::instance);
    EXPECT_EQ(norm.getEpsilon().convertToDouble(), 1e-5);
  }
  EXPECT_EQ(all<seg::ReluOp>(*module).size(), 22u);
  // Five convolutions halve; padding is the same on both sides.
  size_t strided = 0;
  for (seg::ConvOp conv : all<seg::ConvOp>(*module)) {
    strided += conv.getStrides()[0] == 2;
    EXPECT_EQ(conv.getPadLow(), conv.getPadHigh());
    EXPECT_EQ(bool(conv.getBias()), conv.getPadLow()[0] == 0);
  }
  EXPECT_EQ(strided, 5u);
  for (seg::ConvTransposeOp up : all<seg::ConvTransposeOp>(*module))
    EXPECT_TRUE(up.getBias());
  for (seg::ParamOp param : params(*module)) {
    StringRef name = param.getName();
    EXPECT_EQ(param.getInit(), name.contains("norm") ? seg::InitKind::constant
                                                     : seg::InitKind::uniform);
    // 1 / sqrt(fan-in), which of a transposed convolution counts the outputs.
    if (name.starts_with("up0.up."))
      EXPECT_DOUBLE_EQ(param.getValue().convertToDouble(),
                       1 / std::sqrt(8.0 * 320));
    if (name == "down0.conv1.weight")
      EXPECT_DOUBLE_EQ(param.getValue().convertToDouble(),
                       1 / std::sqrt(27.0 * 32));
  }
  DictionaryAttr optimizer = network(*module).getOptimizer();
  EXPECT_EQ(optimizer.getAs<StringAttr>("kind"), "sgd");
  EXPECT_EQ(real(optimizer, "momentum"), 0.9);
  EXPECT_EQ(real(optimizer, "learning_rate"), 1);
  EXPECT_EQ(real(optimizer, "weight_decay"), 0);
  EXPECT_TRUE(optimizer.getAs<BoolAttr>("nesterov").getValue());
}

TEST_F(Networks, UNet3DTakesItsOptions) {
  auto module = build(
      "unet3d", {"--patch", "16,24,32", "--filters", "4,6,8", "--classes", "2",
                 "--channels", "4", "--batch-size", "1", "--norm", "batch",
                 "--negative-slope", "0.01", "--optimizer", "sgd"});
  EXPECT_THAT(logitsShape(*module), ElementsAre(1, 16, 24, 32, 2));
  EXPECT_EQ(all<seg::ConvTransposeOp>(*module).size(), 3u);
  EXPECT_EQ(all<seg::BatchNormOp>(*module).size(), 14u);
  EXPECT_EQ(all<seg::LeakyReluOp>(*module).size(), 14u);
  // The network's own optimizer keeps its constants.
  EXPECT_EQ(real(network(*module).getOptimizer(), "momentum"), 0.9);
  auto grouped = build("unet3d", {"--filters", "32,64", "--norm", "group"});
  EXPECT_EQ(all<seg::NormOp>(*grouped).size(), 10u);
  for (seg::NormOp norm : all<seg::NormOp>(*grouped))
    EXPECT_EQ(norm.getGroups(), 32u);
  auto adam = build("unet3d", {"--optimizer", "adam", "--loss", "ce"});
  EXPECT_EQ(
      network(*adam).getOptimizer().getAs<StringAttr>("kind").getValue().str(),
      "adam");
  EXPECT_TRUE(all<seg::ScaleOp>(*adam).empty());
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

TEST_F(Networks, PrintToWhatParsesToTheSame) {
  for (StringRef name : networkNames()) {
    auto module = build(name.str(), {});
    std::string text, again, generic, genericAgain;
    llvm::raw_string_ostream textStream(text), genericStream(generic),
        genericAgainStream(genericAgain);
    printNetwork(*module, textStream);
    auto parsed = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(parsed) << text;
    module->print(genericStream, OpPrintingFlags().printGenericOpForm());
    parsed->print(genericAgainStream, OpPrintingFlags().printGenericOpForm());
    EXPECT_EQ(generic, genericAgain);
  }
}

struct ModelFile {
  const char *file, *name;
  std::vector<std::string> args;
};

// models/README.md lists the same commands. With SEGC_UPDATE_MODELS set, the
// files are written instead.
TEST_F(Networks, FilesInModelsAreWhatTheGeneratorPrints) {
  const ModelFile files[] = {
      {"unet2d", "unet2d", {}},
      {"vnet", "vnet", {}},
      {"nnunet_04_3d", "nnunet", {"--task", "04"}},
      {"nnunet_04_2d", "nnunet", {"--task", "04", "--dim", "2"}},
      {"unet3d", "unet3d", {}}};
  for (const ModelFile &file : files) {
    std::string path = std::string(SEGC_SOURCE_DIR "/models/") + file.file +
                       ".mlir",
                text;
    llvm::raw_string_ostream stream(text);
    printNetwork(*build(file.name, file.args), stream);
    if (std::getenv("SEGC_UPDATE_MODELS")) {
      std::ofstream(path) << text;
      continue;
    }
    std::ifstream in(path);
    ASSERT_TRUE(in) << path;
    std::stringstream stored;
    stored << in.rdbuf();
    EXPECT_TRUE(stored.str() == text)
        << path << " is not what the generator prints; see models/README.md";
  }
}

// `segc model` offers exactly the optimizers that import supports.
TEST_F(Networks, EveryOptimizerIsAnOpAndEveryOpAnOptimizer) {
  context.loadDialect<seg::SegDialect>();
  std::vector<std::string> offered;
  for (const Optimizer &optimizer : optimizers()) {
    offered.push_back(optimizer.kind);
    EXPECT_TRUE(seg::findOptimizer(&context, optimizer.kind)) << optimizer.kind;
  }
  std::vector<std::string> known;
  for (StringRef kind : seg::optimizerKinds(&context))
    known.push_back(kind.str());
  EXPECT_THAT(offered, testing::UnorderedElementsAreArray(known));
  EXPECT_FALSE(seg::findOptimizer(&context, "none"));
}

} // namespace
