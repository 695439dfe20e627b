//===- PostprocessOption.cpp - Steps that --postprocess names -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PostprocessOption.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Commands/Commands.h"

#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

std::string segc::postprocessFileAbove(const std::string &checkpoint) {
  // The largest distance is that of fold-0/checkpoints/best/model.safetensors.
  constexpr int levels = 5;
  fs::path folder = fs::absolute(checkpoint).lexically_normal();
  for (int level = 0; level < levels && folder.has_relative_path(); ++level) {
    const std::string path = (folder / postprocessFileName).string();
    if (pathExists(path))
      return path;
    folder = folder.parent_path();
  }
  return "";
}

/// The one file that all checkpoints have above them.
static StatusOr<std::string>
fileOfEnsemble(const std::vector<std::string> &checkpoints) {
  if (checkpoints.empty())
    return wrongUsage("--postprocess auto needs --checkpoint or --ensemble, "
                      "from whose cross-validation the steps are");
  std::string file;
  for (const std::string &checkpoint : checkpoints) {
    const std::string above = postprocessFileAbove(checkpoint);
    if (above.empty())
      return notFound("--postprocess auto: no " +
                      std::string(postprocessFileName) +
                      " in a folder around " + checkpoint +
                      "; `segrun cross-validate --save-masks` writes it, or "
                      "give steps, such as largest");
    if (!file.empty() && above != file)
      return invalidArgument("--postprocess auto: " + checkpoints[0] +
                             " has the steps of " + file + ", " + checkpoint +
                             " those of " + above +
                             "; give one of the files, or steps");
    file = above;
  }
  return file;
}

StatusOr<std::vector<PostprocessStep>>
segc::postprocessSteps(const std::string &text,
                       const std::vector<std::string> &checkpoints,
                       const std::vector<std::string> &classNames, bool says) {
  std::string file;
  if (text == "auto") {
    SEGC_ASSIGN_OR_RETURN(file, fileOfEnsemble(checkpoints));
  } else if (hasEnding(text, ".json")) {
    file = text;
  } else {
    return parsePostprocess(text, classNames);
  }
  SEGC_ASSIGN_OR_RETURN(std::vector<PostprocessStep> steps,
                        readPostprocessFile(file, classNames));
  if (says)
    printMessage("post-processing by " + file + ": " +
                 (steps.empty() ? "none" : postprocessText(steps)));
  return steps;
}
