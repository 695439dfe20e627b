//===- Calibrate.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Calibrate.h"

#include "../PhaseRuns.h"
#include "HeldOutDice.h"
#include "InputScales.h"
#include "Interruption.h"
#include "Segrun.h"
#include "mlir/Parser/Parser.h"
#include "segc/Base/Files.h"
#include "segc/Base/NumberChecks.h"
#include "segc/Base/PrivateFolders.h"
#include "segc/Base/Signals.h"
#include "segc/Driver/UsageError.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc {

/// What is held out where the options do not say.
static constexpr double defaultTrainSplit = 0.8;
/// The part of f32's Dice that a model must have: the rule of MLPerf.
static constexpr double leastDice = 0.999;

static constexpr llvm::StringLiteral hostName = "cpu";

void addCalibrationOptions(CLI::App &command, CalibrationOptions &options) {
  auto *data = command.add_option(
      "--calibrate", options.data,
      "Data set folder for --precision int8: training cases say how large the "
      "inputs of convolutions are, the others what the Dice of the kernels is "
      "that this machine chooses");
  command
      .add_option("--calibration-cases", options.cases,
                  "Number of training cases that are predicted to calibrate")
      ->check(integerIn(1, 1 << 20))
      ->needs(data)
      ->capture_default_str();
  auto *fold = command
                   .add_option("--fold", options.fold,
                               "Fold of the cross-validation that is held out, "
                               "from 0 (default: none, by --train-split)")
                   ->check(integerIn(0))
                   ->needs(data);
  command
      .add_option("--nfolds", options.foldCount,
                  "Number of folds that the cases are split into (default: 5, "
                  "or those of splits_final.json of the data set)")
      ->check(integerIn(2))
      ->needs(fold);
  command
      .add_option("--train-split", options.trainSplit,
                  "Share of the cases that train, in file order; the others "
                  "are held out (default: 0.8)")
      ->check(numberIn(0.01, 0.99))
      ->needs(data)
      ->excludes(fold);
  command
      .add_flag(
          "--allow-dice-loss", options.allowDiceLoss,
          "Write the model also where its Dice on held-out cases is below "
          "99.9 % of that of f32")
      ->needs(data);
}

namespace {

/// One compilation in 8 bits, with the files that lead to it.
class Calibration {
public:
  Calibration(const CompileOptions &options,
              const CalibrationOptions &calibration, std::string folder)
      : options(options), calibration(calibration), folder(std::move(folder)),
        interruption(this->folder) {}

  llvm::Error run();

private:
  std::string path(const std::string &name) const {
    return folder + "/" + name;
  }
  /// The words of segrun that say which cases are meant.
  std::vector<std::string> cases(const std::string &split) const;
  llvm::Error printNetwork();
  llvm::Error compileFloats(const std::string &name, bool fuses);
  llvm::Error annotate();
  llvm::Error judge(const std::string &model);
  /// Prints the Dice of a target's kernels beside that of f32.
  llvm::Error judgeKernels(const Target &target, const std::string &model,
                           const HeldOutCases &held, double exact);

  CompileOptions options;
  const CalibrationOptions &calibration;
  std::string folder;
  Interruption interruption;
  std::string network; ///< Canonical text.
  bool planned = false;
};

} // namespace

std::vector<std::string> Calibration::cases(const std::string &split) const {
  std::vector<std::string> words = {"--data", calibration.data, "--split",
                                    split};
  if (calibration.fold) {
    words.insert(words.end(), {"--fold", std::to_string(*calibration.fold)});
    if (calibration.foldCount)
      words.insert(words.end(),
                   {"--nfolds", std::to_string(*calibration.foldCount)});
  } else {
    words.insert(
        words.end(),
        {"--train-split",
         std::to_string(calibration.trainSplit.value_or(defaultTrainSplit))});
  }
  return words;
}

