//===- MetamorphicTest.cpp - Invariants of training -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A small network is compiled with and without a transform and trained on the
// same batches. The memory plan and the number of threads must not change any
// bit of losses and weights. Fusion may change the rounding.

#include "mlir/IR/MLIRContext.h"
#include "segc/Base/Files.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Networks/Networks.h"
#include "segc/Runtime/Device/HostDevice.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "llvm/Support/FileSystem.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <regex>

using namespace segc;

namespace {

struct NetworkCase {
  const char *name;
  std::vector<std::string> arguments;
  /// Losses of the training below. Recorded from a compiler whose trainings
  /// agreed with PyTorch (docs/Results.md, "Losses against PyTorch"). They are
  /// valid for every CPU within 1e-4, because orders of summation differ.
  std::vector<float> recorded;
};

void PrintTo(const NetworkCase &network, std::ostream *out) {
  *out << network.name;
}

struct Training {
  std::vector<float> losses, initial, parameters, states;
};

struct TrainingOptions {
  unsigned threads = 2;
  int steps = 4;
  float lossScale = 1;
  int resumeAt = -1; ///< Step from which another runner continues.
};

bool sameBits(const std::vector<float> &a, const std::vector<float> &b) {
  return a.size() == b.size() &&
         !std::memcmp(a.data(), b.data(), a.size() * sizeof(float));
}

} // namespace

/// Returns what an inference model predicts for images and random weights: at
/// first, and after everything was destroyed that predict does not read once
/// filters are laid out. `share` places the output in the arena.
static std::vector<float>
predictTwice(const std::shared_ptr<const ModelLibrary> &model, bool share,
             bool destroy) {
  ThreadPool pool(2);
  auto runner = ModelRunner::create(model, makeHostDevice(pool), {});
  EXPECT_TRUE(runner.ok()) << runner.status().message();
  EXPECT_TRUE(runner->initialize(3).ok());
  if (share)
    runner->shareOutputs("predict");
  const TensorSignature &input =
      model->manifest().entry("predict")->inputs.front();
  auto image = AlignedBuffer::create(input.bytes(), "image");
  EXPECT_TRUE(image.ok());
  for (int64_t i = 0; i < input.elements(); ++i)
    image->floats()[i] = static_cast<float>(i * 7919 % 1009) / 1009;
  std::vector<float> all;
  for (int i = 0; i < 2; ++i) {
    Status status = runner->call("predict", {image->data()}, 2);
    EXPECT_TRUE(status.ok()) << status.message();
    OutputView output = runner->output("predict", "probabilities");
    all.insert(all.end(), output.floats(),
               output.floats() + output.signature->elements());
    if (!destroy)
      continue;
    float *values = runner->parameters().hostFloats();
    uint64_t next = 0;
    auto fill = [&](uint64_t end) {
      if (next < end)
        std::fill(values + next / 4, values + end / 4, std::nanf(""));
    };
    for (const ByteRange &range : parametersRead(
             *model->program("predict"), *model->program("prepare"), 2)) {
      fill(range.begin);
      next = range.end;
    }
    // What lies in front of the last bias is destroyed: filters are most of it.
    EXPECT_TRUE(std::isnan(values[0]));
    fill(runner->parameters().size());
  }
  return all;
}

namespace {

class Metamorphic : public testing::TestWithParam<NetworkCase> {
protected:
  void SetUp() override {
    ASSERT_FALSE(
        llvm::sys::fs::createUniqueDirectory("segc-metamorphic", directory));
    writeNetwork({});
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }

  std::string path(const std::string &name) {
    return (directory + "/" + name).str();
  }

  /// Writes the network that `build` compiles.
  void writeNetwork(const std::vector<std::string> &more) {
    CompilerContext context;
    std::string message;
    std::vector<std::string> arguments = GetParam().arguments;
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto module = buildNetwork(&context, GetParam().name, arguments, message);
    ASSERT_TRUE(succeeded(module)) << message;
    std::error_code error;
    llvm::raw_fd_ostream file(path("network.mlir"), error);
    ASSERT_FALSE(error);
    printNetwork(**module, file);
  }

  /// Compiles the network with the options; null after a failure.
  std::shared_ptr<const ModelLibrary> build(CompileOptions options) {
    if (options.input.empty())
      options.input = path("network.mlir");
    options.output = path("model" + std::to_string(models++) + ".so");
    options.pipeline.batch = 2;
    options.pipeline.threads = 2; // The number must not depend on the machine.
    if (options.cpus.empty())
      options.cpus = {"native"};
    if (llvm::Error error = compile(options)) {
      ADD_FAILURE() << llvm::toString(std::move(error));
      return nullptr;
    }
    auto model = ModelLibrary::load(options.output);
    if (!model.ok()) {
      ADD_FAILURE() << model.status().message();
      return nullptr;
    }
    return *model;
  }

