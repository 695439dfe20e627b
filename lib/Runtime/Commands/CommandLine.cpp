//===- CommandLine.cpp - Command line of segrun ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "segc/Base/NumberChecks.h"
#include "segc/Plan/Optimizers.h"
#include "segc/Runtime/Data/NumpyRandom.h"
#include "segc/Runtime/Device/MakeDevice.h"
#include "segc/Runtime/Train/RunSettings.h"
#include "segc/Runtime/Train/Schedule.h"

#include <limits>

using namespace segc;

// Names with underscores and the other aliases are those of the published
// examples, so that their scripts need few changes.

/// Checks a share of training cases: above 0, so that it is not empty.
static CLI::Validator trainingShare() {
  return numberCheck("a number above 0, at most 1", "above 0, to 1",
                     [](const std::string &text) {
                       double value = 0;
                       return readNumber(text, value) && value > 0 &&
                              value <= 1;
                     });
}

void segc::addThreads(CLI::App &app, int64_t &threads) {
  app.add_option("--threads", threads,
                 "Number of threads; default: 0, all cores")
      ->check(integerIn(0, 4096));
}

void segc::addSharing(CLI::App &app, std::optional<int64_t> &ranks) {
  app.add_option(
         "--ranks", ranks,
         "Number of processes to start on this machine, which share the cases "
         "or folds; on a cluster its launcher starts them; default: 1")
      ->check(integerIn(1, maxRanks));
}

void segc::addModelOptions(CLI::App &app, ModelOptions &options) {
  app.add_option(
         "--model", options.model,
         "Compiled model (.so), or a network (.mlir), which is compiled first")
      ->required();
  app.add_option("--device", options.device,
                 "Device that runs the model: " + deviceNames() +
                     " (default: cpu); a .so needs kernels for it (segc "
                     "compile --target)");
  addThreads(app, options.threads);
  app.add_option("--batch-size,--batch_size", options.batchSize,
                 "Samples of a step; default: the model's maximum")
      ->check(integerIn(1, maxBatch));
  app.add_flag("--amp,--use_amp", options.amp,
               "Compute with 16-bit values and products: compiles a network "
               "with --precision f16, and refuses a .so of f32");
  app.add_flag("--check-memory", options.checkMemory,
               "Guard all buffers and check the guards after each call; on a "
               "GPU, wait for each kernel");
  app.add_flag("--no-dependent-launches", options.noDependentLaunches,
               "On a GPU, begin no kernel before the one in front of it has "
               "ended; without the flag those that the model marks do");
}

static void addImageLimit(CLI::App &app, int64_t &maxImageBytes) {
  app.add_option("--max-image-bytes", maxImageBytes,
                 "Maximum size of one image in bytes, after decompression; "
                 "larger images are refused before memory is allocated")
      ->check(integerIn(1, int64_t{1} << 46))
      ->capture_default_str();
}

static void addFoldCount(CLI::App &app, DataOptions &options) {
  app.add_option("--nfolds,--num_folds", options.foldCount,
                 "Number of folds that the cases are split into; default: 5, "
                 "or those of splits_final.json of the data set")
      ->check(integerIn(2, maxFolds));
}

static void addVolumeOptions(CLI::App &app, DataOptions &options) {
  app.add_option("--channel", options.channel,
                 "Channel, from 0, that a model of one channel takes from "
                 "images of several; default: none, such images are refused")
      ->check(integerIn(0, 32766));
  app.add_option("--orientation", options.orientation,
                 "Order of the axes of volumes: RAS, or file (as stored); "
                 "default: what the checkpoint or the model records")
      ->check(CLI::IsMember({"RAS", "file"}));
  app.add_option("--label-map", options.labelMap,
                 "Classes of label values, such as 255=1,4=2; default: label "
                 "values are classes");
}

void segc::addDataOptions(CLI::App &app, DataOptions &options) {
  addImageLimit(app, options.maxImageBytes);
  app.add_option("--data,--data_dir,--data-dir", options.data,
                 "Data set: a folder with train-volume.tif or dataset.json, or "
                 "a cache of `segrun preprocess`");
  app.add_option("--fold,--crossvalidation_idx", options.fold,
                 "Fold of the cross-validation that is held out, from 0; "
                 "default: none")
      ->check(integerIn(0, maxFolds - 1));
  addFoldCount(app, options);
  app.add_option("--train-split,--train_split", options.trainSplit,
                 "Share of the cases that train, in the order of the data set; "
                 "the others validate; default: 1")
      ->check(trainingShare());
  app.add_option("--seed", options.seed,
                 "Seed of all random numbers; default: 0")
      ->check(integerIn(INT64_MIN));
  app.add_flag("--legacy-resize", options.legacyResize,
               "Resize without the half-pixel shift, as TensorFlow 1 does");
  addVolumeOptions(app, options);
}

