//===- TrainCommandLine.cpp - Command lines of trainings ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "segc/Base/NumberChecks.h"
#include "segc/Plan/Optimizers.h"
#include "segc/Runtime/Data/NumpyRandom.h"
#include "segc/Runtime/Train/RunSettings.h"

using namespace segc;

/// The longest time of a run, a hundred years, in seconds.
static constexpr double maxDuration = 3.2e9;

/// Reads seconds, minutes (m) or hours (h); 0 if the text is none of them.
static double readDuration(std::string text) {
  double unit = 1;
  if (!text.empty() &&
      std::string("smh").find(text.back()) != std::string::npos) {
    unit = text.back() == 'h' ? 3600 : text.back() == 'm' ? 60 : 1;
    text.pop_back();
  }
  double value = 0;
  return readNumber(text, value) && value * unit <= maxDuration ? value * unit
                                                                : 0;
}

static CLI::Validator duration() {
  return numberCheck(
      "a time above 0, such as 90, 30m or 2.5h", "TIME",
      [](const std::string &text) { return readDuration(text) > 0; });
}

static void addLength(CLI::App &app, TrainOptions &options) {
  app.add_option(
         "--epochs,--train_epochs", options.epochs,
         "Length of the run in epochs; default: that of the network's recipe")
      ->check(integerIn(1, maxEpochs));
  app.add_option("--max-steps,--max_steps", options.maxSteps,
                 "Length of the run in steps, instead of --epochs; default: by "
                 "--epochs")
      ->check(integerIn(1, maxSteps));
  app.add_option(
         "--steps-per-epoch,--steps_per_epoch", options.stepsPerEpoch,
         "Steps of an epoch; default: those of the network's plan, else "
         "as many as show each case once")
      ->check(integerIn(1, maxSteps));
  app.add_option_function<std::string>(
         "--max-time",
         [&options](const std::string &text) {
           options.maxSeconds = readDuration(text);
         },
         "End the run after this much training, over all resumed runs: "
         "seconds, or a number with m or h, such as 2.5h; default: no limit")
      ->check(duration());
  app.add_option("--patience", options.patience,
                 "End the run after so many evaluations without a new best; "
                 "default: 0, never")
      ->check(integerIn(0, maxSteps));
  app.add_option("--target-dice,--quality_threshold", options.targetDice,
                 "End the run after an evaluation that reaches this value, 0 "
                 "to 1, of what --best-by says; default: 0, never")
      ->check(numberIn(0, 1));
}

static void addRates(CLI::App &app, TrainOptions &options) {
  app.add_option("--learning-rate,--learning_rate,--base_lr",
                 options.learningRate,
                 "Learning rate; default: that of the network's optimizer")
      ->check(numberIn(0, maxRate));
  app.add_option("--momentum", options.momentum,
                 "Momentum of " + optimizersWith("momentum") +
                     "; default: that of the network's optimizer")
      ->check(numberIn(0, 1));
  app.add_option("--weight-decay,--weight_decay", options.weightDecay,
                 "Weight decay of the parameters that the network marks; "
                 "default: that of the network's optimizer")
      ->check(numberIn(0, maxRate));
  app.add_option("--loss-scale,--loss_scale", options.lossScale,
                 "Loss scale: dynamic, or a number; default: dynamic for a "
                 "model of f16, else 1");
  app.add_option(
      "--scheduler", options.scheduler,
      "Schedule of the learning rate: none (constant), poly, cosine, "
      "cosine_annealing or piecewise; default: that of the network's recipe");
  app.add_option(
         "--end-learning-rate", options.endLearningRate,
         "Learning rate at the end of poly; default: 1e-5, of plans of v2 0")
      ->check(numberIn(0, maxRate));
  app.add_option("--cosine-annealing-first-cycle-steps",
                 options.firstCycleSteps,
                 "Length of the first cycle of cosine_annealing, in steps; "
                 "each later one is twice as long; default: 4096")
      ->check(integerIn(1, maxSteps));
  app.add_option("--lr-milestones", options.milestones,
                 "Steps from which piecewise multiplies the rate by "
                 "--lr-factor, such as 1000,2000; default: none")
      ->delimiter(',')
      ->check(integerIn(0, maxSteps));
  app.add_option("--lr-factor", options.milestoneFactor,
                 "Factor of piecewise at each milestone; default: 0.1")
      ->check(numberIn(0, maxRate));
  app.add_option("--schedule-by", options.scheduleBy,
                 "Whether the rate changes at each step or at each epoch; "
                 "default: step, of plans of v2 epoch")
      ->check(CLI::IsMember({"step", "epoch"}));
  app.add_option("--lr-warmup-epochs,--lr_warmup_epochs",
                 options.lrWarmupEpochs,
                 "Length of the learning rate's warm-up in epochs; default: 0, "
                 "of MLPerf's network 200")
      ->check(integerIn(0, maxEpochs));
  app.add_option("--init-learning-rate,--init_learning_rate",
                 options.initialLearningRate,
                 "Learning rate at the start of the warm-up; default: 1e-4")
      ->check(numberIn(0, maxRate));
}