  /// Writes the plan with all offsets in the arena changed.
  std::string writeMovedPlan() {
    CompileOptions options;
    options.input = path("network.mlir");
    options.output = path("plan.mlir");
    options.emit = "plan";
    options.pipeline.batch = 2;
    options.pipeline.threads = 2;
    options.cpus = {"native"};
    if (llvm::Error error = compile(options))
      ADD_FAILURE() << llvm::toString(std::move(error));
    StatusOr<std::string> text = readFile(options.output);
    EXPECT_TRUE(text.ok());
    static const std::regex places(
        "(offsets = array<i64: |temp_offset = |seg.arena_bytes = )([-0-9, ]+)");
    std::string moved;
    size_t done = 0;
    for (std::sregex_iterator it(text->begin(), text->end(), places), end;
         it != end; ++it) {
      moved += text->substr(done, it->position() - done) + it->str(1);
      llvm::SmallVector<llvm::StringRef> numbers;
      std::string list = it->str(2);
      llvm::StringRef(list).split(numbers, ',');
      for (auto [i, number] : llvm::enumerate(numbers)) {
        int64_t offset = 0;
        EXPECT_FALSE(number.trim().getAsInteger(10, offset));
        moved += (i ? ", " : "") +
                 std::to_string(offset < 0 ? offset : offset + 4096);
      }
      moved += list.back() == ' ' ? " " : "";
      done = it->position() + it->length();
    }
    EXPECT_GT(done, 0u);
    moved += text->substr(done);
    EXPECT_TRUE(writeFileAtomically(path("moved.mlir"), moved).ok());
    return path("moved.mlir");
  }

  Training train(const std::shared_ptr<const ModelLibrary> &model,
                 TrainingOptions options = {}) {
    Training result;
    if (model)
      run(model, options, result);
    return result;
  }

private:
  /// Copies the contents of a checkpoint from one runner to the other.
  static void resume(const ModelRunner &from, const ModelRunner &to) {
    auto copy = [](const DeviceBuffer &source, const DeviceBuffer &target) {
      std::memcpy(target.hostData(), source.hostData(), source.size());
    };
    copy(from.parameters(), to.parameters());
    copy(from.states(), to.states());
    copy(from.optimizer(), to.optimizer());
  }

  void run(const std::shared_ptr<const ModelLibrary> &model,
           const TrainingOptions &options, Training &result) {
    ThreadPool pool(options.threads);
    auto runner = ModelRunner::create(model, makeHostDevice(pool),
                                      {/*training=*/true, /*canaries=*/true});
    ASSERT_TRUE(runner.ok()) << runner.status().message();
    ASSERT_TRUE(runner->initialize(3).ok());
    auto copy = [](const DeviceBuffer &buffer, int64_t bytes) {
      return std::vector<float>(buffer.hostFloats(),
                                buffer.hostFloats() + bytes / 4);
    };
    int64_t parameterBytes = model->manifest().parameterBytes;
    result.initial = copy(runner->parameters(), parameterBytes);
    const EntrySignature &entry = *model->manifest().entry("train_step");
    std::vector<AlignedBuffer> buffers;
    std::vector<void *> inputs;
    for (const TensorSignature &input : entry.inputs) {
      auto buffer = AlignedBuffer::create(input.bytes(), "input");
      ASSERT_TRUE(buffer.ok());
      buffers.push_back(std::move(*buffer));
      inputs.push_back(buffers.back().data());
    }
    std::mt19937 generator(11);
    for (int step = 0; step < options.steps; ++step) {
      if (step == options.resumeAt) {
        auto other = ModelRunner::create(model, makeHostDevice(pool),
                                         {/*training=*/true});
        ASSERT_TRUE(other.ok()) << other.status().message();
        resume(*runner, *other);
        runner = std::move(other);
      }
      for (auto [buffer, input] : llvm::zip_equal(buffers, entry.inputs))
        for (int64_t i = 0; i < input.elements(); ++i) {
          double uniform = generator() * 0x1p-32;
          if (input.type == ElementType::F32)
            buffer.floats()[i] = static_cast<float>(uniform);
          else
            reinterpret_cast<int32_t *>(buffer.data())[i] =
                static_cast<int32_t>(uniform * model->manifest().classes);
        }
      segc_scalars scalars = {};
      scalars.learning_rate = 1e-3f;
      scalars.momentum = 0.9f;
      scalars.loss_scale = options.lossScale;
      scalars.step = step + 1;
      scalars.seed = 5;
      scalars.sample_offset = 2 * step;
      Status status = runner->call("train_step", inputs, 2, scalars);
      ASSERT_TRUE(status.ok()) << status.message();
      result.losses.push_back(runner->output("train_step", "loss").floats()[0]);
    }
    result.parameters = copy(runner->parameters(), parameterBytes);
    result.states = copy(runner->states(), model->manifest().stateBytes);
  }