static void addWindowSettings(CLI::App &app, WindowSettings &settings,
                              const std::string &defaultOverlap,
                              const std::string &defaultWeights) {
  app.add_option("--overlap", settings.overlap,
                 "Share of a window that the next one covers too; default: " +
                     defaultOverlap)
      ->check(numberIn(0, 0.95));
  app.add_option_function<std::string>(
         "--window-weights,--blend,--blend-mode",
         [&settings](const std::string &name) {
           settings.constantWeights = name == "constant";
         },
         "Weights of the voxels of a window; default: " + defaultWeights)
      ->check(CLI::IsMember({"gaussian", "constant"}));
  app.add_flag_function(
      "--tta,!--no-tta",
      [&settings](int64_t count) { settings.flips = count > 0; },
      "Predict each window in all combinations of flips; default: as the model "
      "says, else no");
  app.add_option_function<std::string>(
         "--average",
         [&settings](const std::string &name) {
           settings.averageProbabilities = name == "probabilities";
         },
         "What windows, flips and members are averaged as; default: logits")
      ->check(CLI::IsMember({"logits", "probabilities"}));
}

/// The names of the options that were added behind the first `before`.
static std::set<std::string> namesBehind(const CLI::App &app, size_t before) {
  std::set<std::string> names;
  const std::vector<const CLI::Option *> all = app.get_options();
  for (size_t i = before; i < all.size(); ++i)
    names.insert(all[i]->get_lnames()[0]);
  return names;
}

std::string segc::givenOf(const CLI::App &app,
                          const std::set<std::string> &names) {
  std::string given;
  for (const CLI::Option *option : app.get_options())
    if (option->count() > 0 && names.count(option->get_lnames()[0]))
      given = "--" + option->get_lnames()[0];
  return given;
}

std::set<std::string> segc::addOriginalGrid(CLI::App &app,
                                            OriginalGridOptions &options) {
  const size_t before = app.get_options().size();
  app.add_option(
      "--dataset", options.dataset,
      "Of a cache: the folder of its data set, whose labels the predictions "
      "are compared with; default: where the cache was written from");
  const std::string byRules = "that of the plan's rules";
  addWindowSettings(app, options.windows, byRules, byRules);
  app.add_flag("--save-masks", options.saveMasks,
               "Of a cache: also write the predicted masks");
  return namesBehind(app, before);
}

static void addEvaluate(CLI::App &root, const std::string &commandLine,
                        std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand(
      "evaluate",
      "Compute losses and Dice scores of a model, or compare labels");
  auto options = std::make_shared<EvaluateOptions>();
  options->commandLine = commandLine;
  addModelOptions(app, options->model);
  addDataOptions(app, options->data);
  app.get_option("--model")->required(false);
  app.add_option("--checkpoint,--ckpt_path", options->checkpoint,
                 "Weights (.safetensors), a checkpoint or a results folder; "
                 "default: those in the model");
  app.add_option("--results", options->results,
                 "Folder for report.html, metrics.json and metrics.csv; of a "
                 "cache and of folders: report.html, case-metrics.json, "
                 "case-metrics.csv and summary.json");
  app.add_option("--split", options->split,
                 "Cases to evaluate: train, validation, or test where they "
                 "have labels; default: validation");
  app.add_option("--predictions", options->predictions,
                 "Folder of predicted labels, or of arrays of probabilities "
                 "(.npy), to compare with --labels, instead of a model");
  app.add_option("--labels", options->labels,
                 "Folder of labels with the names of the --predictions");
  app.add_option("--surface-tolerance", options->surfaceTolerance,
                 "Tolerance of the surface Dice, in mm")
      ->check(numberIn(0, 1000))
      ->capture_default_str();
  addSharing(app, options->ranks);
  const std::set<std::string> ofCaches = addOriginalGrid(app, options->onGrid);
  app.callback([&command, options, &app, ofCaches] {
    const std::set<std::string> ofFolders = {
        "predictions", "labels",  "surface-tolerance",
        "results",     "threads", "max-image-bytes",
        "ranks",       "config"};
    for (const CLI::Option *option : app.get_options())
      if (option->count() > 0 && !ofFolders.count(option->get_lnames()[0]))
        options->idleWithFolders = "--" + option->get_lnames()[0];
    options->surfaceToleranceGiven =
        app.get_option("--surface-tolerance")->count() > 0;
    options->onGrid.given = givenOf(app, ofCaches);
    command = [options] { return runEvaluate(*options); };
  });
}

