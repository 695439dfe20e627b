//===- Comparison.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"

#include "ReferenceModel.h"

#include "segc/Driver/Verify/Verify.h"
#include "segc/Program/Programs.h"
#include "segc/Runtime/Device/MakeDevice.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Transforms/Passes.h"

#include <cmath>
#include <cstring>

namespace segc::random_networks {

namespace {

llvm::Error toError(const Status &status) {
  return status.ok() ? llvm::Error::success()
                     : llvm::createStringError(status.message());
}

/// Allowed deviations in the Euclidean norm. A model rounds where the reference
/// does, and in addition sums and products. Its deviation from exact values is
/// therefore proportional to that of the rounded reference, which measures how
/// much the network amplifies rounding errors. The errors of sums and products
/// are relative to the result.
struct Tolerance {
  double factor; ///< Multiple of the rounded reference's deviation.
  double part;   ///< Part of the result's norm.
  /// Part of the norm of all gradients together. Gradients of parameters whose
  /// effect a norm removes (biases, scales) are sums that cancel.
  double gradientPart;
};

Tolerance toleranceOf(const Configuration &options) {
  const PipelineOptions &pipeline = options.compile.pipeline;
  // In f32, Winograd tiles of 4 have an error of 3e-6 of a convolution's
  // result, and sequences of convolutions more.
  if (pipeline.precision == "f32")
    return pipeline.winograd == "off" ? Tolerance{10, 2e-5, 2e-7}
                                      : Tolerance{10, 1e-4, 1e-6};
  // The reference quantizes the same factors. A rounding of 16 bits may change
  // a number of 8 bits, as it may in the reference.
  if (pipeline.precision == "int8")
    return {6, 5e-2, 0};
  // The factors of convolutions are rounded to the type of products. The error
  // is small for direct f16 products. With bf16 or tiles, a single convolution
  // of a training may have an error of 2.5e-2 of its result and a gradient one
  // of 5e-2 (docs/Precision.md), and sequences of convolutions more. This test
  // finds wrong connections, whose error is as large as the result. Kernels are
  // compared one by one with tighter tolerances.
  if (pipeline.precision == "f16" && pipeline.multiplyType != "bf16" &&
      pipeline.winograd == "off")
    return {6, 2e-2, 4e-3};
  return {6, 2e-1, 6e-2};
}

/// Optimizers compute in f32, on the same gradients: elementwise, and the norm
/// that clips them from sums of up to 2048 squares in sequence, whose error is
/// up to 2e-6 of the norm.
constexpr Tolerance updateTolerance{10, 4e-6, 0};

class Comparison {
public:
  Comparison(const Configuration &options, ReferenceModel &reference,
             ModelRunner &runner, uint64_t seed)
      : options(options), reference(reference), runner(runner),
        draws(seed, Purpose::Values) {}

  llvm::Error run();
  Deviation worst;

private:
  llvm::Error drawValues();
  void drawInputs();
  llvm::Error call(const std::string &entry);
  /// Compares the results of the entry with the reference, which reads the
  /// memory `before` the call.
  llvm::Error compare(const std::string &called, const std::string &entry,
                      const CallMemory &before, Tolerance tolerance);
  llvm::Error check(const std::string &entry);
  llvm::Error step(int64_t number, bool inOneCall);
  llvm::Expected<CallMemory> snapshot() const;

