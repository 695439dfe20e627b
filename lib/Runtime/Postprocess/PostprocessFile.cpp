//===- PostprocessFile.cpp - Chosen post-processing in a file -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Runtime/Postprocess/Postprocess.h"

using namespace segc;

static constexpr const char *formatName = "segrun postprocessing";
static constexpr int64_t version = 1;

Status segc::writePostprocessFile(const std::string &path,
                                  const PostprocessChoice &choice,
                                  const std::vector<std::string> &classNames) {
  const OrderedJson json = {{"format", formatName},
                            {"version", version},
                            {"steps", postprocessText(choice.steps)},
                            {"class_names", classNames},
                            {"cases", choice.cases},
                            {"dice_before", choice.diceBefore},
                            {"dice_after", choice.diceAfter}};
  return writeFileAtomically(path, jsonText(json, 2) + "\n");
}

StatusOr<std::vector<PostprocessStep>>
segc::readPostprocessFile(const std::string &path,
                          const std::vector<std::string> &classNames) {
  SEGC_ASSIGN_OR_RETURN(const std::string text, readFile(path, 1u << 20));
  SEGC_ASSIGN_OR_RETURN(const Json json, parseJson(text, path));
  Status status;
  JsonReader reader(json, path, status);
  const std::string format = reader.string("format");
  const int64_t found = reader.integer("version");
  const std::string steps = reader.string("steps");
  const std::vector<std::string> names = reader.strings("class_names");
  SEGC_RETURN_IF_ERROR(status);
  if (format != formatName)
    return invalidArgument(path + ": format \"" + format + "\", expected \"" +
                           formatName + "\"");
  if (found != version)
    return unsupported(path + ": version " + std::to_string(found) +
                       ", expected " + std::to_string(version) +
                       "; choose the steps again with `segrun cross-validate "
                       "--save-masks`");
  if (names != classNames) {
    auto listed = [](const std::vector<std::string> &all) {
      std::string line;
      for (const std::string &name : all)
        line += (line.empty() ? "" : ", ") + name;
      return line;
    };
    return invalidArgument(path + ": chosen for the classes " + listed(names) +
                           ", the model has " + listed(classNames));
  }
  if (steps.empty())
    return std::vector<PostprocessStep>();
  auto parsed = parsePostprocess(steps, classNames);
  if (!parsed.ok())
    return dataLoss(path + ": " + parsed.status().message());
  return parsed;
}
