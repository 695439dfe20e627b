//===- ProgramInterpreterTest.cpp - Programs without kernels --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompiledPrograms.h"

#include "mlir/Parser/Parser.h"
#include "segc/model_tables.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <numeric>

using namespace mlir;
using namespace segc;
using namespace segc::reference;
using segc::test::Programs;

/// A value as it travels.
static float rounded(float value, StringRef type) {
  return type == "bf16" ? static_cast<float>(roundTo(ElementKind::BF16, value))
                        : value;
}

/// Fills the arguments of a training step: samples of each rank's own, and
/// parameters, states and scalars that are alike on all. A square, of a state,
/// is larger than that of a mean.
static void fillArguments(exec::ProgramOp step,
                          MutableArrayRef<ProgramMemory> ranks) {
  for (BlockArgument argument : step.getBody().getArguments()) {
    const exec::BufferAttr buffer = exec::bufferOf(argument);
    const bool isState = buffer.getRegion() == exec::Region::Optimizer,
               isSample = buffer.getRegion() == exec::Region::Inputs,
               isNumber = buffer.getType().getElementType().isF32();
    const Distribution distribution = isState    ? Distribution{0.5, 0.7}
                                      : isNumber ? Distribution{}
                                                 : Distribution{0, 3};
    for (auto [rank, memory] : llvm::enumerate(ranks)) {
      HostTensor tensor = randomTensor(buffer.getType(),
                                       uint64_t{100} * argument.getArgNumber() +
                                           (isSample ? rank : 0),
                                       distribution);
      if (buffer.getRegion() == exec::Region::Scalars && isNumber)
        tensor[0] = 1;
      tensor.roundToKind();
      memory.write(buffer, tensor);
    }
  }
}

