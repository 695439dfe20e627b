//===- TrainCommandLine.cpp - Command lines of trainings ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "segc/Base/NumberChecks.h"
#include "segc/Plan/Optimizers.h"
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
  app.add_option("--epochs,--train_epochs", options.epochs,
                 "Length of the run; default: the network's recipe")
      ->check(integerIn(1, maxEpochs));
  app.add_option("--max-steps,--max_steps", options.maxSteps,
                 "Length of the run in steps, instead of --epochs")
      ->check(integerIn(1, maxSteps));
  app.add_option_function<std::string>(
         "--max-time",
         [&options](const std::string &text) {
           options.maxSeconds = readDuration(text);
         },
         "Ends the run after this much training, over all resumed runs: "
         "seconds, or a number with m or h")
      ->check(duration());
  app.add_option("--patience", options.patience,
                 "Ends the run after so many evaluations without a new best; "
                 "0: never")
      ->check(integerIn(0, maxSteps));
}

static void addRates(CLI::App &app, TrainOptions &options) {
  app.add_option("--learning-rate,--learning_rate,--base_lr",
                 options.learningRate,
                 "Learning rate; default: that of the network's optimizer")
      ->check(numberIn(0, maxRate));
  app.add_option("--momentum", options.momentum,
                 "Momentum of " + optimizersWith("momentum"))
      ->check(numberIn(0, 1));
  app.add_option("--weight-decay,--weight_decay", options.weightDecay,
                 "Weight decay of the parameters that the network marks")
      ->check(numberIn(0, maxRate));
  app.add_option("--loss-scale,--loss_scale", options.lossScale,
                 "Loss scale: dynamic, or a number; default: dynamic for a "
                 "model of f16, else 1");
  app.add_option("--scheduler", options.scheduler,
                 "Learning rate schedule: none (constant), poly, cosine, "
                 "cosine_annealing or piecewise");
  app.add_option("--end-learning-rate", options.endLearningRate,
                 "Learning rate at the end of poly")
      ->check(numberIn(0, maxRate));
  app.add_option("--cosine-annealing-first-cycle-steps",
                 options.firstCycleSteps,
                 "Length of the first cycle of cosine_annealing")
      ->check(integerIn(1, maxSteps));
  app.add_option("--lr-milestones", options.milestones,
                 "Steps from which piecewise multiplies by --lr-factor")
      ->delimiter(',')
      ->check(integerIn(0, maxSteps));
  app.add_option("--lr-factor", options.milestoneFactor,
                 "Factor of piecewise at each milestone; default: 0.1")
      ->check(numberIn(0, maxRate));
  app.add_option("--schedule-by", options.scheduleBy,
                 "Whether the rate changes at each step or at each epoch")
      ->check(CLI::IsMember({"step", "epoch"}));
  app.add_option("--lr-warmup-epochs,--lr_warmup_epochs",
                 options.lrWarmupEpochs,
                 "Epochs of the learning rate's warm-up")
      ->check(integerIn(0, maxEpochs));
  app.add_option("--init-learning-rate,--init_learning_rate",
                 options.initialLearningRate,
                 "Learning rate at the start of the warm-up")
      ->check(numberIn(0, maxRate));
}

static void addEvaluationAndSaving(CLI::App &app, TrainOptions &options) {
  app.add_option("--log-every,--log_every", options.logEvery,
                 "Steps between records of the log")
      ->check(integerIn(1, maxSteps));
  app.add_flag("--tensorboard", options.tensorboard,
               "Write the log as an event file of TensorBoard, too, into "
               "tensorboard/ of the results folder");
  app.add_option("--evaluate-every,--evaluate_every", options.evaluateEvery,
                 "Steps between evaluations; 0: by the network's recipe")
      ->check(integerIn(0, maxSteps));
  app.add_option("--skip-eval", options.skipEval,
                 "Epochs before the first evaluation")
      ->check(integerIn(0, maxEpochs));
  app.add_option("--best-by", options.bestBy,
                 "What the best checkpoint is best by: dice, or smoothed_dice, "
                 "nnU-Net v2's moving mean")
      ->check(CLI::IsMember({"dice", "smoothed_dice"}));
  app.add_option(
         "--save-every", options.saveEvery,
         "Steps between checkpoints; 0: at evaluations, every ten minutes "
         "and at the end")
      ->check(integerIn(0, maxSteps));
}

