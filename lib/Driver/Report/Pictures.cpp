//===- Pictures.cpp - Pictures of a report page ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"

#include "segc/Base/Html.h"

namespace segc::report {

std::string kernelId(size_t entry, size_t kernel) {
  return "e" + std::to_string(entry) + "k" + std::to_string(kernel);
}

std::string fusedText(const Kernel &kernel, size_t maxCharacters) {
  std::string text;
  for (const std::string &op : kernel.fused) {
    text += text.empty() ? "+ " + op : ", " + op;
    if (text.size() > maxCharacters)
      return text.substr(0, maxCharacters - 1) + "\u2026";
  }
  return text;
}

double bestSeconds(const Report &report, const Version &version,
                   const Kernel &kernel) {
  return kernel.seconds().value_or(report.modelledSeconds(version, kernel));
}

std::string pictureElement(draw::Canvas &canvas, llvm::StringRef kind,
                           llvm::StringRef label) {
  const std::string attributes =
      "class='" + kind.str() + "' data-picture='" + kind.str() + "'";
  StatusOr<std::string> svg = canvas.finishSvg(label.str(), attributes);
  return svg.ok() ? *svg
                  : "<p class='empty'>" + escapeHtml(svg.status().message()) +
                        "</p>\n";
}

} // namespace segc::report