namespace {

/// Suppresses expected errors.
class Quiet {
public:
  explicit Quiet(MLIRContext &context)
      : handler(&context, [this](Diagnostic &diagnostic) {
          text += diagnostic.str() + "\n";
        }) {}
  std::string text;

private:
  ScopedDiagnosticHandler handler;
};

// For every plan, programs compute the same bits as the ops.
TEST(ProgramInterpreter, PlansDoNotChangeResults) {
  std::vector<std::pair<const char *, PipelineOptions>> plans(7);
  plans[0].first = "default";
  plans[1].first = "values apart";
  plans[1].second.inPlace = false;
  plans[2].first = "no reuse";
  plans[2].second.reuse = false;
  plans[3].first = "order of the network";
  plans[3].second.schedule = false;
  plans[4].first = "one op a kernel";
  plans[4].second.fusion = false;
  plans[5].first = "16 bits";
  plans[5].second.precision = "bf16";
  plans[6].first = "computed again";
  plans[6].second.prologues = false;
  plans[6].second.recompute = 20;
  for (auto &[name, options] : plans) {
    SCOPED_TRACE(name);
    Programs programs(options);
    EXPECT_TRUE(succeeded(verifyPrograms(*programs.module)));
    EXPECT_EQ(programs.check(), "");
  }
}

// The plan with recomputation really recomputes ops.
TEST(ProgramInterpreter, RecomputationIsExercised) {
  PipelineOptions options;
  options.prologues = false;
  options.recompute = 0;
  Programs once(options);
  options.recompute = 20;
  Programs again(options);
  EXPECT_GT(launchesOf(again.program("grad_step")).size(),
            launchesOf(once.program("grad_step")).size());
}

/// Moves result 0 of a launch to another offset in the arena.
void move(exec::LaunchOp launch, int64_t offset) {
  SmallVector<Attribute> buffers(launch.getBuffers().getValue());
  auto old = cast<exec::BufferAttr>(buffers[0]);
  buffers[0] =
      exec::BufferAttr::get(exec::Region::Arena, offset, old.getType());
  launch.setBuffersAttr(ArrayAttr::get(launch.getContext(), buffers));
}

// If two values overlap, the verifier reports an error, and the interpreter
// computes other results.
TEST(ProgramInterpreter, FindsOverlaps) {
  PipelineOptions options;
  options.inPlace = false;
  Programs programs(options);
  auto launches = launchesOf(programs.program("grad_step"));
  size_t found = 0;
  for (exec::LaunchOp launch : launches) {
    exec::BufferAttr own = launch.getBuffer(0);
    if (own.getRegion() != exec::Region::Arena)
      continue;
    // The result is moved over an operand that a later command reads.
    auto later = llvm::find_if(launch.getInputs(), [&](Value input) {
      return exec::bufferOf(input).getRegion() == exec::Region::Arena &&
             llvm::any_of(input.getUsers(), [&](Operation *user) {
               return launch->isBeforeInBlock(user);
             });
    });
    if (later == launch.getInputs().end())
      continue;
    move(launch, exec::bufferOf(*later).getOffset());
    Quiet quiet(programs.context);
    EXPECT_TRUE(failed(verifyPrograms(*programs.module)));
    EXPECT_THAT(quiet.text, testing::HasSubstr("which is needed until"));
    EXPECT_NE(programs.check(), "");
    move(launch, own.getOffset());
    if (++found == 3)
      break;
  }
  EXPECT_EQ(found, 3u);
  EXPECT_EQ(programs.check(), "");
}

// Launches in the wrong order overwrite values that are still needed.
TEST(ProgramInterpreter, FindsSwappedLaunches) {
  Programs programs({});
  auto launches = launchesOf(programs.program("grad_step"));
  // The first launch reads an operand for the last time, and the next launch
  // reuses its memory.
  size_t found = 0;
  for (size_t i = 0; i + 1 < launches.size() && found < 2; ++i) {
    exec::LaunchOp first = launches[i], second = launches[i + 1];
    bool depends = llvm::any_of(second.getInputs(), [&](Value input) {
      return input.getDefiningOp() == first;
    });
    bool overwrites = false;
    for (Value input : first.getInputs())
      for (Value output : second.getOutputs())
        overwrites |= exec::bufferOf(input).overlaps(exec::bufferOf(output));
    if (depends || !overwrites)
      continue;
    second->moveBefore(first);
    Quiet quiet(programs.context);
    EXPECT_TRUE(failed(verifyPrograms(*programs.module)));
    EXPECT_NE(programs.check(), "");
    first->moveBefore(second);
    ++found;
  }
  EXPECT_GT(found, 0u);
  EXPECT_EQ(programs.check(), "");
}

// A prepared filter is invalid after the filter has changed.
TEST(ProgramInterpreter, FindsStalePreparedFilters) {
  Programs programs({});
  exec::ProgramOp predict = programs.program("predict"),
                  prepare = programs.program("prepare");
  ASSERT_TRUE(prepare);
  ProgramMemory memory(*programs.module);
  for (BlockArgument argument : predict.getBody().getArguments())
    memory.write(exec::bufferOf(argument),
                 randomTensor(cast<RankedTensorType>(argument.getType()), 1));
  Quiet quiet(programs.context);
  EXPECT_TRUE(failed(runProgram(predict, memory)));
  EXPECT_THAT(quiet.text, testing::HasSubstr("which was not prepared for @"));
  ASSERT_TRUE(succeeded(runProgram(prepare, memory)));
  EXPECT_TRUE(succeeded(runProgram(predict, memory)));
  exec::BufferAttr filter = exec::bufferOf(prepare.getBody().getArgument(0));
  memory.write(filter, randomTensor(filter.getType(), 2));
  EXPECT_TRUE(failed(runProgram(predict, memory)));
  EXPECT_THAT(quiet.text,
              testing::HasSubstr("prepared from other values than operand #1"));
}

/// Gradients of a step on each rank, which are summed on the stream for
/// communication.
constexpr const char *collectives = R"(
exec.fusion @f(%x: tensor<16xf32>) {
  %0 = seg.fusion (%a = %x : tensor<16xf32>) -> (tensor<16xf32>) {
    %r = seg.relu %a : tensor<16xf32>
    seg.yield %r : tensor<16xf32>
  }
  exec.yield %0 : tensor<16xf32>
}
exec.program @step batch 1 arena 64 bound 64 (%x = "x" inputs[0] : tensor<16xf32>) {
  %0 = exec.call "library" @f (%x : tensor<16xf32>) -> (gradients + 0 : tensor<16xf32>)
  %1 = exec.copy (%0 : tensor<16xf32>) -> (arena + 0 : tensor<16xf32>)
  %t = exec.record stream "compute"
  exec.wait %t stream "communication"
  %2, %done = exec.collective KIND (%0 : tensor<16xf32>) -> (gradients + 0 : tensor<16xf32>) AS stream "communication"
  %3 = exec.copy (%1 : tensor<16xf32>) -> (outputs[0] : tensor<16xf32>)
  exec.wait %done stream "compute"
  %4 = exec.copy (%2 : tensor<16xf32>) -> (outputs[1] : tensor<16xf32>)
  exec.return (%2 as "g" : tensor<16xf32>, %3 as "own" : tensor<16xf32>, %4 as "sum" : tensor<16xf32>)
}
)";

