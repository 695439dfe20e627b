//===- ReportTest.cpp - The report as JSON and as HTML --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "segc/Base/Html.h"
#include "segc/Codegen/CPU/CpuTarget.h"
#include "segc/Driver/Report/Profile.h"
#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr const char *hostile = "</title><script>alert('x')</script>\"&";

/// Returns a report of conv -> relu -> an unused result in the arena, and one
/// cast.
report::Report smallReport(const std::string &name = "conv") {
  report::Kernel conv, relu;
  conv.root = name;
  conv.fused = {name};
  conv.location = conv.strategy = conv.strategyKind = conv.grid = name;
  conv.positions = 64;
  conv.inputs = {{name, "1x8x8x1xf32", 256, -1}};
  conv.results = {{"", "1x8x8x4xf32", 1024, -1}};
  conv.launches = {{"k0_pack", name, 1, 0, 0, 0, std::nullopt},
                   {"k0_conv", name, 0, 4, 2e6, 1280, std::nullopt}};
  conv.casts = {{name, "f32", name, name, 512, name, name}};
  relu.root = "relu";
  relu.inputs = {{"", "1x8x8x4xf32", 1024, 0}};
  relu.launches = {{"k1_relu", "seg.relu", 0, 1, 0, 2048, std::nullopt}};
  report::Entry entry;
  entry.name = "predict";
  entry.kernels = {conv, relu};
  entry.buffers = {{name, "1x8x8x4xf32", 1024, 0, 0, 1},
                   {"relu #1", "1x8x8x4xf32", 1024, 0, 1, 1},
                   {"conv #0 temporary", "", 512, 1024, 0, 0}};
  entry.arenaBytes = entry.arenaBound = 1536;
  report::Report report;
  report.manifest["network"] = name;
  report.manifest["batch"] = 2;
  report.versions.push_back(
      {*lookupCpuTarget("x86-64-v3"), /*onHost=*/true, {entry}});
  report.versions.push_back(
      {*lookupCpuTarget("x86-64-v4"), /*onHost=*/true, {entry}});
  report.compileSeconds = {{"network", 0.25}};
  return report;
}

std::string profile(const std::string &second = "k0_conv",
                    const std::string &cpu = "x86-64-v4") {
  return R"({"format": 1, "batch_size": 2, "threads": 2, "steps": 3,
    "mode": "predict", "cpu_version": ")" +
         cpu + R"(", "kernels": [
    {"entry": "predict", "index": 0, "name": "k0_pack", "median_ms": 0.5},
    {"entry": "predict", "index": 1, "name": ")" +
         second + R"(", "median_ms": 1.5}]})";
}

TEST(Html, EscapesMarkup) {
  EXPECT_EQ(
      escapeHtml("<a href='x' title=\"y\">&amp;</a>"),
      "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;amp;&lt;/a&gt;");
  EXPECT_EQ(escapeHtml("conv.weight"), "conv.weight");
}

// The figures of a kernel are the sums over its launches.
TEST(Report, KernelsSumTheirLaunches) {
  report::Report report = smallReport();
  const report::Kernel &conv = report.versions[0].entries[0].kernels[0];
  EXPECT_EQ(conv.flops(), 2e6);
  EXPECT_EQ(conv.bytes(), 1280);
  EXPECT_FALSE(conv.seconds()) << "nothing was measured";
}

// Memory that is reused in place counts once. The live range of a temporary is
// its kernel.
TEST(Report, PeakOfMemory) {
  report::Report report = smallReport();
  const report::Entry &entry = report.versions[0].entries[0];
  EXPECT_EQ(report::bytesAlive(entry, 0), 1536);
  EXPECT_EQ(report::bytesAlive(entry, 1), 1024);
  EXPECT_EQ(report::peakKernel(entry), 0);
}

