//===- AugmentPlace.h - Where patches are augmented -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_AUGMENTPLACE_H
#define SEGC_LIB_RUNTIME_COMMANDS_AUGMENTPLACE_H

#include "segc/Runtime/Commands/Options.h"
#include "segc/Runtime/Device/ModelRunner.h"

namespace segc {

/// What decides where the patches of a run are augmented.
struct AugmentRequest {
  /// --augment-on, "host" or "device".
  std::optional<std::string> asked;
  /// Where the run did it until now; empty for none.
  std::string before;
  /// See chooseAugmentation(); "none" for plain crops, empty without patches.
  std::string augmentation;
};

/// Returns "device" if the entry `augment` of the model is to make the patches,
/// "host" if the threads of the loader are, and nothing if no patches are
/// augmented: as asked for, else as until now, else on devices that are not the
/// host. Fails where what is asked for cannot be; the message contains the segc
/// command that compiles a model for it.
StatusOr<std::string> augmentPlace(const AugmentRequest &request,
                                   const ModelOptions &options,
                                   const ModelRunner &runner);

/// Makes the entry `augment` feed those that train.
Status feedTraining(ModelRunner &runner);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_AUGMENTPLACE_H
