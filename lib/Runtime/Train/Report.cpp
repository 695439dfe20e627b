//===- Report.cpp - Report and metrics of a run ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Report.h"
#include "RunTables.h"
#include "segc/Base/Files.h"
#include "segc/Base/Html.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Train/Curves.h"

#include <algorithm>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

/// More pictures would make the page slow to open.
static constexpr size_t maxOverlays = 12;

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
  pictures.resize(std::min(pictures.size(), maxOverlays));
  std::string html;
  for (const fs::path &picture : pictures)
    if (StatusOr<std::string> bytes = readFile(picture.string()); bytes.ok())
      html += "<figure><img alt='" + escapeHtml(picture.stem().string()) +
              "' src='data:image/png;base64," + base64(*bytes) +
              "'><figcaption>" + escapeHtml(picture.stem().string()) +
              "</figcaption></figure>";
  return html.empty() ? ""
                      : "<h2>Predictions</h2>" + overlayLegend(metrics) + html;
}

Status segc::writeReport(const std::string &results, const std::string &title) {
  const TrainingCurves curves = readCurves(results + "/train.jsonl");
  std::string picture;
  if (!curves.empty()) {
    SEGC_ASSIGN_OR_RETURN(RgbImage pixels, curvesPixels(curves));
    SEGC_RETURN_IF_ERROR(writePng(results + "/curves.png", pixels));
    SEGC_ASSIGN_OR_RETURN(picture, curvesSvg(curves));
  }
  OrderedJson metrics;
  if (StatusOr<std::string> text = readFile(results + "/metrics.json");
      text.ok())
    metrics = OrderedJson::parse(*text, nullptr, false);
  std::string html =
      "<!doctype html><html lang='en'><meta charset='utf-8'><title>" +
      escapeHtml(title) +
      "</title><style>body{font:15px system-ui,sans-serif;max-width:60rem;"
      "margin:2rem auto;padding:0 "
      "1rem}svg{max-width:100%;height:auto}table{border-collapse:collapse}td,"
      "th{padding:.2rem .8rem;"
      "border-bottom:1px solid #ddd;text-align:right}td:first-child,"
      "th:first-child{text-align:left}figure{display:inline-block;vertical-"
      "align:"
      "top;width:30%;margin:.5rem}"
      ".facts "
      "td{text-align:left;overflow-wrap:anywhere}img{max-width:100%}.key{"
      "display:inline-block;width:.8em;height:.8em;"
      "margin-left:1em}</style><h1>" +
      escapeHtml(title) + "</h1>";
  if (!picture.empty())
    html += "<h2>Curves</h2>" + picture;
  html += metricsTable(metrics) + runTables(results + "/train.jsonl") +
          overlayImages(results + "/overlays", metrics);
  return writeFileAtomically(results + "/report.html", html + "</html>\n");
}