/// The options of models that predict in windows; returns their names.
static std::set<std::string> addWindowOptions(CLI::App &app,
                                              WindowPredictOptions &options) {
  const size_t before = app.get_options().size();
  app.add_option(
      "--plan", options.plan,
      "Plan (JSON) by which cases are prepared; default: that in the model");
  app.add_option(
      "--configuration", options.configuration,
      "Configuration of the plan; default: the one that has the model's patch");
  addWindowSettings(app, options, "0.5", "gaussian");
  app.add_option("--ensemble", options.ensemble,
                 "Several checkpoints, whose predictions are averaged")
      ->take_all();
  app.add_option("--max-memory", options.maxMemory,
                 "Refuse cases that may take more memory, such as 2GiB, and "
                 "predict one after the other; default: no limit")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
      ->check(integerIn(1, int64_t{1} << 46));
  CLI::Option *roi = app.add_option(
      "--roi", options.roi,
      "Predict only near the foreground of masks: a folder of them, or a model "
      "that predicts them into OUTPUT/roi first");
  app.add_option("--roi-margin", options.roiMargin,
                 "How far around the foreground of --roi, in mm")
      ->check(numberIn(0, 1e6))
      ->needs(roi)
      ->capture_default_str();
  app.add_option("--roi-checkpoint", options.roiCheckpoint,
                 "Weights of the model of --roi")
      ->needs(roi);
  app.add_option("--roi-plan", options.roiPlan,
                 "Plan of the model of --roi, as --plan")
      ->needs(roi);
  return namesBehind(app, before);
}

static void addPredict(CLI::App &root,
                       std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand("predict", "Write masks of images");
  auto options = std::make_shared<PredictOptions>();
  addModelOptions(app, options->model);
  app.add_option("--data,--data_dir,--data-dir", options->inputs,
                 "Data set: a folder with train-volume.tif or dataset.json; or "
                 "images, or folders of images")
      ->take_all()
      ->required();
  app.add_option("--output", options->output, "Folder for the masks")
      ->required();
  app.add_option("--checkpoint,--ckpt_path", options->checkpoint,
                 "Weights (.safetensors), a checkpoint or a results folder; "
                 "default: those in the model");
  app.add_option(
      "--split", options->split,
      "Cases of a data set: train, validation or test; default: test");
  app.add_option("--fold", options->data.fold,
                 "Fold of the cross-validation that was held out, from 0, for "
                 "--split; default: none")
      ->check(integerIn(0, maxFolds - 1));
  addFoldCount(app, options->data);
  app.add_option("--train-split", options->data.trainSplit,
                 "Share of the cases that trained, for --split; default: 1")
      ->check(trainingShare());
  app.add_option(
         "--seed", options->data.seed,
         "Seed of the training, which draws the folds of slices; default: 0")
      ->check(integerIn(INT64_MIN));
  app.add_flag("--legacy-resize", options->data.legacyResize,
               "Resize without the half-pixel shift, as in training");
  addImageLimit(app, options->data.maxImageBytes);
  addVolumeOptions(app, options->data);
  app.add_flag("--grey-masks", options->data.greyMasks,
               "Also write the published masks of slices, with grey edges");
  app.add_flag("--overlays,!--no-overlays", options->overlays,
               "Also write pictures of the predictions; default: yes");
  app.add_option("--postprocess", options->postprocess,
                 "Steps that change the labels, such as "
                 "largest,holes:2,min-volume=50:each; a file of them (.json); "
                 "auto: those of the checkpoints' cross-validation; or none; "
                 "default: those that the model was exported with");
  app.add_option("--profile", options->profile,
                 "File for the time of each stage (JSON)");
  app.add_option("--value-ranges", options->valueRanges,
                 "File for the scales by which 8-bit integers stand for what "
                 "each kernel writes (JSON), of a model of f32 on the CPU: "
                 "`segc compile --calibrate` reads it");
  app.add_option("--max-cases", options->maxCases,
                 "Predict at most so many cases, the first ones of the split "
                 "(default: all)")
      ->check(integerIn(1));
  app.add_flag("--save-probabilities", options->saveProbabilities,
               "Also write probabilities: of all classes in windows "
               "(CASE.npy), of class 1 of slices (test-probabilities.tif)");
  addSharing(app, options->ranks);
  const std::set<std::string> ofWindows =
      addWindowOptions(app, options->windows);
  app.callback([&command, options, &app, ofWindows] {
    options->windows.given = givenOf(app, ofWindows);
    command = [options] { return runPredict(*options); };
  });
}

