//===- Evaluate.cpp - Evaluation of a model on a split --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Data/Loader.h"
#include "segc/Runtime/Inference/EntryInputs.h"
#include "segc/Runtime/Inference/FiniteOutputs.h"
#include "segc/Runtime/Inference/Predictor.h"

using namespace segc;

/// Adds the outputs of evaluate_step, which are means over the batch.
static void addValues(const ModelRunner &runner, int64_t batch,
                      Evaluation &evaluation) {
  const EntrySignature &entry = *runner.manifest().entry("evaluate_step");
  for (size_t i = 0; i < entry.outputs.size(); ++i) {
    const TensorSignature &signature = entry.outputs[i];
    OutputView output = runner.output("evaluate_step", signature.name);
    if (evaluation.values.size() <= i)
      evaluation.values.push_back(
          {signature.name, std::vector<double>(signature.elements())});
    for (int64_t k = 0; k < signature.elements(); ++k)
      evaluation.values[i].mean[k] +=
          output.floats()[k] * static_cast<double>(batch);
  }
}

static void addCases(const Predictor &predictor, const Dataset &dataset,
                     Split split, const Batch &batch, int64_t classes,
                     Evaluation &evaluation) {
  const int64_t voxels = elementCount(dataset.labelShape());
  std::vector<int32_t> predicted(voxels);
  for (int64_t i = 0; i < batch.size; ++i) {
    argmaxRows(predictor.probabilities(i), voxels, classes, predicted.data());
    const int32_t *label = batch.integers("label") + i * voxels;
    std::vector<ClassCounts> counts =
        countClasses(predicted.data(), label, voxels, classes);
    std::vector<double> dice = hardDice(counts);
    evaluation.cases.push_back(
        {dataset.caseName(split, batch.cases[i]), std::move(dice),
         classesIn(label, voxels, classes), std::move(counts)});
  }
}

/// Calls evaluate_step, if the model has it, on a batch with labels.
static Status evaluateBatch(ModelRunner &runner, const Batch &batch,
                            const std::string &cases, Evaluation &evaluation) {
  const EntrySignature *entry = runner.manifest().entry("evaluate_step");
  if (!entry)
    return Status::success();
  segc_scalars scalars = inferenceScalars();
  SEGC_ASSIGN_OR_RETURN(std::vector<void *> inputs,
                        inputsOf(*entry, {{"image", batch.floats("image")},
                                          {"label", batch.integers("label")}}));
  SEGC_RETURN_IF_ERROR(
      runner.call("evaluate_step", inputs, batch.size, scalars));
  SEGC_RETURN_IF_ERROR(checkFiniteOutputs(
      runner, {"evaluate_step", inputs, batch.size, scalars}, cases));
  addValues(runner, batch.size, evaluation);
  return Status::success();
}

StatusOr<Evaluation> segc::evaluateSplit(ModelRunner &runner,
                                         const Dataset &dataset, Split split,
                                         int64_t batchSize) {
  const Manifest &manifest = runner.manifest();
  Evaluation evaluation;
  evaluation.classNames = manifest.classNames();
  LoaderOptions options;
  options.batch = batchSize;
  options.shuffle = false;
  options.samples = dataset.count(split);
  if (options.samples == 0)
    return invalidArgument(std::string("the ") + splitName(split) +
                           " split has no cases; choose --fold or a "
                           "--train-split below 1");
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Loader> loader,
                        Loader::create(dataset, split, options));
  auto namesOf = [&](const Batch &batch) {
    std::string names;
    for (int64_t index : batch.cases)
      names += (names.empty() ? "" : ", ") + dataset.caseName(split, index);
    return names;
  };
  Predictor predictor(runner, dataset.labelShape());
  for (;;) {
    SEGC_ASSIGN_OR_RETURN(const Batch *batch, loader->next());
    if (!batch)
      break;
    if (stopSignal())
      return Status(StatusCode::Interrupted, "interrupted while evaluating");
    const std::string names = namesOf(*batch);
    SEGC_RETURN_IF_ERROR(evaluateBatch(runner, *batch, names, evaluation));
    SEGC_RETURN_IF_ERROR(
        predictor.predict(batch->floats("image"), batch->size));
    SEGC_RETURN_IF_ERROR(predictor.checkFinite(names));
    addCases(predictor, dataset, split, *batch, manifest.classes, evaluation);
  }
  for (Evaluation::Value &value : evaluation.values)
    for (double &sum : value.mean)
      sum /= static_cast<double>(options.samples);
  for (const std::string &name : evaluation.absentClasses())
    dataset.notes().add(std::string("the ") + splitName(split) + " cases",
                        "no label has the class \"" + name +
                            "\": its Dice is absent");
  return evaluation;
}
