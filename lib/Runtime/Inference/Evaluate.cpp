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

#include <algorithm>
#include <iterator>

using namespace segc;

BatchEvaluator::BatchEvaluator(ModelRunner &runner, const Dataset &dataset,
                               Split split, int64_t batchSize)
    : runner(runner), dataset(dataset), split(split), batchSize(batchSize),
      samples(dataset.count(split)), predictor(runner, dataset.labelShape()) {}

std::vector<int64_t> BatchEvaluator::casesOf(int64_t batch) const {
  std::vector<int64_t> cases;
  for (int64_t index = batch * batchSize;
       index < std::min(samples, (batch + 1) * batchSize); ++index)
    cases.push_back(index);
  return cases;
}

std::string BatchEvaluator::namesOf(const std::vector<int64_t> &cases) const {
  std::string names;
  for (int64_t index : cases)
    names += (names.empty() ? "" : ", ") + dataset.caseName(split, index);
  return names;
}

std::string BatchEvaluator::nameOf(int64_t batch) const {
  return namesOf(casesOf(batch));
}

StatusOr<EvaluatedBatch> BatchEvaluator::evaluate(int64_t batch) {
  const std::vector<int64_t> cases = casesOf(batch);
  const auto pixels = static_cast<size_t>(elementCount(dataset.imageShape())),
             voxels = static_cast<size_t>(elementCount(dataset.labelShape()));
  BatchArray<float> images(cases.size() * pixels);
  BatchArray<int32_t> labels(cases.size() * voxels);
  if (!images.data() || !labels.data())
    return ioError("no memory for " + std::to_string(cases.size()) +
                   " samples; choose a smaller --batch-size");
  for (size_t i = 0; i < cases.size(); ++i)
    SEGC_RETURN_IF_ERROR(dataset.sample(split, cases[i], {},
                                        images.data() + i * pixels,
                                        labels.data() + i * voxels));
  return evaluate(cases, images.data(), labels.data());
}

/// Calls evaluate_step, if the model has it, and returns its outputs.
static StatusOr<std::vector<std::vector<float>>>
callEvaluateStep(ModelRunner &runner, int64_t size, const float *images,
                 const int32_t *labels, const std::string &names) {
  std::vector<std::vector<float>> values;
  const EntrySignature *entry = runner.manifest().entry("evaluate_step");
  if (!entry)
    return values;
  segc_scalars scalars = inferenceScalars();
  SEGC_ASSIGN_OR_RETURN(
      const std::vector<void *> inputs,
      inputsOf(*entry, {{"image", images}, {"label", labels}}));
  SEGC_RETURN_IF_ERROR(runner.call("evaluate_step", inputs, size, scalars));
  SEGC_RETURN_IF_ERROR(checkFiniteOutputs(
      runner, {"evaluate_step", inputs, size, scalars}, names));
  for (const TensorSignature &output : entry->outputs) {
    const float *mean = runner.output("evaluate_step", output.name).floats();
    values.emplace_back(mean, mean + output.elements());
  }
  return values;
}

StatusOr<EvaluatedBatch>
BatchEvaluator::evaluate(const std::vector<int64_t> &cases, const float *images,
                         const int32_t *labels) {
  const std::string names = namesOf(cases);
  const auto size = static_cast<int64_t>(cases.size());
  EvaluatedBatch result;
  SEGC_ASSIGN_OR_RETURN(result.values,
                        callEvaluateStep(runner, size, images, labels, names));
  SEGC_RETURN_IF_ERROR(predictor.predict(images, size));
  SEGC_RETURN_IF_ERROR(predictor.checkFinite(names));
  const int64_t voxels = elementCount(dataset.labelShape()),
                classes = runner.manifest().classes;
  std::vector<int32_t> predicted(static_cast<size_t>(voxels));
  for (int64_t i = 0; i < size; ++i) {
    argmaxRows(predictor.probabilities(i), voxels, classes, predicted.data());
    const int32_t *label = labels + i * voxels;
    std::vector<ClassCounts> counts =
        countClasses(predicted.data(), label, voxels, classes);
    std::vector<double> dice = hardDice(counts);
    result.cases.push_back(
        {dataset.caseName(split, cases[static_cast<size_t>(i)]),
         std::move(dice), classesIn(label, voxels, classes),
         std::move(counts)});
  }
  return result;
}

Evaluation
BatchEvaluator::evaluationOf(std::vector<EvaluatedBatch> batches) const {
  Evaluation evaluation;
  evaluation.classNames = runner.manifest().classNames();
  if (const EntrySignature *entry = runner.manifest().entry("evaluate_step"))
    for (const TensorSignature &output : entry->outputs)
      evaluation.values.push_back(
          {output.name,
           std::vector<double>(static_cast<size_t>(output.elements()))});
  for (EvaluatedBatch &batch : batches) {
    for (size_t i = 0; i < batch.values.size(); ++i)
      for (size_t k = 0; k < batch.values[i].size(); ++k)
        evaluation.values[i].mean[k] +=
            batch.values[i][k] * static_cast<double>(batch.cases.size());
    std::move(batch.cases.begin(), batch.cases.end(),
              std::back_inserter(evaluation.cases));
  }
  for (Evaluation::Value &value : evaluation.values)
    for (double &sum : value.mean)
      sum /= static_cast<double>(samples);
  for (const std::string &name : evaluation.absentClasses())
    dataset.notes().add(std::string("the ") + splitName(split) + " cases",
                        "no label has the class \"" + name +
                            "\": its Dice is absent");
  return evaluation;
}

StatusOr<Evaluation> segc::evaluateSplit(ModelRunner &runner,
                                         const Dataset &dataset, Split split,
                                         int64_t batchSize) {
  LoaderOptions options;
  options.batch = batchSize;
  options.shuffle = false;
  options.samples = static_cast<uint64_t>(dataset.count(split));
  if (options.samples == 0)
    return invalidArgument(std::string("the ") + splitName(split) +
                           " split has no cases; choose --fold or a "
                           "--train-split below 1");
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Loader> loader,
                        Loader::create(dataset, split, options));
  BatchEvaluator evaluator(runner, dataset, split, batchSize);
  std::vector<EvaluatedBatch> batches;
  for (;;) {
    SEGC_ASSIGN_OR_RETURN(const Batch *batch, loader->next());
    if (!batch)
      return evaluator.evaluationOf(std::move(batches));
    if (stopSignal())
      return Status(StatusCode::Interrupted, "interrupted while evaluating");
    SEGC_ASSIGN_OR_RETURN(EvaluatedBatch evaluated,
                          evaluator.evaluate(batch->cases,
                                             batch->floats("image"),
                                             batch->integers("label")));
    batches.push_back(std::move(evaluated));
  }
}