static void addBenchmark(CLI::App &root,
                         std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand(
      "benchmark", "Measure latency and throughput of a model");
  auto options = std::make_shared<BenchmarkOptions>();
  addModelOptions(app, options->model);
  addDataOptions(app, options->data);
  app.add_option("--mode", options->mode, "Entry to measure; default: predict")
      ->check(CLI::IsMember({"train", "predict"}));
  app.add_option("--warmup-steps,--warmup_steps", options->warmupSteps,
                 "Steps before those that are timed; default: 10")
      ->check(integerIn(0, maxBenchmarkSteps));
  app.add_option("--steps,--bench-steps,--bench_steps", options->steps,
                 "Steps that are timed; default: 50")
      ->check(integerIn(1, maxBenchmarkSteps));
  app.add_option(
         "--augment-on", options->augmentOn,
         "Where the patches of a cache are augmented: by threads of the "
         "host, or by the model's entry augment on the device; default: "
         "they are not augmented")
      ->check(CLI::IsMember({"host", "device"}));
  app.add_option("--json", options->json,
                 "File for the results (JSON); default: standard output");
  app.add_option("--profile", options->profile,
                 "File for the time of each kernel (JSON); `segc compile "
                 "--report` shows it");
  app.add_option("--trace", options->trace,
                 "File for one step's kernels in the format of "
                 "chrome://tracing and Perfetto");
  app.add_option("--dump-outputs", options->dumpOutputs,
                 "File for the outputs of the last step (.safetensors)");
  app.callback([&command, options] {
    command = [options] { return runBenchmark(*options); };
  });
}

static void addCheck(CLI::App &root, std::function<CommandResult()> &command) {
  CLI::App &app =
      *root.add_subcommand("check", "List the faults of a data set");
  auto options = std::make_shared<CheckOptions>();
  app.add_option("--data,DATA", options->data,
                 "Data set: a folder with dataset.json, or of slices")
      ->required();
  app.add_option("--json", options->json,
                 "File for the list of faults (JSON); default: none");
  app.add_option("--fix", options->fix,
                 "Folder for a repaired copy; cases that cannot be repaired "
                 "are left out");
  app.add_flag("--renumber-labels", options->renumberLabels,
               "Of the copy: number the classes that labels have 0, 1, 2, ...");
  app.add_option("--replace-non-finite", options->replaceNonFinite,
                 "Of the copy: the value for NaN and infinity in images; "
                 "default: such cases are left out")
      ->check(numberIn(-std::numeric_limits<float>::max(),
                       std::numeric_limits<float>::max()));
  addThreads(app, options->threads);
  addImageLimit(app, options->maxImageBytes);
  app.callback([&command, options] {
    command = [options] { return runCheck(*options); };
  });
}