static void addEvaluationAndSaving(CLI::App &app, TrainOptions &options) {
  app.add_option("--log-every,--log_every", options.logEvery,
                 "Steps between records of the log; default: 10, of U-Net 100")
      ->check(integerIn(1, maxSteps));
  app.add_flag("--tensorboard", options.tensorboard,
               "Write the log as an event file of TensorBoard, too, into "
               "tensorboard/ of the results folder");
  app.add_option(
         "--evaluate-every,--evaluate_every", options.evaluateEvery,
         "Steps between evaluations; default: 0, as the network's recipe has "
         "it: at each epoch's end, of U-Net at the end of the run")
      ->check(integerIn(0, maxSteps));
  app.add_option("--skip-eval,--skip_first_n_eval", options.skipEval,
                 "Epochs at the start without evaluations; default: 0")
      ->check(integerIn(0, maxEpochs));
  app.add_option("--best-by", options.bestBy,
                 "What the best checkpoint is best by: dice, or smoothed_dice, "
                 "nnU-Net v2's moving mean; default: dice")
      ->check(CLI::IsMember({"dice", "smoothed_dice"}));
  app.add_option("--save-every", options.saveEvery,
                 "Steps between checkpoints; default: 0, at evaluations, every "
                 "ten minutes and at the end")
      ->check(integerIn(0, maxSteps));
}

static void addRanks(CLI::App &app, TrainOptions &options) {
  app.add_option(
         "--ranks", options.ranks,
         "Number of processes to start on this machine, by mpirun, which train "
         "together; on a cluster its launcher starts them; default: 1")
      ->check(integerIn(1, maxRanks));
  app.add_option("--max-restarts", options.maxRestarts,
                 "How often --ranks starts the processes again after they "
                 "failed, from the last checkpoint; default: 0")
      ->check(integerIn(0, maxSteps));
  app.add_option("--messages", options.messages,
                 "Plugin that connects ranks; default: segc-mpi.so of this "
                 "build or installation")
      ->check(CLI::ExistingFile);
  app.add_option("--shared-memory", options.sharedMemory,
                 "Whether ranks of a machine read and write each other's "
                 "gradients where they lie, on the processor, instead of "
                 "sending them; default: on")
      ->check(CLI::IsMember({"on", "off"}));
  app.add_option("--nccl", options.nccl,
                 "NCCL's library, which connects the GPUs of ranks; default: "
                 "the system's libnccl.so.2")
      ->check(CLI::ExistingFile);
  app.add_option("--collective-timeout", options.timeout,
                 "Seconds after which ranks give up on one that does not "
                 "answer; default: 600")
      ->check(numberIn(0.001, maxDuration));
}

/// How the patches of a cache are placed and augmented.
static void addPatches(CLI::App &app, TrainOptions &options) {
  app.add_option("--augmentation", options.augmentation,
                 "Rules by which the patches of a cache are cropped and "
                 "augmented: the published example's, nnU-Net v2's, MLPerf's "
                 "(or with its published brightness), or none; default: none, "
                 "with --augment those of the plan")
      ->check(CLI::IsMember(
          {"none", "example", "v2", "mlperf", "mlperf_published"}));
  app.add_option(
         "--augment-on", options.augmentOn,
         "Where the patches of a cache are augmented: by threads of the "
         "host, or by the model's entry augment on the device; default: "
         "the device, where the model has the entry and it is not the "
         "host")
      ->check(CLI::IsMember({"host", "device"}));
  app.add_option("--oversampling", options.oversampling,
                 "Share of the patches of a cache that must show a class; "
                 "default: 0.33, by the rules of MLPerf 0.4")
      ->check(numberIn(0, 1));
  app.add_option("--volumes-per-batch,--nvol", options.volumesPerBatch,
                 "Of a cache of planes, by the rules of the example: how many "
                 "volumes the planes of a step are from; default: 2, or as "
                 "many as planes where their number is odd")
      ->check(integerIn(1, maxBatch));
}

