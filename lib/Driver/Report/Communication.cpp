//===- Communication.cpp - What ranks exchange, in a report ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"
#include "segc/Base/Html.h"
#include "segc/Driver/Report/Collect.h"
#include "segc/Program/Programs.h"
#include "segc/Program/Timeline.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc::report {

llvm::Error addCommunication(Version &version, const Target &target,
                             ModuleOp module, const PipelineOptions &options) {
  llvm::Expected<Link> link = linkFor(target, options.link, options.ranks);
  if (!link)
    return link.takeError();
  exec::ProgramOp step = findProgram(module, "train_step");
  if (!step)
    return llvm::Error::success();
  Timeline timeline(step, LaunchTimes(target, options.threads), *link);
  if (timeline.collectives.empty())
    return llvm::Error::success();
  Communication found{link->ranks, link->latency,    link->bytesPerSecond,
                      {},          timeline.seconds, timeline.exposed};
  for (CollectiveTimes &run : timeline.collectives)
    found.collectives.push_back(
        {exec::stringifyCollectiveKind(run.op.getKind()).str(),
         static_cast<int64_t>(run.op.getInputs().size()), run.bytes,
         run.launches, run.ready, run.start, run.done});
  version.communication = std::move(found);
  return llvm::Error::success();
}

std::string communicationSection(const Version &version) {
  if (!version.communication)
    return "";
  const Communication &all = *version.communication;
  std::string text = llvm::formatv(
      "<section id='communication' data-section='communication'>"
      "<h2>communication</h2>\n<p class='note'>What {0} ranks exchange in a "
      "train_step, over a link of {1} and {2}. By the cost models {3} of {4} "
      "are waited for; the rest passes while kernels run.</p>\n<div "
      "class='scroll'><table class='sortable' "
      "data-table='communication'><thead><tr><th class='left'>kind</th>"
      "<th>tensors</th><th>bytes</th><th>behind launch</th><th>ready</th>"
      "<th>start</th><th>done</th></tr></thead><tbody>\n",
      all.ranks, draw::timeText(all.latency),
      draw::bandwidthText(all.bytesPerSecond),
      draw::timeText(all.exposedSeconds), draw::timeText(all.stepSeconds));
  auto number = [&](double value, const std::string &shown) {
    text +=
        llvm::formatv("<td data-v='{0:e9}'>{1}</td>", value, escapeHtml(shown));
  };
  for (const Collective &each : all.collectives) {
    text += "<tr><td class='left'>" + escapeHtml(each.kind) + "</td>";
    number(static_cast<double>(each.tensors), std::to_string(each.tensors));
    number(static_cast<double>(each.bytes),
           draw::bytesText(static_cast<double>(each.bytes)));
    number(each.launches, std::to_string(each.launches));
    for (double seconds :
         {each.readySeconds, each.startSeconds, each.doneSeconds})
      number(seconds, draw::timeText(seconds));
    text += "</tr>\n";
  }
  return text + "</tbody></table></div></section>\n";
}

} // namespace segc::report