TEST(ProgramInterpreter, CollectivesJoinRanks) {
  CompilerContext context(MLIRContext::Threading::DISABLED);
  DialectRegistry registry;
  registerReferenceModels(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  for (auto [kind, type] :
       std::initializer_list<std::pair<StringRef, StringRef>>{
           {"sum", ""},
           {"mean", ""},
           {"max", ""},
           {"broadcast", ""},
           {"sum", "bf16"},
           {"mean", "bf16"}}) {
    SCOPED_TRACE(kind.str() + " " + type.str());
    std::string text = collectives;
    text.replace(text.find("KIND"), 4, kind.str());
    text.replace(text.find("AS"), 2, type.empty() ? "" : "as " + type.str());
    auto module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module);
    EXPECT_TRUE(succeeded(verifyPrograms(*module)));
    exec::ProgramOp step = findProgram(*module, "step");
    exec::BufferAttr input = exec::bufferOf(step.getBody().getArgument(0));
    std::vector<ProgramMemory> ranks(3, ProgramMemory(*module));
    std::vector<HostTensor> inputs;
    for (auto [i, memory] : llvm::enumerate(ranks)) {
      inputs.push_back(randomTensor(input.getType(), i + 1));
      inputs.back().roundToKind();
      memory.write(input, inputs.back());
    }
    ASSERT_TRUE(succeeded(runProgram(step, ranks)));
    for (auto [rank, memory] : llvm::enumerate(ranks)) {
      HostTensor own = memory.read(
                     exec::bufferOf(step.getReturn().getValues()[1])),
                 all = memory.read(
                     exec::bufferOf(step.getReturn().getValues()[2]));
      for (int64_t i = 0; i < own.size(); ++i) {
        float values[3];
        for (int r = 0; r < 3; ++r)
          values[r] = std::max(0.0f, static_cast<float>(inputs[r][i]));
        EXPECT_EQ(own[i], values[rank]);
        for (float &value : values)
          value = rounded(value, type);
        float sum = values[0] + values[1] + values[2];
        float expected = kind == "sum"    ? sum
                         : kind == "mean" ? sum / 3
                         : kind == "max"
                             ? std::max({values[0], values[1], values[2]})
                             : values[0];
        EXPECT_EQ(all[i], rounded(expected, type)) << rank << " " << i;
      }
    }
  }
}

// Ranks that share the update, and know nothing of what others own, have the
// parameters of ranks that all do it whole, to the bit.
TEST(ProgramInterpreter, RanksShareTheUpdate) {
  const std::vector<std::string> network = {
      "--width", "8", "--input-shape",    "8", "8", "8", "--downscale-blocks",
      "1",       "2", "--upscale-blocks", "1"};
  const std::vector<std::vector<std::string>> updates = {
      {"--optimizer", "adam", "--clip-norm", "0.5"},
      {"--optimizer", "rmsprop"},
      {"--optimizer", "sgd", "--lookahead", "--lookahead-sync", "1"}};
  for (std::vector<std::string> options : updates) {
    SCOPED_TRACE(options[1]);
    options.insert(options.end(), network.begin(), network.end());
    PipelineOptions whole, shared;
    shared.shardOptimizer = true;
    Programs one(whole, options), other(shared, options);
    EXPECT_TRUE(succeeded(verifyPrograms(*other.module)));
    for (size_t count : {1, 2, 3}) {
      SCOPED_TRACE(count);
      std::vector<ProgramMemory> expected(count, ProgramMemory(*one.module)),
          actual(count, ProgramMemory(*other.module));
      exec::ProgramOp step = other.program("train_step");
      fillArguments(one.program("train_step"), expected);
      fillArguments(step, actual);
      ASSERT_TRUE(succeeded(runProgram(one.program("train_step"), expected)));
      ASSERT_TRUE(succeeded(runProgram(step, actual)));
      size_t states = 0;
      for (Value value : step.getReturn().getValues()) {
        const exec::BufferAttr buffer = exec::bufferOf(value);
        if (buffer.getRegion() == exec::Region::Gradients)
          continue;
        const bool isState = buffer.getRegion() == exec::Region::Optimizer;
        states += isState;
        std::vector<size_t> owned(count);
        for (size_t rank = 0; rank < count; ++rank) {
          const HostTensor mine = actual[rank].read(buffer),
                           all = expected[rank].read(buffer);
          ASSERT_EQ(mine.integers(), all.integers()) << buffer.place();
          if (!isFloat(mine.kind()))
            continue;
          for (int64_t i = 0; i < all.size(); ++i) {
            if (isState && std::isnan(mine[i]))
              continue;
            ++owned[rank];
            ASSERT_EQ(mine[i], all[i]) << buffer.place() << " " << i;
          }
        }
        // Each element of a state has one owner.
        if (isState)
          EXPECT_EQ(std::accumulate(owned.begin(), owned.end(), size_t{0}),
                    static_cast<size_t>(buffer.getType().getNumElements()));
        if (isState && count > 1)
          EXPECT_GT(*std::min_element(owned.begin(), owned.end()), 0u);
      }
      EXPECT_GT(states, 0u);
    }
  }
}

