//===- CommandLine.cpp - Networks by name and options ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Networks/Networks.h"
#include "segc/Plan/PlanFile.h"
#include "llvm/ADT/StringSwitch.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

using namespace mlir;

namespace segc {

static StatusOr<Plan> readPlan(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1u << 28));
  return parsePlan(text, path);
}

/// What a plan says in place of an option.
static Status refusePlanned(const char *option) {
  if (!option)
    return Status::success();
  return invalidArgument(std::string(option) +
                         ": the plan says it; edit the plan instead");
}

namespace {

/// An option that means yes alone and takes yes or no as a value.
template <typename T>
void addSwitch(CLI::App &app, const char *name, T &value,
               const std::string &description) {
  auto assign = [&value, name](const std::string &text) {
    auto parsed = llvm::StringSwitch<std::optional<bool>>(text)
                      .CasesLower({"", "yes", "true", "t", "y", "1"}, true)
                      .CasesLower({"no", "false", "f", "n", "0"}, false)
                      .Default(std::nullopt);
    if (!parsed)
      throw CLI::ValidationError(name, "expected yes or no, got " + text);
    value = *parsed;
  };
  app.add_option_function<std::string>(name, assign, description)
      ->expected(0, 1)
      ->type_name("[BOOLEAN]");
}

/// Loss and optimizer: the same options for every network. What is not given
/// stays as the network's recipe has it.
class RecipeArguments {
public:
  void declare(CLI::App &app) {
    std::vector<std::string> kinds;
    for (const Optimizer &known : optimizers())
      kinds.push_back(known.kind);
    app.add_option("--optimizer", optimizer)->check(CLI::IsMember(kinds));
    app.add_option("--learning-rate", learningRate, "default of the runtime");
    app.add_option("--weight-decay", weightDecay, "default of the runtime");
    app.add_option("--momentum", momentum,
                   "default of the runtime (" + optimizersWith("momentum") +
                       ")");
    app.add_option("--epsilon", epsilon, "of " + optimizersWith("epsilon"));
    addSwitch(app, "--nesterov", nesterov,
              "Nesterov's momentum (" + optimizersWith("nesterov") + ")");
    addSwitch(app, "--lookahead", lookahead, "average fast and slow weights");
    app.add_option("--lookahead-sync", lookaheadSync, "steps between averages");
    app.add_option("--lookahead-alpha", lookaheadAlpha,
                   "step of the slow weights");
    app.add_option("--clip-norm", clipNorm,
                   "largest norm of the gradients; 0: not clipped");
    app.add_option("--decay-parameters", decayParameters,
                   "which parameters decay: those of the published recipe, "
                   "all, or kernels without biases and norms")
        ->check(CLI::IsMember({"published", "all", "kernels"}));
    app.add_option(
           "--loss", loss,
           "Dice loss; cross-entropy, that of the worst voxels or focal "
           "loss; or two of them")
        ->check(CLI::IsMember({"dice", "ce", "dice_ce", "focal", "dice_focal",
                               "topk", "dice_topk"}));
    app.add_option("--focal-gamma", focalGamma,
                   "exponent of the focal loss (2)");
    app.add_option("--top-k-percent", topKPercent,
                   "of the voxels of a batch that the top-k loss takes (10)");
    addSwitch(app, "--loss-batch-reduction", batchReduce,
              "one Dice for the whole batch");
    addSwitch(app, "--loss-include-background", includeBackground,
              "class 0 counts in the Dice loss");
    app.add_option("--class-weights", classWeights,
                   "of the cross-entropy, one for each class")
        ->delimiter(',');
    addSwitch(app, "--ignore-unlabelled", ignoreUnlabelled,
              "voxels whose label is no class do not count");
  }

  void apply(LossOptions &options) const {
    if (loss) {
      StringRef name = *loss;
      options.dice = name.starts_with("dice");
      options.crossEntropy = name != "dice";
      options.focalGamma = name.ends_with("focal") ? 2 : 0;
      options.topKPercent = name.ends_with("topk") ? 10 : 0;
    }
    options.topKPercent = topKPercent.value_or(options.topKPercent);
    options.focalGamma = focalGamma.value_or(options.focalGamma);
    options.batchReduce = batchReduce.value_or(options.batchReduce);
    options.includeBackground =
        includeBackground.value_or(options.includeBackground);
    options.classWeights = classWeights;
    // A plan with an ignore label says so, too.
    options.ignoreUnlabelled |= ignoreUnlabelled;
  }