  llvm::SmallString<128> directory;
  int models = 0;
};

int64_t trainingArena(const ModelLibrary &model) {
  return model.manifest().versions.front().arenaBytes.at("train_step");
}

void expectSame(const Training &a, const Training &b) {
  EXPECT_FALSE(a.losses.empty());
  EXPECT_TRUE(sameBits(a.losses, b.losses));
  EXPECT_TRUE(sameBits(a.parameters, b.parameters));
  EXPECT_TRUE(sameBits(a.states, b.states));
}

void expectNear(const Training &a, const Training &b, float tolerance) {
  ASSERT_EQ(a.losses.size(), b.losses.size());
  EXPECT_FALSE(a.losses.empty());
  for (auto [x, y] : llvm::zip_equal(a.losses, b.losses))
    EXPECT_NEAR(x, y, tolerance * std::abs(x));
}

/// Returns the norm of the difference between two trainings of the same
/// parameters, relative to the norm of the change.
double changeDifference(const Training &a, const Training &b) {
  double change = 0, difference = 0;
  for (auto [initial, x, y] :
       llvm::zip_equal(a.initial, a.parameters, b.parameters)) {
    change += (double(x) - initial) * (double(x) - initial);
    difference += (double(x) - y) * (double(x) - y);
  }
  return std::sqrt(difference / change);
}

TEST_P(Metamorphic, TrainingsAgree) {
  auto model = build({});
  Training planned = train(model);
  ASSERT_EQ(planned.losses.size(), 4u);
  for (float loss : planned.losses)
    ASSERT_TRUE(std::isfinite(loss));
  EXPECT_NE(planned.losses.front(), planned.losses.back());
  for (auto [loss, recorded] :
       llvm::zip_equal(planned.losses, GetParam().recorded))
    EXPECT_NEAR(loss, recorded, 1e-4f * recorded);
  {
    SCOPED_TRACE("one thread, three threads");
    expectSame(planned, train(model, {1}));
    expectSame(planned, train(model, {3}));
  }
  CompileOptions options;
  {
    SCOPED_TRACE("not in place");
    options.pipeline.inPlace = false;
    expectSame(planned, train(build(options)));
  }
  {
    SCOPED_TRACE("memory of its own for every value");
    options.pipeline.reuse = false;
    expectSame(planned, train(build(options)));
  }
  {
    SCOPED_TRACE("kernels in the order of the program");
    CompileOptions plain;
    plain.pipeline.recompute = 0;
    plain.pipeline.schedule = false;
    expectSame(planned, train(build(plain)));
  }
  {
    SCOPED_TRACE("a plan with other offsets, by hand");
    CompileOptions edited;
    edited.input = writeMovedPlan();
    edited.from = "plan";
    auto moved = build(edited);
    ASSERT_TRUE(moved);
    EXPECT_EQ(trainingArena(*moved), trainingArena(*model) + 4096);
    expectSame(planned, train(moved));
  }
  {
    SCOPED_TRACE("less memory than with each kernel once");
    // Prologues are disabled, because they leave small networks little to
    // recompute.
    CompileOptions fitted;
    fitted.pipeline.prologues = false;
    fitted.pipeline.recompute = 0;
    auto once = build(fitted);
    ASSERT_TRUE(once);
    fitted.pipeline.fitMemory = trainingArena(*once) / 5 * 4;
    auto small = build(fitted);
    ASSERT_TRUE(small);
    EXPECT_LE(trainingArena(*small), fitted.pipeline.fitMemory);
    EXPECT_GT(small->manifest().entry("train_step")->kernels,
              once->manifest().entry("train_step")->kernels);
    expectSame(train(once), train(small));
  }
}

// Other strategies and versions round differently: separate kernels round
// values that fused kernels keep in registers, and sums have other orders. The
// optimizer is SGD, because one that divides by the size of the gradient would
// amplify the rounding of a small gradient, or of a ReLU's input near 0, to a
// full step.
TEST_P(Metamorphic, TransformsChangeOnlyRounding) {
  writeNetwork({"--optimizer", "sgd"});
  Training planned = train(build({}));
  CompileOptions written, apart, single, direct, narrow;
  written.pipeline.prologues = false;
  apart.pipeline.reductions = false;
  single.pipeline.fusion = false;
  direct.pipeline.winograd = "off";
  narrow.cpus = {"x86-64-v3"};
  for (auto [what, options] :
       {std::pair("everything written that convolutions read", written),
        std::pair("statistics by passes of their own", apart),
        std::pair("one op a kernel", single),
        std::pair("no Winograd tiles", direct), std::pair("AVX2", narrow)}) {
    SCOPED_TRACE(what);
    Training other = train(build(options));
    expectNear(planned, other, 1e-6f);
    // A single ReLU whose input changes its sign changes the gradients by 2e-3.
    EXPECT_LT(changeDifference(planned, other), 1e-2);
  }
}

TEST_P(Metamorphic, PredictionsWithLessMemoryAgree) {
  for (const char *precision : {"f32", "f16"}) {
    SCOPED_TRACE(precision);
    CompileOptions options;
    options.pipeline.precision = precision;
    auto model = build(options);
    ASSERT_TRUE(model);
    ASSERT_TRUE(model->program("prepare"));
    const std::vector<float> expected = predictTwice(model, false, false);
    EXPECT_TRUE(std::isfinite(expected.front()));
    EXPECT_TRUE(sameBits(predictTwice(model, true, false), expected));
    EXPECT_TRUE(sameBits(predictTwice(model, true, true), expected));
  }
}

/// 16-bit values and products change losses within their rounding and save
/// memory. Results remain independent of the number of threads and of resuming.
/// Products may be bf16 for any type of values.
TEST_P(Metamorphic, SixteenBitsFollowF32) {
  constexpr int steps = 10;
  auto wide = build({});
  ASSERT_TRUE(wide);
  Training expected = train(wide, {2, steps});
  auto arenaOf = [](const ModelLibrary &model, const char *entry) {
    return static_cast<double>(model.version().arenaBytes.at(entry));
  };
  for (auto [precision, type, lossScale, tolerance] :
       {std::tuple("f16", "f32", 1024.0f, 2e-3f),
        std::tuple("f16", "f16", 1024.0f, 1e-2f),
        std::tuple("bf16", "f32", 1.0f, 1e-2f),
        std::tuple("bf16", "bf16", 1.0f, 1e-2f),
        std::tuple("bf16", "fixed", 1.0f, 1e-2f)}) {
    SCOPED_TRACE(std::string(precision) + ", products of " + type);
    CompileOptions options;
    options.pipeline.precision = precision;
    options.pipeline.multiplyType = type;
    auto narrow = build(options);
    ASSERT_TRUE(narrow);
    EXPECT_EQ(narrow->manifest().precision, precision);
    // The memory of training a small network consists mostly of f32
    // temporaries.
    EXPECT_LE(arenaOf(*narrow, "predict"), 0.6 * arenaOf(*wide, "predict"));
    EXPECT_LT(arenaOf(*narrow, "train_step"),
              0.95 * arenaOf(*wide, "train_step"));
    Training actual = train(narrow, {2, steps, lossScale});
    expectNear(expected, actual, tolerance);
    EXPECT_FALSE(sameBits(expected.losses, actual.losses));
    expectSame(actual, train(narrow, {1, steps, lossScale}));
    expectSame(actual, train(narrow, {3, steps, lossScale, 4}));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Networks, Metamorphic,
    testing::Values(
        NetworkCase{
            "vnet",
            {"--input-shape", "8", "8", "8", "--width", "4", "--classes", "3"},
            {2.0008066f, 2.0086267f, 1.9995178f, 2.0035858f}},
        NetworkCase{"unet2d",
                    {"--size", "188", "--width", "2"},
                    {1.0779268f, 1.0243102f, 1.0540258f, 1.0553925f}},
        NetworkCase{"nnunet",
                    {"--patch", "16", "16", "16", "--spacing", "1", "1", "1"},
                    {1.3021601f, 1.2738087f, 1.2649672f, 1.2738812f}},
        NetworkCase{"unet3d",
                    {"--patch", "16", "16", "16", "--filters", "4,8"},
                    {0.8980247f, 0.8988009f, 0.8953300f, 0.8989836f}}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