// The modelled time is the longer of arithmetic and traffic, over all samples,
// divided by the cores.
TEST(Report, ModelledTime) {
  CpuTarget target = *lookupCpuTarget("x86-64-v3");
  double flops = target.peakFlops, bytes = target.bytesPerSecond;
  EXPECT_DOUBLE_EQ(target.modelledSeconds(3 * flops, 2 * bytes, 1), 3);
  EXPECT_DOUBLE_EQ(target.modelledSeconds(flops, 2 * bytes, 4), 0.5);
  report::Report report = smallReport();
  EXPECT_DOUBLE_EQ(
      report.modelledSeconds(report.versions[0],
                             report.versions[0].entries[0].kernels[0]),
      2 * 2e6 / flops);
}

// The strategy reduces the arithmetic.
TEST(Report, ModelledTimeOfStrategies) {
  mlir::MLIRContext context;
  context.loadDialect<seg::SegDialect>();
  mlir::Builder b(&context);
  auto work = [&](std::vector<int64_t> tiles, const char *multiplyType,
                  const char *target) {
    llvm::SmallVector<mlir::NamedAttribute> entries{
        {b.getStringAttr(strategyTilesName), b.getDenseI64ArrayAttr(tiles)}};
    if (multiplyType)
      entries.push_back({b.getStringAttr(strategyMultiplyTypeName),
                         b.getStringAttr(multiplyType)});
    return productWork(seg::StrategyAttr::get(&context, "winograd", entries))
        .on(*lookupCpuTarget(target));
  };
  EXPECT_DOUBLE_EQ(work({4, 4, 4}, nullptr, "x86-64-v4"), 1.0 / 4);
  EXPECT_DOUBLE_EQ(work({1, 2, 4}, nullptr, "x86-64-v4"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(work({1, 4, 4}, "bf16", "x86-64-v4-bf16"), 1.0 / 4);
  // Pairs are widened if the version has no instruction for them.
  EXPECT_DOUBLE_EQ(work({1, 4, 4}, "bf16", "x86-64-v4"), 1.0 / 2);
  EXPECT_DOUBLE_EQ(productWork(nullptr).on(*lookupCpuTarget("x86-64-v4")), 1);

  report::Report report = smallReport();
  report::Kernel &kernel = report.versions[0].entries[0].kernels[0];
  double direct = report.modelledSeconds(report.versions[0], kernel);
  kernel.work.share = 0.5;
  EXPECT_DOUBLE_EQ(report.modelledSeconds(report.versions[0], kernel),
                   direct / 2);
}

// A profile adds times to the launches of the measured version, which is then
// shown.
TEST(Report, ProfileIsMerged) {
  report::Report report = smallReport();
  Status status = report::addProfile(report, profile(), "p.json");
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(report.versions[0].target.name, "x86-64-v4");
  const report::Entry &entry = report.versions[0].entries[0];
  EXPECT_DOUBLE_EQ(entry.kernels[0].seconds().value_or(0), 2e-3);
  EXPECT_FALSE(entry.kernels[1].seconds()) << "was not measured";
  EXPECT_FALSE(report.versions[1].entries[0].kernels[0].seconds());
  EXPECT_EQ(report.cores(), 2);
  EXPECT_THAT(report::toHtml(report), HasSubstr("segrun benchmark"));
}

// A second profile completes the first, if it was measured in the same way.
TEST(Report, SeveralProfiles) {
  report::Report report = smallReport();
  ASSERT_TRUE(report::addProfile(report, profile(), "p.json").ok());
  ASSERT_TRUE(report::addProfile(report, profile(), "q.json").ok());
  EXPECT_EQ(report.measurement->runs.size(), 2u);
  EXPECT_THAT(
      report::addProfile(report, profile("k0_conv", "x86-64-v3"), "r.json")
          .message(),
      HasSubstr("r.json: measured with batch 2, 2 threads, x86-64-v3"));
}

TEST(Report, ProfileOfAnotherModel) {
  auto errorOf = [](const std::string &text) {
    report::Report report = smallReport();
    return report::addProfile(report, text, "p.json").message();
  };
  EXPECT_THAT(errorOf(profile("k7_conv")),
              HasSubstr("launch 1 of predict is k0_conv, not k7_conv"));
  EXPECT_THAT(errorOf(profile("k0_conv", "vax")),
              HasSubstr("p.json: measured the version vax"));
  EXPECT_THAT(errorOf("{}"), HasSubstr("\"format\" is missing"));
  EXPECT_THAT(errorOf("nothing"), HasSubstr("p.json: not valid JSON"));
}

// Names of a network cannot add scripts to the page.
TEST(Report, NamesAreEscaped) {
  report::Report report = smallReport(hostile);
  report.compileSeconds[0].first = hostile;
  report.versions[0].entries[0].name = hostile;
  std::string page = report::toHtml(report);
  EXPECT_THAT(page, Not(HasSubstr("alert('x')")));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr("&lt;/title&gt;&lt;script&gt;"));
  auto count = [&](const std::string &word) {
    size_t found = 0;
    for (size_t at = page.find(word); at != std::string::npos;
         at = page.find(word, at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count("<script"), 1u);
  EXPECT_EQ(count("<svg"), 3u) << "graph, memory, roofline";
}

// The page loads no external resource.
TEST(Report, PageIsSelfContained) {
  std::string page = report::toHtml(smallReport());
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char *word : {"http:", "https:", "src=", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(word)));
}

// Without kernels or buffers, the page has sentences instead of pictures.
TEST(Report, EmptyReport) {
  report::Report report = smallReport();
  report::Entry &entry = report.versions[0].entries[0];
  entry.buffers.clear();
  entry.kernels.erase(entry.kernels.begin());
  std::string page = report::toHtml(report);
  EXPECT_THAT(page, HasSubstr("keeps nothing in the arena"));
  EXPECT_THAT(page, HasSubstr("No kernel of this entry counts its work"));
  EXPECT_THAT(page, HasSubstr("No casts"));
  entry.others = entry.kernels[0].launches;
  entry.kernels.clear();
  EXPECT_THAT(report::toHtml(report), HasSubstr("1 launches that belong to"));
}

// The JSON contains the data of the page.
TEST(Report, Json) {
  llvm::json::Value json = report::toJson(smallReport());
  const llvm::json::Object *entry =
      (*json.getAsObject()->getArray("versions"))[0]
          .getAsObject()
          ->getObject("entries")
          ->getObject("predict");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->getInteger("arena_bytes"), 1536);
  EXPECT_EQ(entry->getArray("launches")->size(), 3u);
  EXPECT_EQ(entry->getArray("kernels")->size(), 2u);
  const llvm::json::Object *cast =
      (*(*entry->getArray("kernels"))[0].getAsObject()->getArray("casts"))[0]
          .getAsObject();
  EXPECT_EQ(cast->getInteger("bytes"), 512);
  EXPECT_EQ(cast->getString("rule"), "conv");
  EXPECT_EQ(entry->getArray("buffers")->size(), 3u);
  EXPECT_EQ(entry->getArray("less_memory")->size(), 0u);
}

// The time that recomputation would cost to save memory, if there are several
// plans.
TEST(Report, LessMemory) {
  report::Report report = smallReport();
  report::Entry &entry = report.versions[0].entries[0];
  entry.memorySteps = {{1536, 0}};
  EXPECT_THAT(report::toHtml(report),
              Not(HasSubstr("What less memory would cost")));
  entry.memorySteps.push_back({1024, 3e-3});
  std::string page = report::toHtml(report);
  EXPECT_THAT(page, HasSubstr("What less memory would cost"));
  EXPECT_THAT(page, HasSubstr(">67 %</td>"));
  EXPECT_THAT(page, HasSubstr(">3.00 ms</td>"));
}

} // namespace
