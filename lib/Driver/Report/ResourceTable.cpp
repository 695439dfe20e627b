//===- ResourceTable.cpp - What kernels occupy of a GPU -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"

#include "segc/Base/Html.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

namespace segc::report {

/// A row of the table; figures that the assembler knows are missing without it.
static std::string row(const Launch &launch) {
  std::string text =
      "<tr><td class='left'>" + escapeHtml(launch.function) + "</td>";
  auto number = [&](int64_t value) {
    text += llvm::formatv("<td data-v='{0}'>{0}</td>", value);
  };
  number(launch.threads);
  number(launch.sharedBytes);
  if (const std::optional<KernelResources> &known = launch.resources)
    for (int64_t value :
         {known->registers, known->residentBlocks, known->spillBytes})
      number(value);
  return text + "</tr>\n";
}

std::string resourceTable(const Entry &entry) {
  std::vector<const Launch *> launches = entry.launches();
  llvm::erase_if(launches,
                 [](const Launch *launch) { return launch->threads == 0; });
  if (launches.empty())
    return "";
  bool known = launches.front()->resources.has_value();
  std::string text =
      "<details><summary>What the kernels occupy</summary>\n<p class='note'>";
  text += known ? "Registers of a thread, blocks that a multiprocessor holds "
                  "at a time, and bytes of registers that are spilled, as "
                  "ptxas says."
                : "Registers and spills are known where a CUDA toolkit is "
                  "installed (ptxas).";
  text += "</p>\n<div class='scroll'><table class='sortable' "
          "data-table='resources'><thead><tr><th class='left'>function</th>"
          "<th>threads of a block</th><th>bytes of shared memory</th>";
  if (known)
    text += "<th>registers</th><th>resident blocks</th><th>spilled bytes</th>";
  text += "</tr></thead><tbody>\n";
  llvm::StringSet<> seen;
  for (const Launch *launch : launches)
    if (seen.insert(launch->function).second)
      text += row(*launch);
  return text + "</tbody></table></div></details>\n";
}

} // namespace segc::report
