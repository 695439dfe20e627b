//===- CommandTest.cpp - segrun as a program ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Json.h"
#include "segc/Runtime/Core/Safetensors.h"

using namespace segc;

TEST_F(Command, UsageErrorsExitWithTwo) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"train", "--nonsense"}), 2);
  EXPECT_EQ(run({"train", "--model", fakeModel()}), 2);
  EXPECT_THAT(output, HasSubstr("one of --data DIR and --batches FILE"));
  EXPECT_EQ(run(trainOn("r", {"--batch-size", "5"})), 2);
  EXPECT_THAT(output, HasSubstr("segc compile MODEL.mlir"));
  EXPECT_THAT(output, HasSubstr("--batch 5`"));
  EXPECT_EQ(run(trainOn("r", {"--amp"})), 2);
  EXPECT_THAT(output, HasSubstr("--precision f16"));
  EXPECT_EQ(run(trainOn("r", {"--scheduler", "linear"})), 2);
  EXPECT_EQ(run({"--help"}), 0);
}

TEST_F(Command, FailuresExitWithOne) {
  EXPECT_EQ(run({"train", "--model", "/no/such.so", "--batches", "x"}), 1);
  EXPECT_THAT(output,
              HasSubstr("segrun: /no/such.so: cannot read: No such file"));
  EXPECT_EQ(run({"predict", "--model", fakeModel(), "--data", data, "--output",
                 folder}),
            1);
  EXPECT_THAT(output, HasSubstr("no weights are embedded"));
}

TEST_F(Command, ResumedRunIsTheSameRun) {
  ASSERT_EQ(run(trainOn("whole", {"--max-steps", "20", "--log-every", "1"})), 0)
      << output;
  ASSERT_EQ(run(trainOn("half", {"--max-steps", "9", "--log-every", "1"})), 0);
  ASSERT_EQ(run(trainOn("half", {"--max-steps", "20", "--log-every", "1",
                                 "--resume", "--threads", "1"})),
            0)
      << output;
  for (const char *name : {"model.safetensors", "optimizer.safetensors"})
    EXPECT_EQ(file(std::string("whole/checkpoints/last/") + name),
              file(std::string("half/checkpoints/last/") + name));
  EXPECT_THAT(file("half/train.jsonl"), HasSubstr("\"step\":20"));
}

// A run that goes on writes one event file, without being told so again.
TEST_F(Command, EventFiles) {
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "3", "--tensorboard"})), 0)
      << output;
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "6", "--resume"})), 0) << output;
  std::vector<std::string> names;
  for (const auto &entry : fs::directory_iterator(folder + "/r/tensorboard"))
    names.push_back(entry.path().filename().string());
  ASSERT_EQ(names.size(), 1u);
  const std::string events = file("r/tensorboard/" + names[0]);
  EXPECT_THAT(events, HasSubstr("brain.Event:2"));
  EXPECT_THAT(events, HasSubstr("loss/train_total_loss"));
  ASSERT_EQ(run(trainOn("none", {"--max-steps", "3"})), 0) << output;
  EXPECT_FALSE(fs::exists(folder + "/none/tensorboard"));
}

// The report states the command, the machine, and time and memory of each
// phase.
TEST_F(Command, ReportStatesTheRun) {
  ASSERT_EQ(run(trainOn("stated", {"--max-steps", "3", "--seed", "7"})), 0)
      << output;
  const std::string html = file("stated/report.html");
  for (const char *text :
       {"<h2>Configuration</h2>", "<code>segrun train --model ",
        "<th>segrun_version</th>", "<th>model_sha256</th>",
        "<th>data_digest</th>", "<th>seed</th><td>7</td>",
        "<h2>Time and memory</h2>", "<td>load model</td><td>1</td>",
        "<td>load data</td>", "<td>train</td>", "<td>save checkpoints</td>"})
    EXPECT_THAT(html, HasSubstr(text));
  const std::string log = file("stated/train.jsonl");
  EXPECT_THAT(
      log, HasSubstr("\"model_sha256\":\"" + sha256(*readFile(fakeModel()))));
  EXPECT_THAT(log, HasSubstr("\"metric\":\"phases\""));
}

TEST_F(Command, InitialWeightsAndGradients) {
  ASSERT_EQ(run(trainOn("a", {"--max-steps", "3"})), 0) << output;
  ASSERT_EQ(run(trainOn("b", {"--max-steps", "1", "--init",
                              folder + "/a/checkpoints/last/model.safetensors",
                              "--dump-gradients", folder + "/g.safetensors"})),
            0)
      << output;
  EXPECT_TRUE(fs::exists(folder + "/g.safetensors"));
}

