//===- CrossValidation.cpp - Results of a cross-validation ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/CrossValidation.h"
#include "segc/Runtime/Data/NumpyRandom.h"
#include "segc/Runtime/Metrics/Statistics.h"
#include "segc/Runtime/Train/RunSettings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace segc;

static constexpr int64_t format = 1;
/// More classes do not fit a line.
static constexpr size_t maxClassColumns = 4;

void FoldResult::setValues(const OrderedJson &record) {
  values.clear();
  for (const auto &[name, value] : record.items())
    if (value.is_number() || value.is_null())
      values.emplace_back(name,
                          value.is_null() ? std::nan("") : value.get<double>());
}

double FoldResult::value(const std::string &name) const {
  for (const auto &[known, number] : values)
    if (known == name)
      return number;
  return std::nan("");
}

const FoldResult *CrossValidation::find(int64_t seed, int64_t fold) const {
  for (const FoldResult &result : results)
    if (result.seed == seed && result.fold == fold)
      return &result;
  return nullptr;
}

std::vector<int64_t> CrossValidation::seeds() const {
  std::vector<int64_t> seeds;
  for (const FoldResult &result : results)
    if (std::find(seeds.begin(), seeds.end(), result.seed) == seeds.end())
      seeds.push_back(result.seed);
  return seeds;
}

/// Names of the numbers that the results have, in the order of the first.
static std::vector<std::string> namesOf(const CrossValidation &table) {
  std::vector<std::string> names;
  if (!table.results.empty())
    for (const auto &[name, value] : table.results[0].values)
      names.push_back(name);
  return names;
}

static MeanInterval overFolds(const CrossValidation &table, int64_t seed,
                              const std::string &name) {
  std::vector<double> values;
  for (const FoldResult &result : table.results)
    if (result.seed == seed)
      values.push_back(result.value(name));
  return meanInterval(values);
}

static MeanInterval overSeeds(const CrossValidation &table,
                              const std::string &name) {
  std::vector<double> means;
  for (int64_t seed : table.seeds())
    means.push_back(overFolds(table, seed, name).mean);
  return meanInterval(means);
}

OrderedJson CrossValidation::toJson() const {
  OrderedJson json = {{"format", format}, {"options", options}};
  OrderedJson &runs = json["results"] = OrderedJson::array();
  for (const FoldResult &result : results) {
    OrderedJson numbers = OrderedJson::object();
    for (const auto &[name, value] : result.values)
      numbers[name] = value;
    runs.push_back({{"seed", result.seed},
                    {"fold", result.fold},
                    {"step", result.step},
                    {"seconds", result.seconds},
                    {"values", std::move(numbers)}});
  }
  const std::vector<std::string> names = namesOf(*this);
  OrderedJson &bySeed = json["seeds"] = OrderedJson::array();
  for (int64_t seed : seeds()) {
    OrderedJson means = OrderedJson::object();
    int64_t folds = 0;
    for (const FoldResult &result : results)
      folds += result.seed == seed;
    for (const std::string &name : names) {
      const MeanInterval moments = overFolds(*this, seed, name);
      means[name] = {{"mean", moments.mean}, {"std", moments.std}};
    }
    bySeed.push_back(
        {{"seed", seed}, {"folds", folds}, {"values", std::move(means)}});
  }
  OrderedJson &mean = json["mean"] = OrderedJson::object();
  for (const std::string &name : names) {
    const MeanInterval moments = overSeeds(*this, name);
    mean[name] = {{"mean", moments.mean}, {"std", moments.std}};
  }
  return json;
}

