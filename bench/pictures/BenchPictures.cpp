//===- BenchPictures.cpp - Pictures of a result of bench/run --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// segc-bench-pictures RESULT.json writes RESULT-ratios, for each case with a
// profile RESULT-roofline-CASE, and of a scaling RESULT-curves: as .svg and
// .png.

#include "ScalingPicture.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Draw/RatioChart.h"
#include "segc/Draw/Roofline.h"
#include "segc/Runtime/Data/Png.h"

#include <algorithm>
#include <cstdio>
#include <map>

using namespace segc;
using namespace segc::draw;

static constexpr double width = 1000, rooflineHeight = 480, curvesHeight = 520,
                        pixelScale = 1.5;

/// Whether there is such a member, other than null.
static bool hasValue(JsonReader reader, const char *key) {
  return reader.has(key) && !reader.value(key).is_null();
}

/// What runs share: processor, cores, commit.
static std::string subtitle(JsonReader result) {
  JsonReader machine = result.object("machine");
  std::string text = machine.string("cpu") + ", " +
                     std::to_string(machine.integers("cores").size()) +
                     " cores, commit " + result.string("commit");
  return result.boolean("allow_busy") ? text + ", measured on a BUSY machine"
                                      : text;
}

/// Writes a picture, drawn by `draw(canvas)`, in both forms.
template <typename Draw>
static Status writePicture(const std::string &path, double height,
                           const std::string &label, Draw draw) {
  Canvas svg = Canvas::svg(width, height);
  draw(svg);
  SEGC_ASSIGN_OR_RETURN(std::string text, svg.finishSvg(label, svgNamespace));
  SEGC_RETURN_IF_ERROR(writeFileAtomically(path + ".svg", text));
  Canvas pixels = Canvas::pixels(width, height, pixelScale);
  draw(pixels);
  SEGC_ASSIGN_OR_RETURN(RgbImage image, pixels.finishPixels());
  SEGC_RETURN_IF_ERROR(writePng(path + ".png", image));
  std::printf("%s.svg\n%s.png\n", path.c_str(), path.c_str());
  return Status::success();
}

/// The precision that a peer computed in where it was asked for another.
static std::string otherPrecision(JsonReader contestant) {
  std::string other;
  contestant.forEach("rounds", [&](JsonReader round) {
    const std::string taken = round.stringOr("precision", "");
    if (taken != round.stringOr("asked_precision", taken))
      other = taken;
  });
  return other;
}

/// How many times faster segc is than each peer, by case.
static RatioChart ratiosOf(JsonReader result) {
  RatioChart chart;
  chart.title = subtitle(result);
  chart.label = "times faster than the peer (its median / segc's; above 1 segc "
                "is faster)";
  std::vector<std::string> names;
  result.forEach("cases", [&](JsonReader record) {
    RatioChart::Group group;
    group.name = record.string("case");
    record.forEachMember(
        "contestants", [&](const std::string &name, JsonReader contestant) {
          if (!hasValue(contestant, "ratio"))
            return;
          size_t series =
              std::find(names.begin(), names.end(), name) - names.begin();
          if (series == names.size()) {
            names.push_back(name);
            chart.series.push_back(name);
          }
          if (std::string other = otherPrecision(contestant); !other.empty())
            chart.series[series] = name + " (in " + other + ")";
          group.bars.push_back({series, contestant.number("ratio")});
        });
    if (!group.bars.empty())
      chart.groups.push_back(group);
  });
  return chart;
}

namespace {
struct Kernel {
  std::string op;
  double ms = 0, gflop = 0, gbyte = 0;
};
} // namespace

/// A fused kernel may be several launches (a filter laid out first), of which
/// one counts the arithmetic and the traffic.
static std::vector<Kernel> fusedKernels(JsonReader record) {
  std::map<std::string, Kernel> byOp;
  record.forEach("kernels", [&](JsonReader launch) {
    const std::string op = launch.string("op");
    const double ms = launch.number("ms");
    Kernel &kernel = byOp[op];
    kernel.op = op.substr(0, op.find(' '));
    if (kernel.op.rfind("seg.", 0) == 0)
      kernel.op.erase(0, 4);
    kernel.ms += ms;
    kernel.gflop += launch.number("gflops") * ms * 1e-3;
    kernel.gbyte += launch.number("gbytes_per_second") * ms * 1e-3;
  });
  std::vector<Kernel> kernels;
  for (const auto &[op, kernel] : byOp)
    kernels.push_back(kernel);
  return kernels;
}