/// Ops of this text have lines of their own, by which kernels name them.
llvm::Error Calibration::printNetwork() {
  CompilerContext context;
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      readModule(context, options.input);
  if (!module)
    return module.takeError();
  if (llvm::Error error = runPhases(**module, 0, 0, options, options.pipeline))
    return error;
  (*module)->walk([&](seg::NetworkOp op) {
    if (auto kind = op.getPipelineAttr()
                        ? op.getPipelineAttr().getAs<StringAttr>("kind")
                        : StringAttr())
      planned = kind.getValue() == "nnunet" || kind.getValue() == "kits19";
  });
  llvm::raw_string_ostream(network) << **module;
  return llvm::Error::success();
}

/// Compiles the network in f32 for this machine.
llvm::Error Calibration::compileFloats(const std::string &name, bool fuses) {
  CompileOptions floats;
  floats.input = options.input;
  floats.text = network;
  floats.output = path(name);
  floats.weights = options.weights;
  floats.pipelineKeys = options.pipelineKeys;
  floats.optLevel = options.optLevel;
  floats.jobs = options.jobs;
  floats.cpus = {"native"};
  floats.pipeline.training = false;
  floats.pipeline.features = options.pipeline.features;
  floats.pipeline.batch = 1;
  floats.pipeline.fusion = fuses;
  return compile(floats);
}

llvm::Error Calibration::annotate() {
  if (llvm::Error error = compileFloats("observed.so", /*fuses=*/false))
    return error;
  std::vector<std::string> words = {
      "predict",           "--model",
      path("observed.so"), "--output",
      path("calibration"), "--no-overlays",
      "--max-cases",       std::to_string(calibration.cases),
      "--value-ranges",    path("ranges.json")};
  llvm::append_range(words, cases("train"));
  if (llvm::Error error = runSegrun(words, interruption))
    return error;
  auto ranges = readJson(path("ranges.json"));
  if (!ranges)
    return ranges.takeError();
  CompilerContext context;
  auto module = parseSourceString<ModuleOp>(network, &context, options.input);
  if (!module)
    return llvm::createStringError("cannot read " + options.input);
  auto layers = annotateInputScales(*module, *ranges, options.weights);
  if (!layers)
    return layers.takeError();
  options.text.clear();
  llvm::raw_string_ostream(options.text) << *module;
  llvm::outs() << llvm::formatv(
      "calibrated {0} convolutions on {1} cases of {2}\n", layers->size(),
      calibration.cases, calibration.data);
  llvm::outs() << describeSensitive(*layers);
  return llvm::Error::success();
}

/// The name of the first such device for segrun's --device.
static llvm::StringRef deviceName(segc_device device) {
  switch (device) {
  case SEGC_DEVICE_HOST:
    return hostName;
  case SEGC_DEVICE_CUDA:
    return "cuda";
  case SEGC_DEVICE_CUDA_EMULATED:
    return "emulated";
  }
  llvm_unreachable("no such device");
}

/// Whether this machine has what runs the target's kernels.
static bool runsHere(const Target &target) {
  return target.backend->missingDevice(*target.version).empty();
}

/// Compares the Dice of `model`, on each device that it has kernels for, with
/// that of f32. Of several versions for a device a machine runs the best that
/// it can, which come first here: what others err by nothing has said.
llvm::Error Calibration::judge(const std::string &model) {
  if (llvm::Error error = compileFloats("f32.so", /*fuses=*/true))
    return error;
  HeldOutCases held{cases("validation"),
                    planned ? calibration.data + "/labelsTr" : "", folder};
  llvm::Expected<double> exact =
      diceOf(path("f32.so"), hostName.str(), held, interruption);
  if (!exact)
    return exact.takeError();
  auto targets = resolveTargets(options);
  if (!targets)
    return targets.takeError();
  llvm::SmallSet<segc_device, 4> judged;
  std::vector<std::string> others;
  for (const Target &target : *targets) {
    if (!runsHere(target) || !judged.insert(target.backend->device()).second)
      others.push_back(target.spec());
    else if (llvm::Error error = judgeKernels(target, model, held, *exact))
      return error;
  }
  if (!others.empty())
    llvm::outs() << "not judged, since this machine does not choose them: "
                 << llvm::join(others, ", ") << "\n";
  return llvm::Error::success();
}

