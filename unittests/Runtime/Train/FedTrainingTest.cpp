//===- FedTrainingTest.cpp - Steps that another entry feeds ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../FakeRun.h"
#include "FakeDevice.h"
#include "segc/Runtime/Train/Trainer.h"

#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

namespace {

/// The batches of another source as crops, whose first corner, scaled by 2,
/// they are.
class CropSource : public BatchSource {
public:
  explicit CropSource(BatchSource &images) : images(images) {
    for (int64_t i = 0; i < batch; ++i)
      intensities[i * 24 + 5] = 2; // the scale
  }
  StatusOr<TrainBatch> next() override {
    SEGC_ASSIGN_OR_RETURN(TrainBatch result, images.next());
    const auto *image = static_cast<const float *>(result.tensors[0].data);
    const auto *label = static_cast<const int32_t *>(result.tensors[1].data);
    for (int64_t i = 0; i < batch * 512; ++i) {
      const int64_t at =
          i / 512 * 1728 + i / 64 % 8 * 144 + i / 8 % 8 * 12 + i % 8;
      crop[at] = 0.5f * image[i];
      labels[at] = label[i] == 0 ? -1 : label[i];
    }
    result.tensors = {{"crop", crop.data()},
                      {"crop_labels", labels.data()},
                      {"maps", maps.data()},
                      {"intensities", intensities.data()},
                      {"noise_keys", keys.data()}};
    return result;
  }
  int64_t samples() const override { return images.samples(); }
  StatusOr<std::string> digest() const override { return images.digest(); }

private:
  static constexpr int64_t batch = 2;
  BatchSource &images;
  std::vector<float> crop = std::vector<float>(batch * 1728),
                     maps = std::vector<float>(batch * 24),
                     intensities = std::vector<float>(batch * 24);
  std::vector<int32_t> labels = std::vector<int32_t>(batch * 1728),
                       keys = std::vector<int32_t>(batch * 4);
};

struct FedTraining : testing::Test {
  ModelRunner makeOn(std::shared_ptr<Device> device, bool canaries,
                     const std::string &name = "FakeAugment") {
    auto model = ModelLibrary::load(fakeModel(name));
    EXPECT_TRUE(model.ok()) << model.status().message();
    auto runner =
        ModelRunner::create(*model, std::move(device), {true, canaries});
    EXPECT_TRUE(runner.ok()) << runner.status().message();
    return std::move(*runner);
  }
  /// The parameters after some steps, on images or on crops of them.
  std::vector<float> train(ModelRunner &runner, bool onCrops, float odd = 0,
                           const std::string &gradients = "") {
    EXPECT_TRUE(runner.initialize(3).ok());
    if (onCrops)
      for (const char *entry : {"train_step", "grad_step"})
        EXPECT_TRUE(runner.feed("augment", entry).ok());
    auto images =
        makeFixedSource(writeBatches(folder, odd), runner.manifest(), 0);
    CropSource crops(**images);
    TrainerConfig config;
    config.schedule.learningRate = 0.5;
    config.schedule.totalSteps = 7;
    config.dumpGradients = gradients;
    auto log = RunLog::open("", 0);
    TrainState state;
    state.batchSize = 2;
    Trainer trainer(runner, onCrops ? crops : **images, *log, config, state,
                    {});
    status = trainer.run();
    auto view = runner.read(runner.parameters());
    EXPECT_TRUE(view.ok());
    return {view->floats(), view->floats() + view->floatCount()};
  }

  ThreadPool pool{2};
  std::string folder = freshFolder("fed");
  std::shared_ptr<FakeDevice> fake = std::make_shared<FakeDevice>(pool);
  Status status;
};

} // namespace

// What the entry makes is trained on as if the host had made it: on the host,
// and on a device, where programs are replayed and patches stay.
TEST_F(FedTraining, EqualsTrainingOnImages) {
  ModelRunner plain = makeOn(makeHostDevice(pool), false);
  const std::vector<float> expected = train(plain, false);
  ASSERT_TRUE(status.ok()) << status.message();
  for (bool canaries : {false, true}) {
    ModelRunner host = makeOn(makeHostDevice(pool), canaries);
    EXPECT_EQ(train(host, true), expected);
    ModelRunner device = makeOn(fake, canaries);
    EXPECT_EQ(train(device, true), expected);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(device.output("augment", "image").data, nullptr);
    EXPECT_NE(host.output("augment", "image").data, nullptr);
    // The halves of a step are fed as well.
    ModelRunner halves = makeOn(fake, canaries);
    EXPECT_EQ(train(halves, true, 0, folder + "/gradients.safetensors"),
              expected);
  }
  EXPECT_GT(fake->replays, 0);
}

// Crops are copied to the device, patches in neither direction.
TEST_F(FedTraining, Copies) {
  ModelRunner runner = makeOn(fake, false);
  train(runner, true);
  fake->copies = 0;
  std::vector<float> crop(size_t{2} * 1728), maps(48), intensities(48);
  std::vector<int32_t> labels(crop.size()), keys(8);
  segc_scalars scalars = {};
  ASSERT_TRUE(runner
                  .call("augment",
                        {crop.data(), labels.data(), maps.data(),
                         intensities.data(), keys.data()},
                        2)
                  .ok());
  EXPECT_EQ(fake->copies, 7) << "five inputs, and the scalars both ways";
  fake->copies = 0;
  scalars.loss_scale = 1;
  ASSERT_TRUE(runner.call("train_step", {}, 2, scalars).ok());
  EXPECT_EQ(fake->copies, 5) << "loss, Dice, finite, and the scalars both ways";
  // There is nothing to give to a step that is fed.
  EXPECT_THAT(runner.call("train_step", {crop.data()}, 2, scalars).message(),
              HasSubstr("given 1 inputs"));
}

// A step that fails is watched again on the same patches.
TEST_F(FedTraining, NonFiniteKernels) {
  ModelRunner runner = makeOn(fake, false);
  train(runner, true, NAN);
  EXPECT_EQ(status.code(), StatusCode::NonFinite);
  EXPECT_THAT(status.message(), HasSubstr("objective_kernel"));
}

TEST_F(FedTraining, Refusals) {
  ModelRunner without = makeOn(fake, false, "FakeProgram");
  EXPECT_THAT(without.feed("augment", "train_step").message(),
              HasSubstr("compiled without the entry augment"));
  EXPECT_THAT(without.call("augment", {}, 2).message(),
              HasSubstr("compiled without the entry augment"));
  ModelRunner wrong = makeOn(fake, false, "FakeWrongAugment");
  EXPECT_THAT(wrong.feed("augment", "train_step").message(),
              HasSubstr("the input \"image\" of train_step is 2x8x8x8x1, "
                        "augment gives 3x8x8x8x1"));
  EXPECT_THAT(wrong.feed("apply_step", "train_step").message(),
              HasSubstr("apply_step gives none"));
  EXPECT_EQ(wrong.producerOf("train_step"), "");
}