  void apply(OptimizerOptions &options) const {
    if (optimizer && *optimizer != options.kind)
      options.switchTo(*optimizer);
    options.learningRate = learningRate.value_or(options.learningRate);
    options.weightDecay = weightDecay.value_or(options.weightDecay);
    options.momentum = momentum.value_or(options.momentum);
    options.epsilon = epsilon.value_or(options.epsilon);
    options.nesterov = nesterov.value_or(options.nesterov);
    options.clipNorm = clipNorm.value_or(options.clipNorm);
    if (decayParameters)
      options.decayScope = *decayParameters == "all" ? DecayScope::All
                           : *decayParameters == "kernels"
                               ? DecayScope::Kernels
                               : DecayScope::Published;
    options.lookahead = lookahead;
    options.lookaheadSync = lookaheadSync.value_or(options.lookaheadSync);
    options.lookaheadAlpha = lookaheadAlpha.value_or(options.lookaheadAlpha);
  }

private:
  std::optional<std::string> optimizer, loss, decayParameters;
  std::vector<double> classWeights;
  std::optional<double> learningRate, weightDecay, momentum, epsilon,
      lookaheadAlpha, focalGamma, topKPercent, clipNorm;
  std::optional<int64_t> lookaheadSync;
  std::optional<bool> batchReduce, includeBackground, nesterov;
  bool lookahead = false, ignoreUnlabelled = false;
};

class UNetCommand {
public:
  static constexpr const char *summary =
      "U-Net with valid convolutions, for images";

  void declare(CLI::App &app) {
    app.add_option("--width", options.width, "channels of the first level")
        ->capture_default_str();
    app.add_option("--size", options.inputSize,
                   "height and width of the padded image")
        ->capture_default_str();
    app.add_option("--classes", options.classes)->capture_default_str();
    app.add_option("--channels", options.channels, "channels of the image")
        ->capture_default_str();
    app.add_option("--batch-size", options.batch)->capture_default_str();
    app.add_option("--dropout", options.dropout, "rate at the bottleneck")
        ->capture_default_str();
    recipe.declare(app);
  }
  StatusOr<UNetOptions> resolve() {
    recipe.apply(options.loss);
    recipe.apply(options.optimizer);
    return options;
  }
  static constexpr auto build = buildUNet2D;

private:
  UNetOptions options;
  RecipeArguments recipe;
};

class VNetCommand {
public:
  static constexpr const char *summary =
      "V-Net with residual blocks and batch norm, for volumes";

  void declare(CLI::App &app) {
    app.add_option("--input-shape", options.inputShape,
                   "size of the resampled volume")
        ->expected(3)
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--width", options.width, "channels of the first level")
        ->capture_default_str();
    app.add_option("--classes", options.classes)->capture_default_str();
    app.add_option("--channels", options.channels,
                   "channels of the image; --width is a multiple of them")
        ->capture_default_str();
    app.add_option("--batch-size", options.batch)->capture_default_str();
    app.add_option("--convolution-size", options.convolutionSize, "3 or 5")
        ->capture_default_str();
    app.add_option("--downscale-blocks", options.downscaleBlocks,
                   "convolutions of each level going down")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--upscale-blocks", options.upscaleBlocks,
                   "convolutions of each level going up")
        ->delimiter(',')
        ->capture_default_str();
    recipe.declare(app);
  }
  StatusOr<VNetOptions> resolve() {
    recipe.apply(options.loss);
    recipe.apply(options.optimizer);
    return options;
  }
  static constexpr auto build = buildVNet;

private:
  VNetOptions options;
  RecipeArguments recipe;
};

class NNUNetCommand {
public:
  static constexpr const char *summary =
      "nnU-Net, by Decathlon task, by patch and spacing, or by a plan";