static void addRanks(CLI::App &app, TrainOptions &options) {
  app.add_option("--ranks", options.ranks,
                 "Start so many processes on this machine, by mpirun, that "
                 "train together; on a cluster its launcher starts them")
      ->check(integerIn(1, maxRanks));
  app.add_option("--max-restarts", options.maxRestarts,
                 "How often --ranks starts the processes again after they "
                 "failed, from the last checkpoint")
      ->check(integerIn(0, maxSteps));
  app.add_option("--messages", options.messages,
                 "Plugin that connects ranks; default: segc-mpi.so of this "
                 "build or installation")
      ->check(CLI::ExistingFile);
  app.add_option("--nccl", options.nccl,
                 "NCCL's library, which connects the GPUs of ranks; default: "
                 "the system's libnccl.so.2")
      ->check(CLI::ExistingFile);
  app.add_option("--collective-timeout", options.timeout,
                 "Seconds after which ranks give up on one that does not "
                 "answer")
      ->check(numberIn(0.001, maxDuration));
}

/// The options of every training.
static void addTraining(CLI::App &app, TrainOptions &options) {
  addModelOptions(app, options.model);
  addDataOptions(app, options.data);
  app.add_option("--results,--model_dir", options.results, "Results folder");
  app.add_option("--init", options.init, "Initial weights (.safetensors)");
  addLength(app, options);
  app.add_flag_function(
      "--augment,!--no-augment",
      [&options](int64_t count) { options.augment = count > 0; },
      "Augment the training samples");
  app.add_option("--augmentation", options.augmentation,
                 "Of the patches of a cache: the published example's, nnU-Net "
                 "v2's, MLPerf's (with its published brightness, too), or "
                 "none; --augment takes that of the plan's rules")
      ->check(CLI::IsMember(
          {"none", "example", "v2", "mlperf", "mlperf_published"}));
  app.add_option(
         "--augment-on", options.augmentOn,
         "Where the patches of a cache are augmented: by threads of the "
         "host, or by the model's entry augment on the device; default: "
         "the device, where the model has the entry and it is not the "
         "host")
      ->check(CLI::IsMember({"host", "device"}));
  app.add_option("--loader-threads", options.loaderThreads,
                 "Threads that prepare batches; default: 1; results do not "
                 "depend on it")
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
                 "Train on image_0, label_0, ... of a safetensors file");
  app.add_option("--ckpt-strategy", options->checkpointStrategy,
                 "Checkpoints to keep")
      ->check(CLI::IsMember({"last_and_best", "last_only", "none"}));
  app.add_option("--dump-gradients", options->dumpGradients,
                 "Write the first step's gradients (.safetensors)");
  app.add_option("--accumulate", options->accumulate,
                 "Batches of a step, whose gradients are averaged: as a batch "
                 "of all of them, in the memory of one")
      ->check(integerIn(1, maxAccumulate));
  app.add_flag("--benchmark,!--no-benchmark", options->benchmark,
               "Measure the time of --max-steps steps instead of training");
  app.add_option("--warmup-steps,--warmup_steps", options->warmupSteps,
                 "Steps that --benchmark does not time")
      ->check(integerIn(0, maxBenchmarkSteps));
  app.add_option("--json", options->json, "Results file of --benchmark");
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
                 "How many of the five folds, from the first")
      ->check(integerIn(1, 5))
      ->capture_default_str();
  app.add_option("--seeds", options->seeds,
                 "Seeds of all random numbers; all folds are trained with each")
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
