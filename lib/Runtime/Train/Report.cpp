//===- Report.cpp - What a run leaves for people --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Report.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Html.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Train/Chart.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

using namespace segc;
namespace fs = std::filesystem;

static constexpr int chartWidth = 900, chartHeight = 600;
/// More pictures would make the page slow to open.
static constexpr size_t mostOverlays = 12;
static constexpr Rgb palette[] = {{31, 119, 180}, {214, 39, 40},
                                  {44, 160, 44},  {148, 103, 189},
                                  {255, 127, 14}, {23, 190, 207}};

std::string segc::base64(std::string_view bytes) {
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t have = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k)
      word = word << 8 | (k < have ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      text += k <= have ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// A colour goes with a name, not with the order in which records came: the two
/// totals of the losses have the first ones, the others the next from their
/// hash that is free.
static void colourByName(std::vector<Curve> &curves, size_t reserved) {
  constexpr size_t count = std::size(palette);
  std::sort(curves.begin(), curves.end(),
            [](const Curve &a, const Curve &b) { return a.name < b.name; });
  std::set<size_t> taken;
  for (Curve &curve : curves) {
    size_t colour = 0;
    if (curve.name == "eval_total_loss") {
      colour = 1;
    } else if (curve.name != "train_total_loss") {
      const size_t others = count - reserved, start = hashName(curve.name);
      size_t i = 0;
      do
        colour = reserved + (start + i) % others;
      while (taken.count(colour) && ++i < others);
      taken.insert(colour);
    }
    curve.colour = palette[colour];
  }
}

/// Adds (step, value) to the curve with this name.
static void addPoint(std::vector<Curve> &curves, const std::string &name,
                     double step, double value) {
  auto found =
      std::find_if(curves.begin(), curves.end(),
                   [&](const Curve &curve) { return curve.name == name; });
  if (found == curves.end()) {
    curves.push_back({name, {}, {}});
    found = curves.end() - 1;
  }
  found->points.emplace_back(step, value);
}

static Chart chartOfLog(const std::string &path) {
  Chart chart;
  Expected<std::string> text = readFile(path);
  if (!text.ok())
    return chart;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    size_t brace = line.find('{');
    Json record = brace == std::string::npos
                      ? Json()
                      : Json::parse(line.substr(brace), nullptr, false);
    if (!record.is_object() || !record.contains("data") ||
        !record.contains("step") || !record["step"].is_number() ||
        !record["data"].is_object())
      continue;
    double step = record["step"].get<double>();
    for (const auto &[name, value] : record["data"].items()) {
      if (!value.is_number())
        continue;
      if (name.find("loss") != std::string::npos && name != "loss_scale")
        addPoint(chart.losses, name, step, value.get<double>());
      else if (name.find("dice") != std::string::npos)
        addPoint(chart.scores, name, step, value.get<double>());
    }
  }
  colourByName(chart.losses, 2);
  colourByName(chart.scores, 0);
  return chart;
}

Status segc::writeMetrics(const std::string &results,
                          const Evaluation &evaluation, int64_t step) {
  OrderedJson json = {{"step", step}};
  json.update(evaluation.toJson());
  SEGC_RETURN_IF_ERROR(
      writeFileAtomically(results + "/metrics.json", jsonText(json, 2) + "\n"));
  return writeFileAtomically(results + "/metrics.csv", evaluation.toCsv());
}

/// The member `key` of an object; null where there is none. A metrics.json may
/// come from anywhere.
static const OrderedJson &member(const OrderedJson &value,
                                 const std::string &key) {
  static const OrderedJson none;
  auto found = value.find(key);
  return value.is_object() && found != value.end() ? *found : none;
}

static std::string numberCell(const OrderedJson &value) {
  char text[32] = "absent";
  if (value.is_number())
    std::snprintf(text, sizeof(text), "%.4f", value.get<double>());
  return text;
}

