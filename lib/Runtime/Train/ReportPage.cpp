//===- ReportPage.cpp - Parts of the pages of runs ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReportPage.h"
#include "segc/Base/Files.h"
#include "segc/Base/Html.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Metrics/ExampleCases.h"
#include "segc/Runtime/Train/Report.h"

#include <algorithm>
#include <cmath>

using namespace segc;

static constexpr const char *head =
    R"(<!doctype html><html lang='en'><head><meta charset='utf-8'>
<meta name='viewport' content='width=device-width, initial-scale=1'>
<meta http-equiv='Content-Security-Policy' content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
body{font:15px system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c2024;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin:2rem 0 .6rem}
p{max-width:44rem;line-height:1.45}
.wide{overflow-x:auto}.wide>svg{display:block;width:100%;min-width:34rem;height:auto}
table{border-collapse:collapse;margin:.5rem 0}
td,th{padding:.25rem .8rem;border-bottom:1px solid #e1e4e8;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th{font-weight:600}thead th{color:#57606a}
td:first-child,th:first-child{text-align:left;padding-left:0;position:sticky;left:0;background:#fff}
.mean td{border-top:1px solid #8b949e;font-weight:600}
.facts td,.facts th{text-align:left;vertical-align:top}.facts th{font-weight:400;color:#57606a}
.facts td,code{white-space:normal;overflow-wrap:anywhere}code{font-size:.9em}
.facts td:first-child{white-space:nowrap}
.examples{display:flex;flex-wrap:wrap;gap:1rem}
figure{flex:1 1 16rem;max-width:100%;margin:0}
figcaption{margin-bottom:.3rem;overflow-wrap:anywhere}img{max-width:100%}
.key{display:inline-block;width:.8em;height:.8em;margin-left:1em}.name{white-space:nowrap}
summary{cursor:pointer;margin:.4rem 0}
</style>)";

ReportPage::ReportPage(const std::string &title)
    : html(head + ("<title>" + escapeHtml(title) + "</title></head><body><h1>" +
                   escapeHtml(title) + "</h1>")) {}

void ReportPage::add(const std::string &heading, const std::string &part) {
  if (!part.empty())
    html +=
        "<section><h2>" + escapeHtml(heading) + "</h2>" + part + "</section>\n";
}

std::string segc::tableRow(const std::vector<std::string> &cells,
                           const char *cell) {
  std::string row = "<tr>";
  for (const std::string &text : cells)
    row += "<" + std::string(cell) + ">" + text + "</" + cell + ">";
  return row + "</tr>";
}

std::string segc::headRow(const std::vector<std::string> &cells) {
  return "<thead>" + tableRow(cells, "th") + "</thead>";
}

std::string segc::wide(const std::string &html) {
  return "<div class='wide'>" + html + "</div>";
}

std::string segc::htmlTable(const std::string &rows, const std::string &kind) {
  return wide("<table" + (kind.empty() ? "" : " class='" + kind + "'") + ">" +
              rows + "</table>");
}

/// A value of a record as a reader expects it.
static std::string valueText(const OrderedJson &value) {
  return value.is_null() || value == "" ? "none"
         : value.is_string()            ? value.get<std::string>()
         : value.is_boolean()           ? (value.get<bool>() ? "yes" : "no")
                                        : jsonText(value);
}

std::string segc::factTable(const OrderedJson &facts) {
  std::string rows;
  if (!facts.is_object())
    return rows;
  for (const auto &[name, value] : facts.items()) {
    const std::string text = escapeHtml(valueText(value));
    rows += "<tr><th>" + escapeHtml(name) + "</th><td>" +
            (name == "command" ? "<code>" + text + "</code>" : text) +
            "</td></tr>";
  }
  return rows.empty() ? rows : htmlTable(rows, "facts");
}

std::string segc::scoreText(double value) {
  char text[32] = "absent";
  if (!std::isnan(value))
    std::snprintf(text, sizeof(text), "%.4f", value);
  return text;
}

const OrderedJson &segc::memberOf(const OrderedJson &value,
                                  const std::string &key) {
  static const OrderedJson none;
  if (!value.is_object())
    return none;
  const auto found = value.find(key);
  return found != value.end() ? *found : none;
}

double segc::numberOf(const OrderedJson &value, const std::string &key) {
  const OrderedJson &member = memberOf(value, key);
  return member.is_number() ? member.get<double>() : std::nan("");
}

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

/// Which column shows what, and the colours of the labels.
static std::string overlayLegend(const std::vector<std::string> &names) {
  std::string html = "<p>Each row is a slice of the case. Columns from the "
                     "left: the image, the prediction, the truth.";
  const std::vector<bool> visible =
      visibleClasses(names, static_cast<int64_t>(names.size()));
  for (size_t i = 0; i < names.size(); ++i) {
    if (!visible[i])
      continue;
    const Rgb colour = classColour(i);
    html += " <span class='name'><span class='key' style='background:rgb(";
    for (size_t c = 0; c < 3; ++c)
      html += (c ? "," : "") + std::to_string(colour[c]);
    html += ")'></span> " + escapeHtml(names[i]) + "</span>";
  }
  return html + "</p>";
}

std::string segc::exampleFigures(const std::vector<ScoredCase> &cases,
                                 const std::vector<std::string> &labelNames) {
  std::vector<double> dice;
  for (const ScoredCase &scored : cases)
    dice.push_back(scored.dice);
  std::string figures;
  for (const ExampleCase &example : exampleCases(dice)) {
    const ScoredCase &scored = cases[example.index];
    const StatusOr<std::string> bytes = readFile(scored.picture);
    if (!bytes.ok())
      continue;
    const std::string name = escapeHtml(scored.name);
    figures += "<figure><figcaption>" + std::string(example.rank) + ": " +
               name + ", Dice " + scoreText(scored.dice) +
               "</figcaption><img alt='prediction of " + name +
               "' src='data:image/png;base64," + base64(*bytes) + "'></figure>";
  }
  return figures.empty() ? figures
                         : overlayLegend(labelNames) +
                               "<div class='examples'>" + figures + "</div>";
}
