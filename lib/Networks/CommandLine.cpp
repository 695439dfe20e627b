//===- CommandLine.cpp - Networks by name and options ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RecipeArguments.h"
#include "segc/Base/Files.h"
#include "segc/Networks/Networks.h"
#include "segc/Plan/PlanFile.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

using namespace mlir;

namespace segc {

static StatusOr<Plan> readPlan(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1u << 28));
  return parsePlan(text, path);
}

static NetworkNorm normOf(const std::string &name) {
  return name == "instance" ? NetworkNorm::Instance
         : name == "batch"  ? NetworkNorm::Batch
         : name == "group"  ? NetworkNorm::Group
                            : NetworkNorm::None;
}

/// What a plan says in place of an option.
static Status refusePlanned(const char *option) {
  if (!option)
    return Status::success();
  return invalidArgument(std::string(option) +
                         ": the plan says it; edit the plan instead");
}

namespace {

class UNetCommand {
public:
  static constexpr const char *summary =
      "U-Net with valid convolutions, for images";

  void declare(CLI::App &app) {
    app.add_option("--width", options.width, "Channels of the first level")
        ->capture_default_str();
    app.add_option("--size", options.inputSize,
                   "Height and width of the padded image, in pixels")
        ->capture_default_str();
    app.add_option("--classes", options.classes,
                   "Number of classes, with the background")
        ->capture_default_str();
    app.add_option("--channels", options.channels, "Channels of the image")
        ->capture_default_str();
    app.add_option("--batch-size", options.batch, "Samples of a step")
        ->capture_default_str();
    app.add_option("--dropout", options.dropout,
                   "Rate of the dropout at the bottleneck, 0 to 1")
        ->capture_default_str();
    recipe.declare(app, options.loss, options.optimizer);
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
                   "Size of the resampled volume in voxels, as z,y,x")
        ->expected(3)
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--width", options.width, "Channels of the first level")
        ->capture_default_str();
    app.add_option("--classes", options.classes,
                   "Number of classes, with the background")
        ->capture_default_str();
    app.add_option("--channels", options.channels,
                   "Channels of the image; --width is a multiple of them")
        ->capture_default_str();
    app.add_option("--batch-size", options.batch, "Samples of a step")
        ->capture_default_str();
    app.add_option("--convolution-size", options.convolutionSize,
                   "Edge of the filters in voxels, 3 or 5")
        ->capture_default_str();
    app.add_option("--downscale-blocks", options.downscaleBlocks,
                   "Convolutions of each level going down")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--upscale-blocks", options.upscaleBlocks,
                   "Convolutions of each level going up")
        ->delimiter(',')
        ->capture_default_str();
    recipe.declare(app, options.loss, options.optimizer);
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
      "nnU-Net, by Decathlon task, by patch and spacing, or by a plan. Loss "
      "and optimizer are those of the published example, with a plan of v2 "
      "those of nnU-Net v2";