static void addPlan(CLI::App &root, std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand(
      "plan", "Plan grid, patches and networks for a data set");
  auto options = std::make_shared<PlanOptions>();
  app.add_option("--data,DATA", options->data,
                 "Data set: a folder with dataset.json, or with images and "
                 "labels")
      ->required();
  app.add_option("-o,--output", options->output, "File for the plan (JSON)")
      ->required();
  app.add_option("--rules", options->rules,
                 "Whose rules: the published example's, nnU-Net v2's, or those "
                 "of the 3D U-Net of MLPerf")
      ->check(CLI::IsMember({"example", "v2", "mlperf"}))
      ->capture_default_str();
  app.add_option("--planner", options->planner,
                 "Network that v2 plans: plain, or with a residual encoder of "
                 "size M or L")
      ->check(CLI::IsMember({"default", "ResEncM", "ResEncL"}))
      ->capture_default_str();
  app.add_option("--device-memory", options->deviceMemory,
                 "Of v2: memory of the device to plan for, such as 12GiB; "
                 "default: 8GiB, with ResEncL 24GiB")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true));
  app.add_option("--task", options->task,
                 "Of the example: Decathlon task, 01 to 10; default: that of "
                 "the data set's name");
  app.add_option("--patch", options->patch,
                 "Of the example, for data of no task, and of mlperf: sizes of "
                 "a patch in voxels, as z,y,x; default of mlperf: 128,128,128")
      ->expected(3)
      ->delimiter(',');
  app.add_flag("--published-axis", options->publishedAxis,
               "Of the example: give the 10th percentile to the finest axis, "
               "as published, not to the coarsest");
  app.add_option("--orientation", options->orientation,
                 "Order of the axes of volumes: RAS, or file (as stored)")
      ->check(CLI::IsMember({"RAS", "file"}))
      ->capture_default_str();
  addThreads(app, options->threads);
  addImageLimit(app, options->maxImageBytes);
  app.callback([&command, options] {
    command = [options] { return runPlan(*options); };
  });
}

static void addPreprocess(CLI::App &root,
                          std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand(
      "preprocess", "Write the cases of a data set as a plan has them");
  auto options = std::make_shared<PreprocessOptions>();
  app.add_option("--data,DATA", options->data,
                 "Data set: a folder with dataset.json, or with images and "
                 "labels")
      ->required();
  app.add_option("--plan", options->plan,
                 "Plan of `segrun plan`, or the plans.json of nnU-Net v2")
      ->required();
  app.add_option("-o,--output", options->output, "Folder for the cache")
      ->required();
  app.add_option("--configuration", options->configuration,
                 "Configuration of the plan; default: 3d_fullres, or the only "
                 "one");
  addThreads(app, options->threads);
  addImageLimit(app, options->maxImageBytes);
  addSharing(app, options->ranks);
  app.callback([&command, options] {
    command = [options] { return runPreprocess(*options); };
  });
}

static void addExport(CLI::App &root, std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand(
      "export",
      "Write a model for inference with its weights inside: compiled, "
      "or as ONNX");
  auto options = std::make_shared<ExportOptions>();
  app.add_option("--model", options->model,
                 "Compiled model (.so), or a network (.mlir)")
      ->required();
  app.add_option("--checkpoint", options->checkpoint,
                 "Weights (.safetensors), a checkpoint or a results folder")
      ->required();
  app.add_option("-o,--output", options->output,
                 "File for the exported model (.so or .onnx)")
      ->required();
  app.add_flag("--features", options->features,
               "Of a network in windows: predict gives the features in front "
               "of the head, which takes less memory with many classes");
  app.add_option("--postprocess", options->postprocess,
                 "Steps that predictions with the model follow, as of predict, "
                 "or none; default: auto, where the checkpoint lies in the "
                 "folder of a cross-validation that chose some");
  addWindowSettings(app, options->windows, "0.5", "gaussian");
  app.callback([&command, options] {
    command = [options] { return runExport(*options); };
  });
}

static void addImport(CLI::App &root, std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand(
      "import", "Write a network and weights of nnU-Net v2 as those of segc");
  auto options = std::make_shared<ImportOptions>();
  app.add_option("--checkpoint", options->checkpoint,
                 "Weights with the names of nnU-Net (.safetensors)")
      ->required();
  app.add_option(
         "--plan", options->plan,
         "Plans of nnU-Net (plans.json) that the network was trained with")
      ->required();
  app.add_option("--dataset", options->dataset,
                 "Data set of nnU-Net (dataset.json) that it was trained with")
      ->required();
  app.add_option("--configuration", options->configuration,
                 "Configuration of the plan; default: 3d_fullres, or the only "
                 "one");
  app.add_option("-o,--output", options->output,
                 "New folder for plan, network and weights")
      ->required();
  app.callback([&command, options] {
    command = [options] { return runImport(*options); };
  });
}

void segc::addCommands(CLI::App &app, const std::string &commandLine,
                       std::function<CommandResult()> &command) {
  addCheck(app, command);
  addPlan(app, command);
  addPreprocess(app, command);
  addTrain(app, commandLine, command);
  addCrossValidate(app, commandLine, command);
  addEvaluate(app, commandLine, command);
  addPredict(app, command);
  addBenchmark(app, command);
  addExport(app, command);
  addImport(app, command);
}
