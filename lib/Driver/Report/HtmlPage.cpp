//===- HtmlPage.cpp - The report as one page ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"

#include "segc/Base/Html.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

namespace segc::report {

using namespace draw;

namespace {

/// Placeholder for a missing number.
constexpr const char *none = "\u2013";

bool isMeasured(const Entry &entry) {
  return llvm::any_of(entry.kernels, [](const Kernel &kernel) {
    return kernel.seconds().has_value();
  });
}

class Page {
public:
  explicit Page(const Report &report)
      : report(report), version(report.versions.front()), out(text) {}

  std::string build();

private:
  void head();
  void summary();
  void facts();
  void versionRows(const Version &version);
  void entry(size_t index);
  void graph(size_t index);
  void kernelTable(size_t index);
  void kernelRow(size_t index, size_t kernel, double total);
  void memory(const Entry &entry);
  void lessMemory(const Entry &entry);
  void roofline(size_t index);
  void casts(const Entry &entry);

  std::string network() const {
    return report.manifest.getString("network").value_or("network").str();
  }
  /// A table cell that sorts by `value`.
  void number(double value, const std::string &shown) {
    out << llvm::formatv("<td data-v='{0:e9}'>{1}</td>", value, shown);
  }
  void words(llvm::StringRef content) {
    out << "<td class='left'>" << escapeHtml(content) << "</td>";
  }

