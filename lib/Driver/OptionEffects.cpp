//===- OptionEffects.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OptionEffects.h"

#include "llvm/Support/raw_ostream.h"

namespace segc {

namespace {

/// An option and the last phase that it affects. After the phases come machine
/// code, which `--emit asm` prints too, and the model.
struct Effect {
  llvm::StringLiteral option, phase;
  /// True if it determines what the model computes, not how it is compiled.
  bool decides = false;
};
constexpr llvm::StringLiteral machineCode = "asm", model = "model";

constexpr Effect effects[] = {{"--batch", "seg", true},
                              {"--inference", "entries", true},
                              {"--features", "entries", true},
                              {"--augmentation", "entries", true},
                              {"--sync-batch", "autodiff", true},
                              {"--precision", "precision", true},
                              {"--precision-lists", "precision", true},
                              {"--no-fusion", "fusion"},
                              {"--no-epilogues", "fusion"},
                              {"--no-reductions", "fusion"},
                              {"--no-prologues", "fusion"},
                              {"--conv", "fusion"},
                              {"--winograd", "plan"},
                              {"--multiply-type", "plan"},
                              {"--unverified-kernels", "plan"},
                              {"--autotune", "plan"},
                              {"--threads", "program"},
                              {"--ranks", "program"},
                              {"--link", "program"},
                              {"--reduce-type", "program", true},
                              {"--shard-optimizer", "program"},
                              {"--fit-memory", "plan"},
                              {"--recompute", "plan"},
                              {"--no-in-place", "plan"},
                              {"--no-reuse", "plan"},
                              {"--no-schedule", "plan"},
                              {"-O", machineCode},
                              {"--no-cubin", model},
                              {"--jobs", machineCode},
                              {"--weights", model},
                              {"--pipeline", model},
                              {"--device-memory", model},
                              {"--performance-model", model},
                              {"--count-bytes", model},
                              {"--report", model}};

/// Pairs of options of which the second makes the first ineffective.
constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> overruled[] = {
    {"--no-epilogues", "--no-fusion"},
    {"--no-reductions", "--no-fusion"},
    {"--no-prologues", "--no-fusion"},
    {"--recompute", "--no-reuse"}};

bool isGiven(const CLI::App &command, llvm::StringRef name) {
  const CLI::Option *option = command.get_option_no_throw(name.str());
  return option && option->count() > 0;
}

/// Position of a phase; machine code and the model come after all phases. The
/// last phase has names of the targets as well.
size_t positionOf(llvm::StringRef phase) {
  if (std::optional<size_t> position = findPhase(phase))
    return *position;
  for (const TargetBackend *backend : targetBackends())
    if (phase == backend->loweredName())
      return phases().size() - 1;
  return phases().size() + (phase == model ? 1 : 0);
}

void warn(const llvm::Twine &option, const llvm::Twine &reason) {
  llvm::errs() << "segc: warning: " << option << " has no effect: " << reason
               << "\n";
}

} // namespace

/// Whether calibration reads the option, so that it decides what every phase
/// prints.
static bool isForCalibration(const CLI::App &command, llvm::StringRef option) {
  return isGiven(command, "--calibrate") &&
         llvm::is_contained({"--weights", "--precision", "--inference"},
                            option);
}

void checkOptionEffects(const CLI::App &command,
                        const CompileOptions &options) {
  size_t last =
      options.emit.empty() ? positionOf(model) : positionOf(options.emit);
  for (const auto &[option, phase, decides] : effects) {
    if (!isGiven(command, option) || isForCalibration(command, option))
      continue;
    if (!options.from.empty() &&
        positionOf(phase) <= positionOf(options.from)) {
      std::string reason = "it acts in the phase " + phase.str() +
                           ", which --from " + options.from +
                           " says has been done";
      if (decides)
        throw CLI::ValidationError(option.str(),
                                   reason + "; leave one of them out");
      warn(option, reason);
    }
    if (positionOf(phase) > last)
      warn(option, "--emit " + options.emit + " ends before");
  }
  for (const auto &[option, other] : overruled)
    if (isGiven(command, option) && isGiven(command, other))
      warn(option, other + " is given");
  if (isGiven(command, "--multiply-type") && options.from.empty() &&
      options.pipeline.precision == "f32")
    warn("--multiply-type",
         "it chooses products of 16-bit values, and there are "
         "none without --precision f16, bf16 or tf32");
}

} // namespace segc