/// The table of a metrics.json: one row a case, the means first.
static std::string metricsTable(const OrderedJson &metrics) {
  const OrderedJson &mean = member(member(metrics, "hard_dice"), "classes");
  if (!mean.is_object())
    return "";
  std::string html = "<h2>Dice</h2><table><tr><th>case</th>";
  for (const auto &[name, value] : mean.items())
    html += "<th>" + escapeHtml(name) + "</th>";
  auto addRow = [&](const std::string &name, const OrderedJson &values) {
    html += "</tr><tr><td>" + escapeHtml(name) + "</td>";
    for (const auto &[className, value] : mean.items())
      html += "<td>" + numberCell(member(values, className)) + "</td>";
  };
  addRow("mean", mean);
  for (const OrderedJson &one : member(metrics, "cases")) {
    const OrderedJson &name = member(one, "name");
    if (name.is_string())
      addRow(name.get<std::string>(), member(one, "hard_dice"));
  }
  return html + "</tr></table>";
}

/// Which column shows what, and the colours of the classes.
static std::string overlayLegend(const OrderedJson &metrics) {
  std::string html = "<p>Each row is a slice of the case. Columns from the "
                     "left: the image, the prediction, the truth (where there "
                     "is a label).";
  const OrderedJson &classes = member(member(metrics, "hard_dice"), "classes");
  std::vector<std::string> names;
  if (classes.is_object())
    for (const auto &[name, value] : classes.items())
      names.push_back(name);
  const std::vector<bool> visible =
      visibleClasses(names, static_cast<int64_t>(names.size()));
  for (size_t i = 0; i < names.size(); ++i) {
    if (!visible[i])
      continue;
    const Rgb colour = classColour(i);
    html += " <span class='key' style='background:rgb(";
    for (size_t c = 0; c < 3; ++c)
      html += (c ? "," : "") + std::to_string(colour[c]);
    html += ")'></span> " + escapeHtml(names[i]);
  }
  return html + "</p>";
}

static std::string overlayImages(const std::string &folder,
                                 const OrderedJson &metrics) {
  std::error_code error;
  std::vector<fs::path> pictures;
  for (fs::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error))
    if (file->path().extension() == ".png")
      pictures.push_back(file->path());
  std::sort(pictures.begin(), pictures.end());
  pictures.resize(std::min(pictures.size(), mostOverlays));
  std::string html;
  for (const fs::path &picture : pictures)
    if (Expected<std::string> bytes = readFile(picture.string()); bytes.ok())
      html += "<figure><img alt='" + escapeHtml(picture.stem().string()) +
              "' src='data:image/png;base64," + base64(*bytes) +
              "'><figcaption>" + escapeHtml(picture.stem().string()) +
              "</figcaption></figure>";
  return html.empty() ? ""
                      : "<h2>Predictions</h2>" + overlayLegend(metrics) + html;
}

Status segc::writeReport(const std::string &results, const std::string &title) {
  Chart chart = chartOfLog(results + "/train.jsonl");
  bool curves = !chart.losses.empty() || !chart.scores.empty();
  if (curves)
    SEGC_RETURN_IF_ERROR(writePng(results + "/curves.png",
                                  chart.rasterise(chartWidth, chartHeight)));
  OrderedJson metrics;
  if (Expected<std::string> text = readFile(results + "/metrics.json");
      text.ok())
    metrics = OrderedJson::parse(*text, nullptr, false);
  std::string html =
      "<!doctype html><html lang='en'><meta charset='utf-8'><title>" +
      escapeHtml(title) +
      "</title><style>body{font:15px system-ui,sans-serif;max-width:60rem;"
      "margin:2rem auto;padding:0 1rem}svg text{font-size:12px}.grid{stroke:"
      "#ddd}table{border-collapse:collapse}td,th{padding:.2rem .8rem;"
      "border-bottom:1px solid #ddd;text-align:right}td:first-child,"
      "th:first-child{text-align:left}figure{display:inline-block;margin:.5rem}"
      "img{max-width:100%}.key{display:inline-block;width:.8em;height:.8em;"
      "margin-left:1em}</style><h1>" +
      escapeHtml(title) + "</h1>";
  if (curves)
    html += "<h2>Curves</h2>" + chart.toSvg(chartWidth, chartHeight);
  html += metricsTable(metrics) + overlayImages(results + "/overlays", metrics);
  return writeFileAtomically(results + "/report.html", html + "</html>\n");
}
