//===- Draw.h - Pieces of a report page -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_REPORT_DRAW_H
#define SEGC_LIB_DRIVER_REPORT_DRAW_H

#include "segc/Driver/Report/Report.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

namespace segc::report {

/// Three significant digits.
std::string shortNumber(double value);
std::string bytesText(double bytes);              ///< "1.25 MiB"
std::string timeText(double seconds);             ///< "1.25 ms"
std::string flopsText(double flops);              ///< "1.25 GFLOP"
std::string rateText(double perSecond);           ///< "1.25 GFLOP/s"
std::string bandwidthText(double bytesPerSecond); ///< "12.0 GB/s"

/// Where a kernel is described: the id of its row in the table.
std::string kernelId(size_t entry, size_t kernel);
/// "conv + bias, relu" as far as it fits.
std::string fusedText(const Kernel &kernel, size_t mostCharacters);
/// The measured time if there is one, else the modelled.
double bestSeconds(const Report &report, const Version &version,
                   const Kernel &kernel);

/// A picture under construction. Coordinates are pixels from the top left;
/// text is escaped here. Classes are those of the page's style sheet.
class Svg {
public:
  /// `label` says what the picture shows to those who cannot see it.
  Svg(double width, double height, llvm::StringRef kind, llvm::StringRef label);

  void rect(double x, double y, double width, double height,
            llvm::StringRef classes, llvm::StringRef title = "");
  void circle(double x, double y, double radius, llvm::StringRef classes,
              llvm::StringRef title);
  void line(double x1, double y1, double x2, double y2,
            llvm::StringRef classes);
  void path(llvm::StringRef commands, llvm::StringRef attributes);
  void text(double x, double y, llvm::StringRef classes,
            llvm::StringRef content);
  /// What follows up to endGroup is one thing that leads to `id`.
  void beginLink(llvm::StringRef id, llvm::StringRef attributes,
                 llvm::StringRef title);
  void endLink() { out << "</a>\n"; }
  std::string finish();

private:
  std::string buffer;
  llvm::raw_string_ostream out;
};

/// Kernels from left to right in their order, the finest grid on top; lines
/// are the tensors that they hand on.
std::string graphSvg(const Report &report, size_t entry);
/// Time from left to right, offsets upwards: each buffer of the arena.
std::string memorySvg(const Entry &entry);
/// FLOP/s over FLOP per byte under the roof of the target; empty without
/// kernels that have both.
std::string rooflineSvg(const Report &report, size_t entry);

extern const llvm::StringLiteral pageStyle, pageScript;

} // namespace segc::report

#endif // SEGC_LIB_DRIVER_REPORT_DRAW_H
