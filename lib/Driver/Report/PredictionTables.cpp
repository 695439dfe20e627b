//===- PredictionTables.cpp - Predictions as text and on the page ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"

#include "segc/Base/Html.h"
#include "segc/Driver/Report/Predictions.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace segc::report {

namespace {

std::string fixed(double value, int decimals) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.*f", decimals, value);
  return text;
}

/// What a row shows: a kernel with its main launch, on a device.
struct Row {
  const Kernel &kernel;
  const Launch &launch;
  const Prediction &prediction;

  std::string resource(int64_t KernelResources::*member) const {
    return launch.resources ? std::to_string((*launch.resources).*member) : "";
  }
  std::string overBound(double seconds) const {
    return fixed(seconds / prediction.kernel.boundSeconds, 2);
  }
};

/// A column; a cell is empty if its figure is unknown.
struct Column {
  llvm::StringLiteral title;
  bool isText;
  std::string (*cell)(const Row &);
};

const Column columns[] = {
    {"root", true, [](const Row &row) { return row.kernel.root; }},
    {"strategy", true, [](const Row &row) { return row.kernel.strategyKind; }},
    {"arithmetic", true,
     [](const Row &row) { return row.prediction.kernel.arithmetic; }},
    {"GFLOP", false,
     [](const Row &row) {
       return fixed(row.prediction.kernel.flops * 1e-9, 2);
     }},
    {"MB", false,
     [](const Row &row) {
       return fixed(row.prediction.kernel.bytes * 1e-6, 2);
     }},
    {"counted MB", false,
     [](const Row &row) {
       std::optional<double> bytes = row.kernel.countedBytes();
       return bytes ? fixed(*bytes * 1e-6, 2) : "";
     }},
    {"launches", false,
     [](const Row &row) { return std::to_string(row.kernel.launches.size()); }},
    {"threads", false,
     [](const Row &row) { return std::to_string(row.launch.threads); }},
    {"shared KiB", false,
     [](const Row &row) {
       return fixed(static_cast<double>(row.launch.sharedBytes) / 1024, 1);
     }},
    {"registers", false,
     [](const Row &row) { return row.resource(&KernelResources::registers); }},
    {"resident", false,
     [](const Row &row) {
       return row.resource(&KernelResources::residentBlocks);
     }},
    {"waves", false,
     [](const Row &row) {
       double waves = row.prediction.kernel.waves;
       return waves > 0 ? fixed(waves, 2) : "";
     }},
    {"bound us", false,
     [](const Row &row) {
       return fixed(row.prediction.kernel.boundSeconds * 1e6, 2);
     }},
    {"verified us", false,
     [](const Row &row) {
       return fixed(row.prediction.verifiedSeconds * 1e6, 2);
     }},
    {"/ bound", false,
     [](const Row &row) {
       return row.overBound(row.prediction.verifiedSeconds);
     }},
    {"all us", false,
     [](const Row &row) { return fixed(row.prediction.allSeconds * 1e6, 2); }},
    {"/ bound", false,
     [](const Row &row) { return row.overBound(row.prediction.allSeconds); }}};

/// The cells of the table, titles first.
std::vector<std::vector<std::string>> cellsOf(const Entry &entry,
                                              size_t device) {
  std::vector<std::vector<std::string>> rows(1, {"#"});
  for (const Column &column : columns)
    rows.front().push_back(column.title.str());
  for (const auto &[i, kernel] : llvm::enumerate(entry.kernels)) {
    rows.push_back({std::to_string(i)});
    Row row{kernel, kernel.launches[kernel.mainLaunch],
            kernel.predictions[device]};
    for (const Column &column : columns)
      rows.back().push_back(column.cell(row));
  }
  return rows;
}

bool isText(size_t column) { return column > 0 && columns[column - 1].isText; }

std::string headline(const Version &version, size_t device,
                     llvm::StringRef entry, int64_t batch,
                     const PredictedTime &time) {
  auto part = [&](double seconds) {
    std::string text = draw::timeText(seconds);
    if (time.boundSeconds > 0)
      text +=
          " (" + fixed(seconds / time.boundSeconds, 2) + " times the bound)";
    return text;
  };
  return llvm::formatv("{0} of {1} samples on {2}, {3}: bound {4}, verified "
                       "kernels {5}, all kernels {6}",
                       entry, batch, version.devices[device],
                       version.target.name, draw::timeText(time.boundSeconds),
                       part(time.verifiedSeconds), part(time.allSeconds))
      .str();
}

std::string textTable(const Entry &entry, size_t device) {
  std::vector<std::vector<std::string>> rows = cellsOf(entry, device);
  std::vector<size_t> widths(rows.front().size());
  for (const auto &row : rows)
    for (const auto &[i, cell] : llvm::enumerate(row))
      widths[i] = std::max(widths[i], cell.size());
  std::string text;
  for (const auto &row : rows) {
    std::string line;
    for (const auto &[i, cell] : llvm::enumerate(row)) {
      std::string space(widths[i] - cell.size(), ' ');
      line += (i ? "  " : "") + (isText(i) ? cell + space : space + cell);
    }
    text += llvm::StringRef(line).rtrim().str() + "\n";
  }
  return text;
}

} // namespace

std::string predictionTables(const Version &version, const Entry &entry,
                             int64_t batch) {
  std::string text;
  for (size_t device = 0; device < version.devices.size(); ++device) {
    text += "<details open><summary>" +
            escapeHtml(headline(version, device, entry.name, batch,
                                predictedTime(entry, device))) +
            "</summary>\n<div class='scroll'><table class='sortable' "
            "data-table='predictions'>";
    for (const auto &[i, row] : llvm::enumerate(cellsOf(entry, device))) {
      std::string tag = i == 0 ? "th" : "td";
      text += i == 0 ? "<thead><tr>" : "<tr>";
      for (const auto &[j, cell] : llvm::enumerate(row))
        text += "<" + tag + (isText(j) ? " class='left'>" : ">") +
                escapeHtml(cell) + "</" + tag + ">";
      text += i == 0 ? "</tr></thead><tbody>\n" : "</tr>\n";
    }
    text += "</tbody></table></div></details>\n";
  }
  return text;
}

std::string predictionText(const Version &version, int64_t batch) {
  std::string text;
  for (size_t device = 0; device < version.devices.size(); ++device) {
    // train_step runs both halves.
    std::optional<PredictedTime> step;
    for (const Entry &entry : version.entries) {
      PredictedTime time = predictedTime(entry, device);
      text += headline(version, device, entry.name, batch, time) + "\n" +
              textTable(entry, device) + "\n";
      if (entry.name == "grad_step" || entry.name == "apply_step")
        step = (step ? *step : PredictedTime()) += time;
    }
    if (step)
      text += headline(version, device, "train_step", batch, *step) + "\n\n";
  }
  return text;
}

} // namespace segc::report