llvm::Error Calibration::judgeKernels(const Target &target,
                                      const std::string &model,
                                      const HeldOutCases &held, double exact) {
  llvm::Expected<double> found = diceOf(
      model, deviceName(target.backend->device()).str(), held, interruption);
  if (!found)
    return found.takeError();
  double part = exact > 0 ? *found / exact : 1;
  llvm::outs() << llvm::formatv(
      "Dice on held-out cases by kernels for {3}: int8 {0:f5}, f32 {1:f5}, "
      "which is {2:f2} %\n",
      *found, exact, 100 * part, target.spec());
  if (part >= leastDice || calibration.allowDiceLoss)
    return llvm::Error::success();
  return llvm::createStringError(llvm::formatv(
      "{0}: not written: the model's Dice on held-out cases is {1:f2} % of "
      "that of f32, expected at least 99.9 %; calibrate with more cases "
      "(--calibration-cases), pin sensitive layers in the network "
      "(seg.precision = \"f32\"), compile with --precision bf16, or give "
      "--allow-dice-loss",
      options.output, 100 * part));
}

/// The model is put in its place after it has been judged.
llvm::Error Calibration::run() {
  if (llvm::Error error = printNetwork())
    return error;
  if (llvm::Error error = annotate())
    return error;
  if (!options.emit.empty())
    return compile(options);
  CompileOptions judged = options;
  judged.output = path("int8.so");
  if (llvm::Error error = compile(judged))
    return error;
  if (llvm::Error error = judge(judged.output))
    return error;
  StatusOr<std::string> model = readFile(judged.output);
  if (!model.ok())
    return llvm::createStringError(model.status().message());
  return writeOutput(options.output, *model);
}

/// Refuses targets without a version that runs here, where the Dice is
/// measured.
static llvm::Error checkDevices(const std::vector<Target> &targets,
                                const CalibrationOptions &calibration) {
  for (const Target &target : targets) {
    const TargetBackend &backend = *target.backend;
    if (llvm::none_of(targets, [&](const Target &each) {
          return each.backend == &backend && runsHere(each);
        }))
      return usageError(
          "--calibrate " + calibration.data +
          ": the Dice of the model is measured on this machine, which runs no "
          "kernels of the target " +
          target.spec() + ": " + backend.missingDevice(*target.version) +
          "; without the Dice, write the calibrated network (--emit seg) and "
          "compile that without --calibrate");
  }
  return llvm::Error::success();
}

llvm::Error compileCalibrated(const CompileOptions &options,
                              const CalibrationOptions &calibration) {
  if (options.pipeline.precision != "int8")
    return usageError("--calibrate " + calibration.data +
                      ": expected --precision int8 beside it, got " +
                      options.pipeline.precision);
  if (options.weights.empty())
    return usageError("--calibrate " + calibration.data +
                      ": expected --weights beside it, whose predictions say "
                      "how large values are");
  if (!options.from.empty())
    return usageError("--from " + options.from +
                      ": expected no --calibrate beside it: scales are "
                      "attributes of the network");
  if (!llvm::sys::fs::is_directory(calibration.data))
    return usageError("--calibrate " + calibration.data +
                      ": is no folder, expected that of a data set");
  // What would fail at the end is refused before the cases are predicted.
  auto targets = resolveTargets(options);
  if (!targets)
    return targets.takeError();
  if (options.emit.empty())
    if (llvm::Error error = checkDevices(*targets, calibration))
      return error;
  if (llvm::Error error = checkDestination(options))
    return error;
  if (llvm::Error error = checkOutputs(outputsOf(options), inputsOf(options)))
    return error;
  catchStopSignals(); // Before there is a folder that would be left.
  StatusOr<PrivateTemporaryFolder> folder = PrivateTemporaryFolder::create();
  if (!folder.ok())
    return llvm::createStringError(folder.status().message());
  return Calibration(options, calibration, folder->path()).run();
}

} // namespace segc