  void declare(CLI::App &app) {
    app.add_option("--plan", plan,
                   "plan of `segrun plan`, which gives all but the batch, the "
                   "norm and what follows");
    app.add_option("--configuration", configuration,
                   "of the plan (3d_fullres, or the only one)");
    app.add_option("--task", task,
                   "01 to 10; gives patch, spacing, classes and channels (01 "
                   "unless --patch is given)");
    app.add_option("--dim", dim,
                   "2 or 3 (3, or the number of sizes of --patch)");
    app.add_option("--patch", patch, "sizes in z, y, x order")
        ->expected(2, 3)
        ->delimiter(',');
    app.add_option("--spacing", spacing, "target spacing in z, y, x order")
        ->expected(2, 3)
        ->delimiter(',');
    app.add_option("--classes", classes);
    app.add_option("--channels", channels, "channels of the image");
    app.add_option("--batch-size", batch);
    app.add_option("--norm", norm, "of every convolution but the heads")
        ->check(CLI::IsMember({"instance", "batch", "group", "none"}))
        ->capture_default_str();
    app.add_option("--negative-slope", negativeSlope, "of the leaky ReLU");
    addSwitch(app, "--deep-supervision", deepSupervision,
              "losses on lower decoder levels too (yes for plans of v2)");
    app.add_option("--deep-supervision-weights", headWeights,
                   "of 1, 1/2 and 1/4: times 8/15 as published, or normalized "
                   "to a sum of 1")
        ->check(CLI::IsMember({"published", "normalized"}));
    recipe.declare(app);
  }
  StatusOr<NNUNetOptions> resolve() {
    if (!plan.empty())
      return resolvePlan();
    if (!configuration.empty())
      return invalidArgument("configuration: expected a --plan with it");
    int64_t dimensions =
        dim.value_or(patch.empty() ? 3 : static_cast<int64_t>(patch.size()));
    NNUNetOptions options;
    options.dim = dimensions;
    if (task || patch.empty()) {
      SEGC_ASSIGN_OR_RETURN(
          options, NNUNetOptions::forTask(task.value_or("01"), dimensions));
    } else if (spacing.empty()) {
      return invalidArgument("spacing: expected a value for each axis of "
                             "--patch (or a --task), got none");
    }
    if (!patch.empty())
      options.patch = patch;
    if (!spacing.empty())
      options.spacing = spacing;
    options.classes = classes.value_or(options.classes);
    options.channels = channels.value_or(options.channels);
    SEGC_RETURN_IF_ERROR(applyCommon(options));
    return options;
  }
  static constexpr auto build = buildNNUNet;

private:
  StatusOr<NNUNetOptions> resolvePlan() {
    const char *given = task               ? "task"
                        : dim              ? "dim"
                        : !patch.empty()   ? "patch"
                        : !spacing.empty() ? "spacing"
                        : classes          ? "classes"
                        : channels         ? "channels"
                                           : nullptr;
    SEGC_RETURN_IF_ERROR(refusePlanned(given));
    SEGC_ASSIGN_OR_RETURN(Plan parsed, readPlan(plan));
    SEGC_ASSIGN_OR_RETURN(NNUNetOptions options,
                          NNUNetOptions::forPlan(parsed, configuration));
    SEGC_RETURN_IF_ERROR(applyCommon(options));
    return options;
  }
  /// What a task, a patch and a plan leave open.
  Status applyCommon(NNUNetOptions &options) const {
    options.batch = batch.value_or(options.batch);
    options.norm = norm == "instance" ? NetworkNorm::Instance
                   : norm == "batch"  ? NetworkNorm::Batch
                   : norm == "group"  ? NetworkNorm::Group
                                      : NetworkNorm::None;
    options.negativeSlope = negativeSlope.value_or(options.negativeSlope);
    options.deepSupervision = deepSupervision.value_or(options.deepSupervision);
    recipe.apply(options.loss);
    if (headWeights && !options.deepSupervision)
      return invalidArgument("deep-supervision-weights: expected "
                             "--deep-supervision beside it, got none");
    if (headWeights)
      options.loss.normalizedHeads = headWeights == "normalized";
    recipe.apply(options.optimizer);
    return Status::success();
  }

  std::string plan, configuration;
  std::optional<std::string> task;
  std::optional<int64_t> dim, classes, channels, batch;
  std::vector<int64_t> patch;
  std::vector<double> spacing;
  std::string norm = "instance";
  std::optional<std::string> headWeights;
  std::optional<double> negativeSlope;
  std::optional<bool> deepSupervision;
  RecipeArguments recipe;
};

class UNet3DCommand {
public:
  static constexpr const char *summary =
      "3D U-Net of the MLPerf training benchmark, for volumes (KiTS19)";

  void declare(CLI::App &app) {
    app.add_option("--plan", plan,
                   "plan of `segrun plan --rules mlperf`, which gives all but "
                   "the batch, the norm and what follows");
    app.add_option("--configuration", configuration,
                   "of the plan (3d_fullres, or the only one)");
    patch = app.add_option("--patch", options.patch, "sizes in z, y, x order")
                ->expected(3)
                ->delimiter(',')
                ->capture_default_str();
    filters = app.add_option("--filters", options.filters,
                             "channels of each level going down; as many "
                             "levels")
                  ->delimiter(',')
                  ->capture_default_str();
    classes =
        app.add_option("--classes", options.classes)->capture_default_str();
    channels =
        app.add_option("--channels", options.channels, "channels of the image")
            ->capture_default_str();
    batch =
        app.add_option("--batch-size", options.batch)->capture_default_str();
    app.add_option("--norm", norm, "of every convolution but the last")
        ->check(CLI::IsMember({"instance", "batch"}))
        ->capture_default_str();
    app.add_option("--negative-slope", options.negativeSlope,
                   "of the leaky ReLU; 0: ReLU")
        ->capture_default_str();
    recipe.declare(app);
  }
  StatusOr<UNet3DOptions> resolve() {
    if (!plan.empty())
      SEGC_RETURN_IF_ERROR(takePlan());
    else if (!configuration.empty())
      return invalidArgument("configuration: expected a --plan with it");
    options.norm = norm == "batch" ? NetworkNorm::Batch : NetworkNorm::Instance;
    recipe.apply(options.loss);
    recipe.apply(options.optimizer);
    return options;
  }
  static constexpr auto build = buildUNet3D;

private:
  Status takePlan() {
    SEGC_RETURN_IF_ERROR(refusePlanned(patch->count()      ? "patch"
                                       : filters->count()  ? "filters"
                                       : classes->count()  ? "classes"
                                       : channels->count() ? "channels"
                                                           : nullptr));
    SEGC_ASSIGN_OR_RETURN(const Plan parsed, readPlan(plan));
    SEGC_ASSIGN_OR_RETURN(UNet3DOptions planned,
                          UNet3DOptions::forPlan(parsed, configuration));
    planned.negativeSlope = options.negativeSlope;
    if (batch->count())
      planned.batch = options.batch;
    options = std::move(planned);
    return Status::success();
  }