  void declare(CLI::App &app) {
    const NNUNetOptions published;
    app.add_option("--plan", plan,
                   "Plan of `segrun plan`, which says all but the batch, the "
                   "norm and what follows; default: none");
    app.add_option(
        "--configuration", configuration,
        "Configuration of the plan; default: 3d_fullres, or the only one");
    app.add_option("--task", task,
                   "Decathlon task, 01 to 10, which gives patch, spacing, "
                   "classes and channels; default: 01 unless --patch is given");
    app.add_option("--dim", dim,
                   "Number of axes, 2 or 3; default: 3, or the number of sizes "
                   "of --patch");
    app.add_option(
           "--patch", patch,
           "Sizes of a patch in voxels, as z,y,x; default: those of the task")
        ->expected(2, 3)
        ->delimiter(',');
    app.add_option(
           "--spacing", spacing,
           "Distances of voxels in mm, as z,y,x; default: those of the task")
        ->expected(2, 3)
        ->delimiter(',');
    app.add_option(
        "--classes", classes,
        "Number of classes, with the background; default: that of the task");
    app.add_option("--channels", channels,
                   "Channels of the image; default: those of the task");
    app.add_option("--batch-size", batch,
                   "Samples of a step; default: that of the plan, else " +
                       std::to_string(published.batch));
    app.add_option("--norm", norm, "Norm of every convolution but the heads")
        ->check(CLI::IsMember({"instance", "batch", "group", "none"}))
        ->capture_default_str();
    app.add_option("--negative-slope", negativeSlope,
                   "Slope of the leaky ReLU for values below 0; default: 0.01");
    addSwitch(
        app, "--deep-supervision",
        [this](bool value) { deepSupervision = value; },
        "Add losses on lower levels of the decoder; default: no, with a plan "
        "of v2 yes");
    app.add_option("--deep-supervision-levels,--deep-supr-num",
                   supervisedLevels,
                   "Number of lower levels of the decoder that have a loss; "
                   "default: 2, with a plan of v2 all but the deepest");
    app.add_option("--deep-supervision-weights", headWeights,
                   "Weights of the losses, of 1, 1/2, 1/4, ...: times 8/15 "
                   "(of n losses 1 / (2 - 2^-n)) as published, or normalized "
                   "to a sum of 1; default: published, with a plan of v2 "
                   "normalized")
        ->check(CLI::IsMember({"published", "normalized"}));
    recipe.declare(app, published.loss, published.optimizer);
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
    options.norm = normOf(norm);
    options.negativeSlope = negativeSlope.value_or(options.negativeSlope);
    options.deepSupervision = deepSupervision.value_or(options.deepSupervision);
    options.supervisedLevels = supervisedLevels;
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
  std::optional<int64_t> dim, classes, channels, batch, supervisedLevels;
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
                   "Plan of `segrun plan --rules mlperf`, which says all but "
                   "the batch, the norm and what follows; default: none");
    app.add_option(
        "--configuration", configuration,
        "Configuration of the plan; default: 3d_fullres, or the only one");
    patch = app.add_option("--patch", options.patch,
                           "Sizes of a patch in voxels, as z,y,x")
                ->expected(3)
                ->delimiter(',')
                ->capture_default_str();
    filters = app.add_option("--filters", options.filters,
                             "Channels of each level going down, which says "
                             "how many levels there are")
                  ->delimiter(',')
                  ->capture_default_str();
    classes = app.add_option("--classes", options.classes,
                             "Number of classes, with the background")
                  ->capture_default_str();
    channels =
        app.add_option("--channels", options.channels, "Channels of the image")
            ->capture_default_str();
    batch = app.add_option("--batch-size", options.batch, "Samples of a step")
                ->capture_default_str();
    app.add_option("--norm", norm,
                   "Norm of every convolution but the last; group has 32 "
                   "groups, which divide the --filters")
        ->check(CLI::IsMember({"instance", "batch", "group"}))
        ->capture_default_str();
    app.add_option("--negative-slope", options.negativeSlope,
                   "Slope of the leaky ReLU for values below 0; 0: ReLU")
        ->capture_default_str();
    recipe.declare(app, options.loss, options.optimizer);
  }
  StatusOr<UNet3DOptions> resolve() {
    if (!plan.empty())
      SEGC_RETURN_IF_ERROR(takePlan());
    else if (!configuration.empty())
      return invalidArgument("configuration: expected a --plan with it");
    options.norm = normOf(norm);
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

} // namespace

/// Option names may have underscores, as the published examples write some.
static std::string withDashes(std::string argument) {
  if (StringRef(argument).starts_with("--"))
    std::replace(argument.begin(),
                 argument.begin() +
                     std::min(argument.find('='), argument.size()),
                 '_', '-');
  return argument;
}

template <typename Command>
static void declare(CLI::App &app, Command &command, StringRef name) {
  app.name("segc model " + name.str());
  // The caller answers --help.
  app.set_help_flag();
  command.declare(app);
}

template <typename Command>
static StatusOr<OwningOpRef<ModuleOp>> run(MLIRContext *context, StringRef name,
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