/// A program that advances the scalars at the end of a step.
constexpr const char *advance = R"(
exec.program @step batch 1 arena 0 bound 0
    (%x = "finite" inputs[0] : tensor<f32>, %scale = "loss_scale" scalars + 12 : tensor<f32>,
     %step = "step" scalars + 16 : tensor<i64>, %interval = "growth_interval" scalars + 40 : tensor<i64>,
     %run = "finite_steps" scalars + 48 : tensor<i64>, %skipped = "skipped_steps" scalars + 56 : tensor<i64>) {
  %next:4 = exec.advance_scalars finite %x step %step loss_scale %scale growth_interval %interval
      finite_steps %run skipped_steps %skipped
  exec.return (%next#0 as "step" : tensor<i64>, %next#1 as "loss_scale" : tensor<f32>,
               %next#2 as "finite_steps" : tensor<i64>, %next#3 as "skipped_steps" : tensor<i64>)
}
)";

// The interpreter advances scalars as models do.
TEST(ProgramInterpreter, AdvancesScalars) {
  CompilerContext context(MLIRContext::Threading::DISABLED);
  auto module = parseSourceString<ModuleOp>(advance, &context);
  ASSERT_TRUE(module);
  EXPECT_TRUE(succeeded(verifyPrograms(*module)));
  exec::ProgramOp step = findProgram(*module, "step");
  auto arguments = llvm::map_to_vector(
      step.getBody().getArguments(),
      [](BlockArgument argument) { return exec::bufferOf(argument); });
  const float largest = std::numeric_limits<float>::max();
  for (float scale : {1.0f, 1.5f, 65536.0f, 0.75f * largest, largest})
    for (int64_t interval : {0, 1, 3}) {
      ProgramMemory memory(*module);
      segc_scalars expected = {};
      expected.loss_scale = scale;
      expected.step = 7;
      expected.growth_interval = interval;
      auto write = [&](int argument, int64_t value) {
        HostTensor tensor({}, ElementKind::I64);
        tensor.integers()[0] = value;
        memory.write(arguments[argument], tensor);
      };
      HostTensor number({}, ElementKind::F32);
      number[0] = scale;
      memory.write(arguments[1], number);
      write(2, expected.step);
      write(3, interval);
      write(4, 0);
      write(5, 0);
      for (bool finite : {true, true, false, false, true, true, true, true}) {
        segc_advance_scalars(&expected, finite);
        number[0] = finite;
        memory.write(arguments[0], number);
        ASSERT_TRUE(succeeded(runProgram(step, memory)));
        EXPECT_EQ(memory.read(arguments[1])[0], expected.loss_scale);
        EXPECT_EQ(memory.read(arguments[2]).integers()[0], expected.step);
        EXPECT_EQ(memory.read(arguments[3]).integers()[0], interval);
        EXPECT_EQ(memory.read(arguments[4]).integers()[0],
                  expected.finite_steps);
        EXPECT_EQ(memory.read(arguments[5]).integers()[0],
                  expected.skipped_steps);
      }
      EXPECT_EQ(expected.step, 13);
    }
}

} // namespace