  UNet3DOptions options;
  std::string plan, configuration;
  CLI::Option *patch = nullptr, *filters = nullptr, *classes = nullptr,
              *channels = nullptr, *batch = nullptr;
  std::string norm = "instance";
  RecipeArguments recipe;
};

/// Option names may have underscores, as the published examples write some.
std::string withDashes(std::string argument) {
  if (StringRef(argument).starts_with("--"))
    std::replace(argument.begin(),
                 argument.begin() +
                     std::min(argument.find('='), argument.size()),
                 '_', '-');
  return argument;
}

template <typename Command>
void declare(CLI::App &app, Command &command, StringRef name) {
  app.name("segc model " + name.str());
  // The caller answers --help.
  app.set_help_flag();
  command.declare(app);
}

template <typename Command>
StatusOr<OwningOpRef<ModuleOp>> run(MLIRContext *context, StringRef name,
                                    ArrayRef<std::string> args) {
  Command command;
  CLI::App app;
  declare(app, command, name);
  // CLI11 takes the arguments from the back.
  std::vector<std::string> reversed;
  for (const std::string &argument : llvm::reverse(args))
    reversed.push_back(withDashes(argument));
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError &error) {
    return invalidArgument(error.what() + std::string("; '") + app.get_name() +
                           " --help' lists the options and their types");
  }
  SEGC_ASSIGN_OR_RETURN(auto options, command.resolve());
  SEGC_RETURN_IF_ERROR(validate(options));
  return Command::build(context, options);
}

} // namespace

template <typename Command>
static void visit(StringRef name,
                  llvm::function_ref<void(const CLI::App &)> visitor) {
  Command command;
  CLI::App app(Command::summary);
  declare(app, command, name);
  visitor(app);
}

static constexpr StringLiteral names[] = {"unet2d", "vnet", "nnunet", "unet3d"};
/// In the order of `names`.
static constexpr struct {
  StatusOr<OwningOpRef<ModuleOp>> (*run)(MLIRContext *, StringRef,
                                         ArrayRef<std::string>);
  void (*visit)(StringRef, llvm::function_ref<void(const CLI::App &)>);
} commands[] = {{run<UNetCommand>, visit<UNetCommand>},
                {run<VNetCommand>, visit<VNetCommand>},
                {run<NNUNetCommand>, visit<NNUNetCommand>},
                {run<UNet3DCommand>, visit<UNet3DCommand>}};
static_assert(std::size(names) == std::size(commands));

ArrayRef<StringLiteral> networkNames() { return names; }

FailureOr<OwningOpRef<ModuleOp>> buildNetwork(MLIRContext *context,
                                              StringRef name,
                                              ArrayRef<std::string> args,
                                              std::string &error) {
  const StringLiteral *found = llvm::find(names, name);
  if (found == std::end(names)) {
    error = "network: expected " + llvm::join(networkNames(), ", ") +
            ", got '" + name.str() + "'";
    return failure();
  }
  StatusOr<OwningOpRef<ModuleOp>> module =
      commands[found - names].run(context, name, args);
  if (!module) {
    error = module.status().withContext(name.str()).message();
    return failure();
  }
  return std::move(*module);
}

void visitNetworkOptions(StringRef name,
                         llvm::function_ref<void(const CLI::App &)> visitor) {
  const StringLiteral *found = llvm::find(names, name);
  if (found != std::end(names))
    commands[found - names].visit(name, visitor);
}

std::string networkHelp(StringRef name) {
  std::string text;
  visitNetworkOptions(name, [&](const CLI::App &app) { text = app.help(); });
  return text;
}

} // namespace segc