TEST_F(Command, BenchmarkWritesItsJson) {
  for (const char *mode : {"train", "predict"}) {
    ASSERT_EQ(
        run({"benchmark", "--model", fakeModel(), "--mode", mode,
             "--warmup-steps", "2", "--steps", "10", "--json",
             folder + "/b.json", "--profile", folder + "/p.json", "--trace",
             folder + "/t.json", "--dump-outputs", folder + "/o.safetensors"}),
        0)
        << output;
    auto outputs = SafetensorsFile::read(folder + "/o.safetensors");
    ASSERT_TRUE(outputs.ok()) << outputs.status().message();
    bool training = mode == std::string("train");
    const TensorEntry *found =
        outputs->find(training ? "loss" : "probabilities");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->dtype, "F32");
    Json json = Json::parse(file("b.json"));
    EXPECT_EQ(json["mode"], mode);
    EXPECT_EQ(json["batch_size"], 2);
    EXPECT_GT(json["latency_ms"]["p99"].get<double>(), 0);
    EXPECT_GE(json["latency_ms"]["p99"].get<double>(),
              json["latency_ms"]["p50"].get<double>());
    EXPECT_GT(json["peak_rss_bytes"].get<int64_t>(), 1 << 20);
    Json profile = Json::parse(file("p.json"));
    EXPECT_EQ(profile["batch_size"], 2);
    ASSERT_EQ(profile["kernels"].size(), 1u);
    const Json &kernel = profile["kernels"][0];
    EXPECT_EQ(kernel["launches"], 10) << "the warm-up does not count";
    EXPECT_GT(kernel["tasks"].get<int64_t>(), 0);
    EXPECT_GT(kernel["median_ms"].get<double>(), 0);
    Json trace = Json::parse(file("t.json"));
    int64_t kernels = 0, tasks = 0;
    for (const Json &event : trace["traceEvents"])
      if (event["ph"] == "X") {
        EXPECT_EQ(event["name"], kernel["name"]);
        EXPECT_GE(event["ts"].get<double>(), 0);
        EXPECT_GE(event["dur"].get<double>(), 0);
        ++(event["tid"] == 0 ? kernels : tasks);
      }
    EXPECT_EQ(kernels, 1) << "one step";
    EXPECT_EQ(tasks, kernel["tasks"]) << "each on a worker's lane";
  }
}

TEST_F(Command, ExportNeedsACompiler) {
  ASSERT_EQ(run(trainOn("a", {"--max-steps", "3"})), 0) << output;
  if (fs::exists(SEGC_BINARY_DIR "/bin/segc"))
    GTEST_SKIP() << "segc is there";
  setenv("PATH", "/nonexistent", 1);
  EXPECT_EQ(run({"export", "--model", fakeModel(), "--checkpoint",
                 folder + "/a", "-o", folder + "/frozen.so"}),
            1);
  EXPECT_THAT(output, HasSubstr("the compiler segc is neither beside"));
}

// Train, evaluate and predict on real volumes.
TEST_F(Command, HippocampusEndToEnd) {
  if (!fs::exists(data + "/dataset.json"))
    GTEST_SKIP() << data << " is not there";
  std::string results = folder + "/r";
  ASSERT_EQ(run({"train", "--model", fakeModel(), "--data", data, "--results",
                 results, "--epochs", "2", "--train-split", "0.8", "--augment",
                 "--learning-rate", "0.1", "--log-every", "5"}),
            0)
      << output;
  Json metrics = Json::parse(file("r/metrics.json"));
  EXPECT_TRUE(metrics["hard_dice"]["classes"].contains("anterior"));
  EXPECT_GT(metrics["cases"].size(), 1u);
  for (const char *name : {"train.jsonl", "metrics.csv", "report.html",
                           "curves.png", "checkpoints/best/state.json"})
    EXPECT_TRUE(fs::exists(results + "/" + name)) << name;
  const auto pictures = fs::directory_iterator(results + "/overlays");
  EXPECT_EQ(std::distance(begin(pictures), end(pictures)), 3);
  ASSERT_EQ(
      run({"evaluate", "--model", fakeModel(), "--data", data, "--train-split",
           "0.8", "--checkpoint", results + "/checkpoints/last"}),
      0)
      << output;
  // The table is on standard error.
  EXPECT_THAT(output, HasSubstr("class                 dice"));
  Json record = Json::parse(output.substr(output.find('{')));
  EXPECT_EQ(record["eval_hard_dice"], metrics["hard_dice"]["mean"]);
  ASSERT_EQ(
      run({"predict", "--model", fakeModel(), "--data", data, "--train-split",
           "0.8", "--split", "validation", "--checkpoint", results, "--output",
           results + "/predictions"}),
      0)
      << output;
  std::string one = metrics["cases"][0]["name"];
  EXPECT_TRUE(fs::exists(results + "/predictions/" + one + ".nii.gz")) << one;
}

// A training with --predict leaves the masks that `segrun predict` writes.
TEST_F(Command, TrainsAndPredicts) {
  if (!fs::exists(data + "/imagesTs"))
    GTEST_SKIP() << data << " has no test cases";
  const std::string results = folder + "/r";
  auto train = [&](const std::string &masks) {
    return run({"train", "--model", fakeModel(), "--data", data, "--results",
                results, "--max-steps", "1", "--predict", masks});
  };
  for (const std::string &taken :
       {results, results + "/x/../predictions", data}) {
    EXPECT_EQ(train(taken), 2) << output;
    EXPECT_THAT(output, HasSubstr("--predict " + taken + ": "));
  }
  EXPECT_FALSE(fs::exists(results + "/train.jsonl")) << "nothing was begun";
  ASSERT_EQ(train(results + "/masks"), 0) << output;
  EXPECT_THAT(output, HasSubstr("cases predicted, written to " + results));
  ASSERT_EQ(run({"predict", "--model", fakeModel(), "--data", data,
                 "--checkpoint", results, "--output", folder + "/masks"}),
            0)
      << output;
  int masks = 0;
  for (const auto &entry : fs::directory_iterator(folder + "/masks"))
    if (entry.is_regular_file()) {
      const std::string name = entry.path().filename().string();
      EXPECT_EQ(file("masks/" + name), file("r/masks/" + name)) << name;
      ++masks;
    }
  EXPECT_GT(masks, 0);
}