/// The options of every training.
static void addTraining(CLI::App &app, TrainOptions &options) {
  addModelOptions(app, options.model);
  addDataOptions(app, options.data);
  app.add_option("--results,--model_dir", options.results,
                 "Folder for the results; default: results");
  app.add_option(
      "--init", options.init,
      "File of initial weights (.safetensors); default: they are drawn");
  addLength(app, options);
  app.add_flag_function(
      "--augment,!--no-augment",
      [&options](int64_t count) { options.augment = count > 0; },
      "Augment the training samples, patches of a cache by the rules of their "
      "plan; default: no");
  addPatches(app, options);
  app.add_option("--loader-threads,--num-workers,--num_workers",
                 options.loaderThreads,
                 "Threads that prepare batches; results do not depend on it; "
                 "default: 1")
      ->check(integerIn(1, 256));
  app.add_flag("--resume,--resume-training,--resume_training", options.resume,
               "Continue from the last checkpoint, if there is one");
  addRates(app, options);
  addEvaluationAndSaving(app, options);
}

void segc::addTrain(CLI::App &root, const std::string &commandLine,
                    std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand("train", "Train a network");
  auto options = std::make_shared<TrainOptions>();
  options->commandLine = commandLine;
  addTraining(app, *options);
  app.add_option("--batches", options->batches,
                 "File of batches to train on, image_0, label_0, ... "
                 "(.safetensors), instead of a data set");
  app.add_option("--ckpt-strategy", options->checkpointStrategy,
                 "Checkpoints to keep; default: last_and_best")
      ->check(CLI::IsMember({"last_and_best", "last_only", "none"}));
  app.add_option("--predict", options->predict,
                 "Folder for the masks of the data set's test cases, which are "
                 "predicted after the training, as by `segrun predict "
                 "--checkpoint RESULTS`");
  app.add_option("--dump-gradients", options->dumpGradients,
                 "File for the gradients of the first step (.safetensors)");
  app.add_option("--accumulate,--ga_steps", options->accumulate,
                 "Batches of a step, whose gradients are averaged: as a batch "
                 "of all of them, in the memory of one; default: 1")
      ->check(integerIn(1, maxAccumulate));
  app.add_flag(
      "--benchmark,!--no-benchmark", options->benchmark,
      "Measure the time of --max-steps steps (50) instead of training");
  app.add_option("--warmup-steps,--warmup_steps", options->warmupSteps,
                 "Steps before those that --benchmark times; default: 10")
      ->check(integerIn(0, maxBenchmarkSteps));
  app.add_option(
      "--json", options->json,
      "File for the results of --benchmark (JSON); default: standard output");
  addRanks(app, *options);
  app.callback([&command, options] {
    command = [options] { return runTrain(*options); };
  });
}

void segc::addCrossValidate(CLI::App &root, const std::string &commandLine,
                            std::function<CommandResult()> &command) {
  CLI::App &app = *root.add_subcommand(
      "cross-validate",
      "Train on each fold of a data set and evaluate what it holds out");
  auto options = std::make_shared<CrossValidateOptions>();
  options->train.commandLine = commandLine;
  addTraining(app, options->train);
  for (const char *name : {"--fold", "--train-split", "--seed"})
    app.remove_option(app.get_option(name));
  app.add_option("--folds", options->folds,
                 "Number of folds to train, from the first; default: all")
      ->check(integerIn(1, maxFolds));
  app.add_option("--seeds", options->seeds,
                 "Seeds of all random numbers, such as 1,2,3; all folds are "
                 "trained with each")
      ->delimiter(',')
      ->check(integerIn(INT64_MIN))
      ->capture_default_str();
  app.add_option("--checkpoint", options->checkpoint,
                 "Weights that are evaluated, last or best; default: as the "
                 "published example does")
      ->check(CLI::IsMember({"last", "best"}));
  addSharing(app, options->ranks);
  const std::set<std::string> ofCaches = addOriginalGrid(app, options->onGrid);
  app.callback([&command, options, &app, ofCaches] {
    options->onGrid.given = givenOf(app, ofCaches);
    command = [options] { return runCrossValidate(*options); };
  });
}