static std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof(text), "%.0f %%", 100 * share);
  return text;
}

/// What has no place in the picture, with the largest of it.
static std::string unplaced(const std::vector<Kernel> &kernels, double total) {
  std::map<std::string, double> shares;
  double sum = 0;
  for (const Kernel &kernel : kernels)
    if (!(kernel.gflop > 0 && kernel.gbyte > 0)) {
      shares[kernel.op] += kernel.ms / total;
      sum += kernel.ms / total;
    }
  std::vector<std::pair<double, std::string>> largest;
  for (const auto &[op, share] : shares)
    largest.push_back({-share, op});
  std::sort(largest.begin(), largest.end());
  std::string text = "without arithmetic, not shown: " + percent(sum);
  for (size_t i = 0; i < std::min<size_t>(3, largest.size()); ++i)
    text += (i ? ", " : " (") + largest[i].second + " " +
            percent(-largest[i].first);
  return largest.empty() ? text : text + ")";
}

static Roofline rooflineOf(JsonReader result, JsonReader record) {
  const std::vector<Kernel> kernels = fusedKernels(record);
  double total = 0;
  for (const Kernel &kernel : kernels)
    total += kernel.ms;
  Roofline roofline;
  char text[64];
  std::snprintf(text, sizeof(text), ": %.2f ms in kernels; ", total);
  roofline.title = record.string("case") + text + subtitle(result);
  roofline.note = unplaced(kernels, total);
  if (hasValue(result, "roof")) {
    JsonReader roof = result.object("roof");
    roofline.roofName = "PyTorch's matrix product and copy";
    roofline.flopsPerSecond = 1e9 * roof.number("gflops");
    roofline.bytesPerSecond = 1e9 * roof.number("gbytes_per_second");
  }
  for (const Kernel &kernel : kernels)
    if (kernel.gflop > 0 && kernel.gbyte > 0 && kernel.ms > 0) {
      RooflinePoint point;
      point.op = kernel.op;
      point.intensity = kernel.gflop / kernel.gbyte;
      point.rate = kernel.gflop * 1e9 / (kernel.ms * 1e-3);
      point.share = kernel.ms / total;
      point.region.title = kernel.op;
      roofline.points.push_back(point);
    }
  return roofline;
}

/// A case's name as a part of a file's.
static std::string fileName(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

static Status drawCurves(JsonReader result, const std::string &stem,
                         const Status &status) {
  const LineChart curves = scalingOf(result.object("scaling"));
  SEGC_RETURN_IF_ERROR(status);
  return writePicture(
      stem + "-curves", curvesHeight, curves.title, [&](Canvas &canvas) {
        drawLineChart(canvas, {0, 0, width, curvesHeight}, curves);
      });
}

static Status drawCases(JsonReader result, const std::string &stem,
                        const Status &status) {
  std::vector<std::pair<std::string, Roofline>> rooflines;
  const RatioChart ratios = ratiosOf(result);
  result.forEach("cases", [&](JsonReader record) {
    if (hasValue(record, "kernels"))
      rooflines.push_back(
          {fileName(record.string("case")), rooflineOf(result, record)});
  });
  SEGC_RETURN_IF_ERROR(status);
  if (!ratios.groups.empty())
    SEGC_RETURN_IF_ERROR(writePicture(
        stem + "-ratios", ratios.height(), "times faster than peers",
        [&](Canvas &canvas) {
          drawRatioChart(canvas, {0, 0, width, ratios.height()}, ratios);
        }));
  for (const auto &[name, roofline] : rooflines)
    if (const Roofline &shown = roofline; !shown.points.empty())
      SEGC_RETURN_IF_ERROR(writePicture(
          stem + "-roofline-" + name, rooflineHeight, "roofline of " + name,
          [&](Canvas &canvas) {
            drawRoofline(canvas, {0, 0, width, rooflineHeight}, shown);
          }));
  return Status::success();
}

static Status drawResult(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path));
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, path));
  const std::string stem =
      path.size() > 5 && path.compare(path.size() - 5, 5, ".json") == 0
          ? path.substr(0, path.size() - 5)
          : path;
  Status status;
  JsonReader result(json, path, status);
  return result.has("scaling") ? drawCurves(result, stem, status)
                               : drawCases(result, stem, status);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: segc-bench-pictures RESULT.json\n");
    return 2;
  }
  Status status = withoutExceptions([&] { return drawResult(argv[1]); });
  if (status.ok())
    return 0;
  std::fprintf(stderr, "segc-bench-pictures: %s\n", status.message().c_str());
  return 1;
}
