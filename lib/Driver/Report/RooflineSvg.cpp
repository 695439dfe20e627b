//===- RooflineSvg.cpp - FLOP/s over FLOP per byte ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"

#include "segc/Draw/Roofline.h"
#include "llvm/Support/FormatVariadic.h"

namespace segc::report {

static constexpr double width = 1240, height = 440;

/// The point of a kernel.
static draw::RooflinePoint pointOf(const Report &report, const Version &version,
                                   const Kernel &kernel) {
  const double flops = kernel.flops() * report.batch();
  const double modelled = report.modelledSeconds(version, kernel);
  const double measured = kernel.seconds().value_or(0);
  draw::RooflinePoint point;
  point.op = kernel.root;
  point.intensity = kernel.flops() / kernel.bytes();
  point.measured = measured > 0;
  point.rate = flops / (point.measured ? measured : modelled);
  point.share = bestSeconds(report, version, kernel);
  return point;
}

std::string rooflineSvg(const Report &report, size_t entryIndex) {
  const Version &version = report.versions.front();
  const Entry &entry = version.entries[entryIndex];
  draw::Roofline roofline;
  roofline.title = "Roofline of " + entry.name;
  roofline.roofName = "modelled roof";
  roofline.flopsPerSecond = version.target.peakFlops * report.cores();
  roofline.bytesPerSecond = version.target.bytesPerSecond * report.cores();
  double total = 0;
  for (const auto &[i, kernel] : llvm::enumerate(entry.kernels)) {
    total += bestSeconds(report, version, kernel);
    if (kernel.flops() <= 0 || kernel.bytes() <= 0)
      continue;
    draw::RooflinePoint point = pointOf(report, version, kernel);
    point.region = {llvm::formatv("#{0} {1}\n{2} FLOP per byte\n{3} {4}", i,
                                  kernel.root,
                                  draw::shortNumber(point.intensity),
                                  draw::rateText(point.rate),
                                  point.measured ? "measured" : "modelled")
                        .str(),
                    "#" + kernelId(entryIndex, i), "class='spot'"};
    roofline.points.push_back(point);
  }
  if (roofline.points.empty())
    return "";
  double shown = 0;
  for (draw::RooflinePoint &point : roofline.points)
    shown += point.share /= total;
  roofline.note =
      llvm::formatv("kernels that count no work, not shown: {0:f0} % of the "
                    "time",
                    100 * std::max(0.0, 1 - shown))
          .str();
  draw::Canvas canvas = draw::Canvas::svg(width, height);
  draw::drawRoofline(canvas, {0, 0, width, height}, roofline);
  return pictureElement(canvas, "roofline", roofline.title);
}

} // namespace segc::report
