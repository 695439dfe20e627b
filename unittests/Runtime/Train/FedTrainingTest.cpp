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

// The inputs of the next call come while the device works on another entry,
// whose results they do not change.
TEST_F(FedTraining, UploadsMeanwhile) {
  std::vector<float> crop(size_t{2} * 1728), maps(48), intensities(48, 1);
  std::vector<int32_t> labels(crop.size(), 1), keys(8);
  const std::vector<void *> inputs = {crop.data(), labels.data(), maps.data(),
                                      intensities.data(), keys.data()};
  std::vector<float> losses[2];
  for (int onDevice : {0, 1}) {
    ModelRunner runner = makeOn(
        onDevice ? std::shared_ptr<Device>(fake) : makeHostDevice(pool), false);
    ASSERT_TRUE(runner.initialize(3).ok());
    EXPECT_THAT(runner.upload("augment", inputs, 2).message(),
                HasSubstr("an upload of 5 inputs of 2 samples"));
    ASSERT_TRUE(runner.feed("augment", "train_step").ok());
    EXPECT_THAT(runner.upload("augment", {crop.data()}, 2).message(),
                HasSubstr("an upload of 1 inputs"));
    std::fill(crop.begin(), crop.end(), 0.5f);
    ASSERT_TRUE(runner.upload("augment", inputs, 2).ok());
    int calls = 0;
    for (float value : {0.75f, 0.25f, 1.0f}) {
      segc_scalars scalars = {};
      scalars.loss_scale = 1;
      ASSERT_TRUE(runner.call("augment", {}, 2).ok());
      auto fill = [&] {
        std::fill(crop.begin(), crop.end(), value);
        EXPECT_TRUE(runner.upload("augment", inputs, 2).ok());
      };
      ASSERT_TRUE(runner
                      .call("train_step", {}, 2, scalars,
                            [&] {
                              ++calls;
                              fill();
                            })
                      .ok());
      if (!onDevice)
        fill();
      losses[onDevice].push_back(
          runner.output("train_step", "loss").floats()[0]);
    }
    EXPECT_EQ(calls, onDevice ? 3 : 0);
  }
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_NE(losses[0][0], losses[0][1]);
}

namespace {
/// A source whose disk is removed.
struct EndingSource : CropSource {
  EndingSource(BatchSource &images, int left)
      : CropSource(images), left(left) {}
  StatusOr<TrainBatch> next() override {
    return left-- > 0 ? CropSource::next()
                      : ioError("scan.nii.gz: cannot read");
  }
  int left;
};
} // namespace

// What is wrong with a batch that was to be copied ahead ends the step that
// needs it, and no batch behind the last step is asked for.
TEST_F(FedTraining, FailuresOfTheData) {
  for (int left : {4, 7}) {
    ModelRunner runner = makeOn(fake, false);
    ASSERT_TRUE(runner.initialize(3).ok());
    ASSERT_TRUE(runner.feed("augment", "train_step").ok());
    auto images = makeFixedSource(writeBatches(folder), runner.manifest(), 0);
    EndingSource crops(**images, left);
    TrainerConfig config;
    config.schedule.totalSteps = 7;
    config.checkpoints = folder;
    auto log = RunLog::open("", 0);
    TrainState state;
    state.network = "fake";
    state.batchSize = 2;
    Trainer trainer(runner, crops, *log, config, state, {});
    const Status ended = trainer.run();
    EXPECT_EQ(trainer.state().step, left);
    EXPECT_EQ(trainer.state().position, 2 * left);
    if (left < 7)
      EXPECT_EQ(ended.message(), "scan.nii.gz: cannot read; step 4 is saved: "
                                 "go on with --resume");
    else
      EXPECT_TRUE(ended.ok()) << ended.message();
  }
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