  const Configuration &options;
  ReferenceModel &reference;
  ModelRunner &runner;
  Draws draws;
  CallMemory inputs; ///< Inputs of the call: image, label and scalars.
};

/// The values of a region, in the host's memory.
llvm::Expected<std::vector<float>> valuesOf(const ModelRunner &runner,
                                            const DeviceBuffer &buffer) {
  if (buffer.size() == 0)
    return std::vector<float>();
  auto view = runner.read(buffer);
  if (!view.ok())
    return toError(view.status());
  return std::vector<float>(view->floats(),
                            view->floats() + view->floatCount());
}

/// Draws values of parameters that differ from the initial ones, whose zeros
/// would hide errors.
llvm::Error Comparison::drawValues() {
  auto spread = [&](const DeviceBuffer &buffer,
                    const std::vector<RegionTensor> &tensors,
                    bool states) -> llvm::Error {
    auto values = valuesOf(runner, buffer);
    if (!values)
      return values.takeError();
    for (const RegionTensor &tensor : tensors)
      for (int64_t i = 0; i < tensor.elements; ++i) {
        float &value = (*values)[tensor.offset / 4 + i];
        if (states && value > 0)
          value *= static_cast<float>(draws.uniform(0.5, 1.5));
        else if (states || tensor.init.kind == Initializer::Kind::Constant)
          value += static_cast<float>(draws.uniform(-0.2, 0.2));
      }
    return values->empty() ? llvm::Error::success()
                           : toError(runner.write(buffer, 0, values->data(),
                                                  values->size() * 4));
  };
  if (llvm::Error error =
          spread(runner.parameters(), runner.manifest().parameters, false))
    return error;
  if (llvm::Error error =
          spread(runner.states(), runner.manifest().states, true))
    return error;
  runner.weightsChanged();
  return llvm::Error::success();
}

void Comparison::drawInputs() {
  const Manifest &manifest = runner.manifest();
  const EntrySignature &signature = *manifest.entry(
      options.compile.pipeline.training ? "train_step" : "predict");
  inputs.image.clear();
  inputs.label.clear();
  for (const TensorSignature &input : signature.inputs)
    for (int64_t i = 0; i < input.elements(); ++i)
      if (input.type == ElementType::F32)
        inputs.image.push_back(static_cast<float>(draws.uniform(-1, 1)));
      else
        inputs.label.push_back(
            static_cast<int32_t>(draws.below(manifest.classes)));
}

llvm::Expected<CallMemory> Comparison::snapshot() const {
  CallMemory memory = inputs;
  const std::pair<std::vector<float> &, const DeviceBuffer &> regions[] = {
      {memory.parameters, runner.parameters()},
      {memory.states, runner.states()},
      {memory.gradients, runner.gradients()},
      {memory.optimizer, runner.optimizer()}};
  for (auto [values, buffer] : regions) {
    auto read = valuesOf(runner, buffer);
    if (!read)
      return read.takeError();
    values = std::move(*read);
  }
  return memory;
}

llvm::Error Comparison::call(const std::string &entry) {
  std::vector<AlignedBuffer> buffers;
  std::vector<void *> pointers;
  if (const EntrySignature *signature = runner.manifest().entry(entry))
    for (const TensorSignature &input : signature->inputs) {
      auto buffer = AlignedBuffer::create(input.bytes(), input.name.c_str());
      if (!buffer.ok())
        return toError(buffer.status());
      const void *values = input.type == ElementType::F32
                               ? static_cast<void *>(inputs.image.data())
                               : inputs.label.data();
      std::memcpy(buffer->data(), values, input.bytes());
      pointers.push_back(buffer->data());
      buffers.push_back(std::move(*buffer));
    }
  return toError(runner.call(entry, pointers, options.batch, inputs.scalars));
}

llvm::Error Comparison::compare(const std::string &called,
                                const std::string &entry,
                                const CallMemory &before, Tolerance tolerance) {
  auto results = reference.evaluate(entry, before);
  if (!results)
    return results.takeError();
  auto after = snapshot();
  if (!after)
    return after.takeError();
  double gradients = 0;
  for (const ReferenceResult &result : *results)
    if (result.region == "gradients")
      for (double value : result.exact.values())
        gradients += value * value;
  for (const ReferenceResult &result : *results) {
    const float *actual = nullptr;
    if (result.region == "outputs")
      actual = runner.output(called, result.name).floats();
    else
      actual = (result.region == "states"      ? after->states
                : result.region == "gradients" ? after->gradients
                : result.region == "optimizer" ? after->optimizer
                                               : after->parameters)
                   .data() +
               result.offset;
    double size = 0, rounding = 0, difference = 0, slack = 1e-12;
    for (int64_t i = 0; i < result.exact.size(); ++i) {
      double exact = result.exact[i];
      size += exact * exact;
      rounding += (result.stored[i] - exact) * (result.stored[i] - exact);
      difference += (actual[i] - exact) * (actual[i] - exact);
    }
    if (result.region == "gradients")
      slack = tolerance.gradientPart * std::sqrt(gradients);
    Deviation deviation{called + " " + result.name, std::sqrt(difference),
                        tolerance.factor * std::sqrt(rounding) +
                            tolerance.part * std::sqrt(size) + slack};
    if (!deviation.ok() ||
        deviation.value * worst.bound > worst.value * deviation.bound ||
        worst.of.empty())
      if (worst.ok())
        worst = deviation;
  }
  return llvm::Error::success();
}

llvm::Error Comparison::check(const std::string &entry) {
  auto before = snapshot();
  if (!before)
    return before.takeError();
  if (llvm::Error error = call(entry))
    return error;
  return compare(entry, entry, *before, toleranceOf(options));
}

llvm::Error Comparison::step(int64_t number, bool inOneCall) {
  drawInputs();
  inputs.scalars.step = number;
  inputs.scalars.sample_offset = number * 7;
  auto before = snapshot();
  if (!before)
    return before.takeError();
  std::string called = inOneCall ? "train_step" : "grad_step";
  if (llvm::Error error = call(called))
    return error;
  if (llvm::Error error =
          compare(called, "grad_step", *before, toleranceOf(options)))
    return error;
  auto after = snapshot();
  if (!after)
    return after.takeError();
  before->gradients = after->gradients;
  if (!inOneCall) {
    called = "apply_step";
    if (llvm::Error error = call(called))
      return error;
  }
  return compare(called, "apply_step", *before, updateTolerance);
}

llvm::Error Comparison::run() {
  if (Status status = runner.initialize(draws.below(1 << 30)); !status.ok())
    return toError(status);
  if (llvm::Error error = drawValues())
    return error;
  drawInputs();
  const OptimizerInfo &optimizer = runner.manifest().optimizer;
  inputs.scalars.learning_rate = static_cast<float>(optimizer.learningRate);
  inputs.scalars.momentum = static_cast<float>(optimizer.momentum);
  inputs.scalars.weight_decay = static_cast<float>(optimizer.weightDecay);
  inputs.scalars.loss_scale = draws.pick({1.0f, 1.0f, 8.0f});
  inputs.scalars.seed = draws.below(1 << 30);
  bool firstInOneCall = draws.percent(50);
  if (llvm::Error error = check("predict"))
    return error;
  if (!options.compile.pipeline.training)
    return llvm::Error::success();
  if (llvm::Error error = check("evaluate_step"))
    return error;
  for (int64_t number : {1, 2})
    if (llvm::Error error = step(number, (number == 1) == firstInOneCall))
      return error;
  return check("predict");
}

} // namespace

llvm::Expected<Deviation> compareModel(const std::string &file,
                                       const Configuration &configuration,
                                       uint64_t seed,
                                       const std::string &directory) {
  CompileOptions compileOptions = configuration.compile;
  compileOptions.input = file;
  compileOptions.output = directory + "/model.so";
  compileOptions.jobs = 1;
  if (llvm::Error error = compile(compileOptions))
    return error;
  ThreadPool pool(configuration.threads);
  auto device = makeDevice(configuration.device, pool);
  if (!device.ok())
    return toError(device.status());
  auto supports = [&](const segc_version &version) {
    return (*device)->supports(version);
  };
  auto model =
      ModelLibrary::load(compileOptions.output, {(*device)->kind(), supports});
  if (!model.ok())
    return toError(model.status());
  auto runner = ModelRunner::create(
      *model, *device, {compileOptions.pipeline.training, /*canaries=*/true});
  if (!runner.ok())
    return toError(runner.status());
  Configuration called = configuration;
  if (called.batch == 0)
    called.batch = (*model)->manifest().batch;
  auto reference = ReferenceModel::create(file, called);
  if (!reference)
    return reference.takeError();
  Comparison comparison(called, **reference, *runner, seed);
  if (llvm::Error error = comparison.run())
    return error;
  return comparison.worst;
}

llvm::Expected<Deviation> compareKernels(const std::string &file,
                                         const Configuration &configuration) {
  mlir::DialectRegistry registry;
  reference::registerReferenceModels(registry);
  CompilerContext context(mlir::MLIRContext::Threading::DISABLED);
  context.appendDialectRegistry(registry);
  CompileOptions options = configuration.compile;
  options.input = file;
  Deviation worst;
  auto check = [&](mlir::ModuleOp module, const Target &target,
                   mlir::ModuleOp) -> llvm::Error {
    KernelCheckOptions checks;
    auto layout = module->getAttrOfType<mlir::DictionaryAttr>(layoutAttrName);
    checks.classes = layout.getAs<mlir::IntegerAttr>("classes").getInt();
    checks.batch = findProgram(module, "predict").getBatch();
    for (const KernelReport &report : verifyKernels(module, target, checks)) {
      std::string of = report.entry + " " + report.kernel + " " + report.op +
                       " " + report.strategy;
      if (!report.skipped.empty())
        return llvm::createStringError(of +
                                       " was not checked: " + report.skipped);
      if (!report.deviation.fault.empty())
        return llvm::createStringError(of + ": " + report.deviation.fault);
      if (report.deviation.excess() >= worst.value)
        worst = {of, report.deviation.excess(), 1};
    }
    return llvm::Error::success();
  };
  if (llvm::Error error = forEachProgram(context, options, check))
    return error;
  return worst;
}

} // namespace segc::random_networks
