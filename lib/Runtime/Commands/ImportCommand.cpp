//===- ImportCommand.cpp - Command segrun import --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Compile.h"
#include "segc/Runtime/Prepare/NnunetCheckpoint.h"
#include "segc/Runtime/Prepare/PlanReader.h"
#include "segc/Runtime/Prepare/TrainingCases.h"

#include <cstdio>

using namespace segc;

static Status writeWeights(const std::string &path,
                           const std::vector<ImportedParameter> &parameters) {
  std::vector<TensorSource> tensors;
  for (const ImportedParameter &parameter : parameters)
    tensors.push_back(
        {parameter.name, "F32", parameter.shape, parameter.values.data()});
  return writeSafetensors(path, tensors, {});
}

CommandResult segc::runImport(const ImportOptions &options) {
  if (pathExists(options.output))
    return invalidArgument("--output " + options.output +
                           ": is there already; name a new folder");
  // Fails before the work starts where there is no compiler.
  SEGC_RETURN_IF_ERROR(findCompiler().status());
  // What is imported is checked before what it is imported for.
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file,
                        SafetensorsFile::map(options.checkpoint));
  SEGC_ASSIGN_OR_RETURN(DatasetDescription data,
                        readDescription(options.dataset));
  SEGC_ASSIGN_OR_RETURN(Plan plan, readPlan(options.plan, data));
  SEGC_ASSIGN_OR_RETURN(NNUNetOptions network,
                        NNUNetOptions::forPlan(plan, options.configuration));
  SEGC_RETURN_IF_ERROR(validate(network));
  SEGC_ASSIGN_OR_RETURN(std::vector<ImportedParameter> parameters,
                        importNnunet(file, network));

  SEGC_RETURN_IF_ERROR(createDirectories(options.output));
  const std::string planPath = options.output + "/plan.json",
                    networkPath = options.output + "/network.mlir",
                    weightsPath = options.output + "/model.safetensors";
  SEGC_RETURN_IF_ERROR(
      writeFileAtomically(planPath, planText(network.plan.value_or(plan))));
  SEGC_RETURN_IF_ERROR(runSegc(
      planPath, {"model", "nnunet", "--plan", planPath, "-o", networkPath}));
  SEGC_RETURN_IF_ERROR(writeWeights(weightsPath, parameters));
  std::printf("written %s, %s and %s\n", planPath.c_str(), networkPath.c_str(),
              weightsPath.c_str());
  return Status::success();
}