  const Report &report;
  const Version &version;
  std::string text;
  llvm::raw_string_ostream out;
};

void Page::head() {
  std::string title = escapeHtml(network()) + " compiled by segc";
  // The content security policy ensures that the page loads nothing.
  out << "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>\n"
         "<meta http-equiv='Content-Security-Policy' content=\"default-src "
         "'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
         "<meta name='viewport' content='width=device-width'>\n<title>"
      << title << "</title>\n<style>" << pageStyle << "</style></head>\n<body>"
      << "<h1>" << title << "</h1>\n<nav><a href='#summary'>Summary</a>";
  for (const Entry &entry : version.entries)
    out << "<a href='#" << escapeHtml(entry.name) << "'>"
        << escapeHtml(entry.name) << "</a>";
  if (version.communication)
    out << "<a href='#communication'>communication</a>";
  out << "</nav>\n";
}

void Page::facts() {
  auto row = [&](llvm::StringRef name, const std::string &value) {
    out << "<tr><th>" << name << "</th><td class='left'>" << escapeHtml(value)
        << "</td></tr>\n";
  };
  out << "<table class='facts'>\n";
  row("network", network());
  row("parameters",
      llvm::formatv("{0:N}",
                    report.manifest.getInteger("parameter_count").value_or(0)));
  row("classes",
      std::to_string(report.manifest.getInteger("classes").value_or(0)));
  row("largest batch",
      std::to_string(report.manifest.getInteger("batch").value_or(1)));
  row("precision",
      report.manifest.getString("precision").value_or("f32").str());
  row("shown version", version.target.name);
  std::string times;
  double total = 0;
  for (const auto &[step, seconds] : report.compileSeconds) {
    times += (times.empty() ? "" : ", ") + step + " " + timeText(seconds);
    total += seconds;
  }
  row("compile time", timeText(total) + " (" + times + ")");
  if (const std::optional<Measurement> &measured = report.measurement)
    row("measured", llvm::formatv("segrun benchmark, batch {0}, {1} threads, "
                                  "medians: {2}",
                                  measured->batch, measured->threads,
                                  llvm::join(measured->runs, "; ")));
  out << "</table>\n";
}

void Page::versionRows(const Version &version) {
  for (const Entry &entry : version.entries) {
    double flops = 0, modelled = 0, measured = 0;
    size_t launches = entry.launches().size();
    for (const Kernel &kernel : entry.kernels) {
      flops += kernel.flops();
      modelled += report.modelledSeconds(version, kernel);
      measured += kernel.seconds().value_or(0);
    }
    out << "<tr>";
    words(version.target.name);
    words(entry.name);
    number(entry.kernels.size(), std::to_string(entry.kernels.size()));
    number(launches, std::to_string(launches));
    number(flops, flops > 0 ? flopsText(flops) : none);
    number(entry.arenaBytes, bytesText(entry.arenaBytes));
    number(entry.arenaBound, bytesText(entry.arenaBound));
    double over = entry.arenaBound ? static_cast<double>(entry.arenaBytes) /
                                         static_cast<double>(entry.arenaBound)
                                   : 1;
    number(over, llvm::formatv("{0:f3}", over));
    number(entry.scratchBytes, bytesText(entry.scratchBytes));
    number(modelled, modelled > 0 ? timeText(modelled) : none);
    if (report.measurement)
      number(measured, measured > 0 ? timeText(measured) : none);
    out << "</tr>\n";
  }
}

void Page::summary() {
  out << "<section id='summary' data-section='summary'><h2>Summary</h2>\n";
  facts();
  out << "<p class='note'>The arena is the memory between kernels, planned for "
         "the largest batch; the bound is the most bytes that are needed at "
         "one "
         "time, which no plan can undercut. Scratch is that of one thread. "
         "Modelled times are a model, not a measurement: for each kernel the "
         "longer of its arithmetic at "
      << rateText(version.target.peakFlops) << " and its least traffic at "
      << bandwidthText(version.target.bytesPerSecond)
      << ", a core; times are of " << report.batch() << " samples on "
      << report.cores()
      << " cores.</p>\n<div class='scroll'><table class='sortable' "
         "data-table='entries'><thead><tr><th>version</th><th "
         "class='left'>entry</th><th>kernels</th><th>launches</th><th>work a "
         "sample</th><th>arena</th><th>bound</th><th>arena / "
         "bound</th><th>scratch</th><th>modelled</th>"
      << (report.measurement ? "<th>measured</th>" : "")
      << "</tr></thead><tbody>\n";
  for (const Version &one : report.versions)
    versionRows(one);
  out << "</tbody></table></div></section>\n";
}

void Page::graph(size_t index) {
  out << "<h3>Graph of kernels</h3>\n<p class='note'>From left to right in the "
         "order in which they run; rows are grids, the finest on top. The bar "
         "is the time, relative to the slowest kernel. A box leads to its row "
         "in the table; resting on it shows its tensors.</p>\n<div "
         "class='zoomed'>"
         "<label>zoom <input type='range' min='5' max='100' "
         "value='100'></label><div "
         "class='scroll' data-section='graph'>"
      << graphSvg(report, index) << "</div></div>\n";
}

void Page::kernelRow(size_t index, size_t kernel, double total) {
  const Kernel &k = version.entries[index].kernels[kernel];
  double flops = k.flops() * report.batch(), bytes = k.bytes() * report.batch();
  double modelled = report.modelledSeconds(version, k);
  double best = bestSeconds(report, version, k);
  int64_t tasks = 0;
  std::string functions;
  for (const Launch &launch : k.launches) {
    tasks += launch.tasksFixed + launch.tasksPerSample * report.batch();
    functions += (functions.empty() ? "" : ", ") + launch.function;
  }
  out << "<tr id='" << kernelId(index, kernel) << "'>";
  number(static_cast<double>(kernel), std::to_string(kernel));
  words(k.root);
  words(fusedText(k, 60));
  words(k.strategyKind);
  words(k.grid);
  number(best / total, llvm::formatv("{0:f1} %", 100 * best / total));
  number(modelled, timeText(modelled));
  if (isMeasured(version.entries[index])) {
    std::optional<double> measured = k.seconds();
    double rate = measured > 0 ? flops / *measured : 0;
    double slower = measured > 0 ? *measured / modelled : 0;
    number(measured.value_or(0), measured ? timeText(*measured) : none);
    number(slower, slower > 0 ? shortNumber(slower) : none);
    number(rate, rate > 0 ? rateText(rate) : none);
  }
  number(flops, flops > 0 ? flopsText(flops) : none);
  number(bytes, bytesText(bytes));
  number(static_cast<double>(tasks), std::to_string(tasks));
  words(functions);
  words(k.location);
  out << "</tr>\n";
}

void Page::kernelTable(size_t index) {
  const Entry &entry = version.entries[index];
  double total = 0;
  for (const Kernel &kernel : entry.kernels)
    total += bestSeconds(report, version, kernel);
  out << "<h3>Kernels</h3>\n<p class='note'>A click on a heading sorts. Work "
         "is "
         "counted for the kernel's root; pointwise ops that go with it are "
         "free.</p>\n<div class='scroll'><table class='sortable' "
         "data-table='kernels'><thead><tr><th>#</th><th class='left'>root</th>"
         "<th class='left'>fused into it</th><th class='left'>strategy</th><th "
         "class='left'>grid</th><th>share</th><th>modelled</th>"
      << (isMeasured(entry)
              ? "<th>measured</th><th>/ modelled</th><th>rate</th>"
              : "")
      << "<th>work</th><th>bytes</th><th>tasks</th><th "
         "class='left'>functions</th><th class='left'>where</th></tr></thead>"
         "<tbody>\n";
  for (size_t i = 0; i < entry.kernels.size(); ++i)
    kernelRow(index, i, total);
  out << "</tbody></table></div>\n"
      << resourceTable(entry)
      << predictionTables(version, entry, report.batch());
}

void Page::memory(const Entry &entry) {
  out << "<h3>Memory over time</h3>\n";
  if (entry.buffers.empty()) {
    out << "<p class='empty'>No buffers: this entry keeps nothing in the "
           "arena.</p>\n";
    return;
  }
  int peak = peakKernel(entry);
  out << llvm::formatv(
      "<p class='note'>Arena {0}, lower bound {1} (dashed). The most, {2}, is "
      "needed while kernel {3} runs (highlighted).</p>\n<div class='scroll' "
      "data-section='memory'>{4}</div>\n<details open><summary>Alive at the "
      "peak</summary><div class='scroll'><table class='sortable' "
      "data-table='peak'><thead><tr><th>buffer</th><th class='left'>type</th>"
      "<th>bytes</th><th>offset</th><th>from kernel</th><th>to kernel</th>"
      "</tr></thead><tbody>\n",
      bytesText(entry.arenaBytes), bytesText(entry.arenaBound),
      bytesText(bytesAlive(entry, peak)), peak, memorySvg(entry));
  std::vector<const Buffer *> alive;
  for (const Buffer &buffer : entry.buffers)
    if (buffer.first <= peak && peak <= buffer.last)
      alive.push_back(&buffer);
  llvm::sort(alive, [](const Buffer *a, const Buffer *b) {
    return std::pair(-a->bytes, a->offset) < std::pair(-b->bytes, b->offset);
  });
  for (const Buffer *buffer : alive) {
    out << "<tr>";
    words(buffer->name);
    words(buffer->type);
    number(buffer->bytes, bytesText(buffer->bytes));
    for (int64_t value :
         {buffer->offset, int64_t{buffer->first}, int64_t{buffer->last}})
      number(value, std::to_string(value));
    out << "</tr>\n";
  }
  out << "</tbody></table></div></details>\n";
}

void Page::lessMemory(const Entry &entry) {
  out << "<details open><summary>What less memory would cost</summary>\n<p "
         "class='note'>For each arena the modelled time, on one core, of the "
         "kernels that would run again (<code>--fit-memory</code>). The first "
         "row is the entry with each kernel once; what <code>--recompute"
         "</code> allows has been taken already.</p>\n<div "
         "class='scroll'><table class='sortable' data-table='less-memory'>"
         "<thead><tr><th>arena</th><th>of the first</th><th>extra time</th>"
         "</tr></thead><tbody>\n";
  for (const MemoryStep &step : entry.memorySteps) {
    double part = static_cast<double>(step.arenaBytes) /
                  static_cast<double>(entry.memorySteps.front().arenaBytes);
    out << "<tr>";
    number(step.arenaBytes, bytesText(step.arenaBytes));
    number(part, llvm::formatv("{0:f0} %", 100 * part));
    number(step.extraSeconds,
           step.extraSeconds > 0 ? timeText(step.extraSeconds) : none);
    out << "</tr>\n";
  }
  out << "</tbody></table></div></details>\n";
}

void Page::roofline(size_t index) {
  const Entry &entry = version.entries[index];
  out << "<h3>Roofline</h3>\n";
  std::string picture = rooflineSvg(report, index);
  if (picture.empty()) {
    out << "<p class='empty'>No kernel of this entry counts its work.</p>\n";
    return;
  }
  size_t uncounted = llvm::count_if(
      entry.kernels, [](const Kernel &kernel) { return kernel.flops() <= 0; });
  out << "<p class='note'>"
      << (isMeasured(entry)
              ? "Filled circles are measured, hollow ones modelled. "
              : "All rates are modelled; a profile (`segrun benchmark "
                "--profile`) brings measured ones. ")
      << "The area of a circle is the kernel's share of the time. Work is that "
         "of the direct algorithm: a kernel may lie above the roof by what "
         "Winograd tiles and products of 16 bits save. "
      << (uncounted ? std::to_string(uncounted) +
                          " kernels whose work is not counted are not shown."
                    : "")
      << "</p>\n<div class='scroll' data-section='roofline'>" << picture
      << "</div>\n";
}

void Page::casts(const Entry &entry) {
  out << "<h3>Casts</h3>\n<div data-section='casts'>";
  bool any = llvm::any_of(entry.kernels, [](const Kernel &kernel) {
    return !kernel.casts.empty();
  });
  if (!any) {
    out << "<p class='empty'>No casts: everything is computed and stored in "
        << escapeHtml(report.manifest.getString("precision").value_or("f32"))
        << ".</p></div>\n";
    return;
  }
  out << "<div class='scroll'><table class='sortable' data-table='casts'>"
         "<thead><tr><th>kernel</th><th class='left'>root</th><th "
         "class='left'>tensor</th><th class='left'>from</th><th "
         "class='left'>to</th><th class='left'>when</th><th>16-bit bytes</th>"
         "<th class='left'>rule</th><th class='left'>where</th></tr></thead>"
         "<tbody>\n";
  for (auto [i, kernel] : llvm::enumerate(entry.kernels))
    for (const Cast &cast : kernel.casts) {
      out << "<tr>";
      number(i, std::to_string(i));
      words(kernel.root);
      words(cast.tensor);
      words(cast.from);
      words(cast.to);
      words(cast.where);
      number(static_cast<double>(cast.bytes), bytesText(cast.bytes));
      words(cast.rule);
      words(cast.location);
      out << "</tr>\n";
    }
  out << "</tbody></table></div></div>\n";
}

void Page::entry(size_t index) {
  const Entry &entry = version.entries[index];
  out << "<section id='" << escapeHtml(entry.name)
      << "' data-section='entry'><h2>" << escapeHtml(entry.name) << "</h2>\n";
  if (entry.kernels.empty()) {
    out << "<p class='empty'>"
        << (entry.others.empty()
                ? "No kernels."
                : std::to_string(entry.others.size()) +
                      " launches that belong to no kernel of a graph.")
        << "</p></section>\n";
    return;
  }
  graph(index);
  kernelTable(index);
  memory(entry);
  if (entry.memorySteps.size() > 1)
    lessMemory(entry);
  roofline(index);
  casts(entry);
  out << "</section>\n";
}

std::string Page::build() {
  head();
  summary();
  for (size_t i = 0; i < version.entries.size(); ++i)
    entry(i);
  out << communicationSection(version);
  out << "<script>" << pageScript << "</script></body></html>\n";
  return std::move(text);
}

} // namespace

std::string toHtml(const Report &report) { return Page(report).build(); }

} // namespace segc::report
