//===- RecipeArguments.cpp - Options of loss and optimizer ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RecipeArguments.h"
#include "segc/Plan/Optimizers.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSwitch.h"

#include <cstdio>

using namespace llvm;

namespace segc {

void addSwitch(CLI::App &app, const char *name,
               const std::function<void(bool)> &assign,
               const std::string &description) {
  auto parse = [assign, name](const std::string &text) {
    auto parsed = StringSwitch<std::optional<bool>>(text)
                      .CasesLower({"", "yes", "true", "t", "y", "1"}, true)
                      .CasesLower({"no", "false", "f", "n", "0"}, false)
                      .Default(std::nullopt);
    if (!parsed)
      throw CLI::ValidationError(name, "expected yes or no, got " + text);
    assign(*parsed);
  };
  app.add_option_function<std::string>(name, parse, description)
      ->expected(0, 1)
      ->type_name("[BOOLEAN]");
}

static std::string defaultOf(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "; default: %g", value);
  return text;
}

static std::string defaultOf(bool value) {
  return std::string("; default: ") + (value ? "yes" : "no");
}

/// The epsilon of each kind that has one.
static std::string epsilonText() {
  std::string text;
  for (const Optimizer &known : optimizers())
    if (known.has("epsilon")) {
      char value[40];
      std::snprintf(value, sizeof(value), "%g", known.epsilon);
      text += (text.empty() ? "" : ", ") + std::string(value) + " (" +
              known.kind + ")";
    }
  return text;
}

static std::string lossName(const LossOptions &loss) {
  const std::string second = loss.focalGamma > 0    ? "focal"
                             : loss.topKPercent > 0 ? "topk"
                                                    : "ce";
  if (!loss.crossEntropy)
    return "dice";
  return loss.dice ? "dice_" + second : second;
}

void RecipeArguments::declareOptimizer(CLI::App &app,
                                       const OptimizerOptions &recipe) {
  std::vector<std::string> kinds;
  for (const Optimizer &known : optimizers())
    kinds.push_back(known.kind);
  app.add_option("--optimizer", optimizer, "Optimizer; default: " + recipe.kind)
      ->check(CLI::IsMember(kinds));
  const std::string ofRuntime = " of `segrun train` unless it is given another";
  app.add_option("--learning-rate", learningRate,
                 "Learning rate" + ofRuntime + defaultOf(recipe.learningRate));
  app.add_option("--weight-decay", weightDecay,
                 "Weight decay" + ofRuntime + defaultOf(recipe.weightDecay));
  app.add_option("--momentum", momentum,
                 "Momentum (" + optimizersWith("momentum") + ")" + ofRuntime +
                     defaultOf(recipe.momentum));
  app.add_option("--epsilon", epsilon,
                 "Epsilon of " + optimizersWith("epsilon") +
                     "; default: " + epsilonText());
  addSwitch(
      app, "--nesterov", [this](bool value) { nesterov = value; },
      "Use Nesterov's momentum (" + optimizersWith("nesterov") + ")" +
          defaultOf(recipe.nesterov));
  addSwitch(
      app, "--lookahead", [this](bool value) { lookahead = value; },
      "Average fast and slow weights" + defaultOf(recipe.lookahead));
  app.add_option("--lookahead-sync", lookaheadSync,
                 "Steps between these averages; default: " +
                     std::to_string(recipe.lookaheadSync));
  app.add_option("--lookahead-alpha", lookaheadAlpha,
                 "Share of the fast weights in them, above 0, at most 1" +
                     defaultOf(recipe.lookaheadAlpha));
  app.add_option("--clip-norm,--gradient-clip-val", clipNorm,
                 "Maximum norm of the gradients, 0 for any" +
                     defaultOf(recipe.clipNorm));
  app.add_option("--decay-parameters", decayParameters,
                 "Parameters that decay: those of the published recipe, all, "
                 "or kernels, without biases and norms; default: published")
      ->check(CLI::IsMember({"published", "all", "kernels"}));
}

void RecipeArguments::declareLoss(CLI::App &app, const LossOptions &recipe) {
  app.add_option("--loss", loss,
                 "Dice loss, cross-entropy (ce), focal loss or cross-entropy "
                 "of the worst voxels (topk), or two of them added; default: " +
                     lossName(recipe))
      ->check(CLI::IsMember({"dice", "ce", "dice_ce", "focal", "dice_focal",
                             "topk", "dice_topk"}));
  app.add_option("--focal-gamma", focalGamma,
                 "Exponent of the focal loss; default: 2");
  app.add_option("--top-k-percent", topKPercent,
                 "Share of the voxels of a batch that the top-k loss takes, in "
                 "per cent; default: 10");
  addSwitch(
      app, "--loss-batch-reduction",
      [this](bool value) { batchReduce = value; },
      "Take one Dice over the whole batch, not one for each sample" +
          defaultOf(recipe.batchReduce));
  addSwitch(
      app, "--loss-include-background",
      [this](bool value) { includeBackground = value; },
      "Count class 0 in the Dice loss" + defaultOf(recipe.includeBackground));
  app.add_option("--class-weights", classWeights,
                 "Weights of the classes in the cross-entropy, one for each, "
                 "such as 0.2,1,1; default: 1 for each")
      ->delimiter(',');
  addSwitch(
      app, "--ignore-unlabelled",
      [this](bool value) { ignoreUnlabelled = value; },
      "Leave out voxels whose label is no class; default: no, with a plan that "
      "has an ignore label yes");
}

void RecipeArguments::declare(CLI::App &app, const LossOptions &ofLoss,
                              const OptimizerOptions &ofOptimizer) {
  declareOptimizer(app, ofOptimizer);
  declareLoss(app, ofLoss);
}

void RecipeArguments::apply(LossOptions &options) const {
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

void RecipeArguments::apply(OptimizerOptions &options) const {
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

} // namespace segc