StatusOr<CrossValidation> CrossValidation::fromJson(std::string_view text,
                                                    const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Status status;
  JsonReader root(json, where, status);
  const int64_t found = root.integer("format");
  if (status.ok() && found != format)
    return unsupported(where + ": format " + std::to_string(found) +
                       ", this segrun reads format " + std::to_string(format) +
                       "; use the segrun that wrote it");
  CrossValidation table;
  root.object("options");
  root.forEach("results", [&](JsonReader reader) {
    FoldResult result;
    result.seed = reader.integer("seed", INT64_MIN);
    result.fold = reader.integer("fold", 0, maxFolds - 1);
    result.step = reader.integer("step", 0, maxSteps);
    result.seconds = reader.number("seconds");
    reader.object("values");
    if (table.find(result.seed, result.fold))
      reader.fail("fold " + std::to_string(result.fold) + " of seed " +
                  std::to_string(result.seed) + " is there twice");
    table.results.push_back(std::move(result));
  });
  SEGC_RETURN_IF_ERROR(status);
  // Once more for what has an order.
  const OrderedJson ordered = OrderedJson::parse(text);
  table.options = ordered["options"];
  for (size_t i = 0; i < table.results.size(); ++i)
    table.results[i].setValues(ordered["results"][i]["values"]);
  return table;
}

/// The columns of the table: not the Dice of each of many classes, which the
/// file has.
static std::vector<std::string> columnsOf(const CrossValidation &table) {
  std::vector<std::string> classes, others;
  for (const std::string &name : namesOf(table)) {
    const bool ofAll = name.rfind("eval_", 0) == 0;
    (ofAll ? others : classes).push_back(name);
  }
  if (classes.size() <= maxClassColumns)
    others.insert(others.begin(), classes.begin(), classes.end());
  return others;
}

std::string CrossValidation::toText() const {
  const std::vector<std::string> columns = columnsOf(*this);
  std::string text = "      seed  fold      step";
  for (const std::string &column : columns)
    text += "  " + column;
  auto addRow = [&](const std::string &first, auto valueOf) {
    text += "\n" + first;
    for (const std::string &column : columns) {
      char number[40];
      const double value = valueOf(column);
      const int width = std::max(6, static_cast<int>(column.size()));
      if (std::isnan(value))
        std::snprintf(number, sizeof(number), "  %*s", width, "-");
      else
        std::snprintf(number, sizeof(number), "  %*.4f", width, value);
      text += number;
    }
  };
  char first[64];
  for (int64_t seed : seeds()) {
    for (const FoldResult &result : results) {
      if (result.seed != seed)
        continue;
      std::snprintf(first, sizeof(first), "%10lld  %4lld  %8lld",
                    static_cast<long long>(seed),
                    static_cast<long long>(result.fold),
                    static_cast<long long>(result.step));
      addRow(first,
             [&](const std::string &name) { return result.value(name); });
    }
    std::snprintf(first, sizeof(first), "%10lld  mean          ",
                  static_cast<long long>(seed));
    addRow(first, [&](const std::string &name) {
      return overFolds(*this, seed, name).mean;
    });
    std::snprintf(first, sizeof(first), "%10lld   std          ",
                  static_cast<long long>(seed));
    addRow(first, [&](const std::string &name) {
      return overFolds(*this, seed, name).std;
    });
  }
  if (seeds().size() > 1) {
    addRow("       all  mean          ", [&](const std::string &name) {
      return overSeeds(*this, name).mean;
    });
    addRow("       all   std          ",
           [&](const std::string &name) { return overSeeds(*this, name).std; });
  }
  return text + "\n";
}

static std::string optionText(const std::string &name,
                              const OrderedJson &value) {
  if (value.is_null() || value == false)
    return "no " + name;
  if (value == true)
    return name;
  return name + " " +
         (value.is_string() ? value.get<std::string>() : jsonText(value));
}

Status segc::checkSameOptions(const OrderedJson &before, const OrderedJson &now,
                              const std::string &where) {
  for (const auto &[name, value] : now.items()) {
    const auto found = before.find(name);
    const OrderedJson had = found == before.end() ? OrderedJson() : *found;
    if (had != value)
      return otherRun(where, optionText(name, had), optionText(name, value));
  }
  return Status::success();
}
