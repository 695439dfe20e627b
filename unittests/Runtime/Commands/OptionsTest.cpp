//===- OptionsTest.cpp - Errors of the command line -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"

using namespace segc;

TEST_F(Command, WithoutArgumentsPrintsUsage) {
  EXPECT_EQ(run({}), 2);
  EXPECT_THAT(output, HasSubstr("Usage: "));
  EXPECT_THAT(output, HasSubstr("train"));
}

TEST_F(Command, SaysItsVersion) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_THAT(output,
              testing::MatchesRegex("segrun [0-9.]+( .commit [0-9a-f]+.)?, "
                                    "models of ABI 1 to [0-9]+\n"));
}

TEST_F(Command, UnknownWordsSuggestTheNearest) {
  EXPECT_EQ(run({"train", "--learnin-rate", "0.1"}), 2);
  EXPECT_THAT(output, HasSubstr("unknown option --learnin-rate; did you mean "
                                "--learning-rate?"));
  EXPECT_EQ(run({"train", "--max-stepz=3"}), 2);
  EXPECT_THAT(output, HasSubstr("did you mean --max-steps?"));
  EXPECT_EQ(run({"trian"}), 2);
  EXPECT_THAT(output, HasSubstr("unknown command trian; did you mean train?"));
  EXPECT_EQ(run({"train", "--xyzzy"}), 2);
  EXPECT_THAT(output, testing::Not(HasSubstr("did you mean")));
  EXPECT_EQ(run({"train", "--use_xla"}), 2); // It is no --use_amp.
  EXPECT_THAT(output, HasSubstr("unknown option --use_xla; docs/Options.md"));
  EXPECT_EQ(run({"train", "--exec_mode", "train", "--xla"}), 2);
  EXPECT_THAT(output, HasSubstr("unknown option --exec_mode; docs/Options.md "
                                "says what options of the published examples "
                                "are called here; see `segrun train --help`"));
}

// Options of a file count as typed in front of the command line's.
TEST_F(Command, OptionsComeFromAFile) {
  const std::string path = folder + "/options.json";
  const auto with = [&](const std::string &text,
                        const std::vector<std::string> &more = {}) {
    EXPECT_TRUE(writeFileAtomically(path, text).ok());
    std::vector<std::string> words = trainOn("r", {"--config", path});
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const auto settings = [&] {
    return Json::parse(file("r/checkpoints/last/state.json"))["settings"];
  };
  ASSERT_EQ(with(R"({"max_steps": 3, "learning-rate": 0.25, "augment": false,
                     "scheduler": "piecewise", "lr-milestones": [1, 2],
                     "tensorboard": false, "weight_decay": null})"),
            0)
      << output;
  EXPECT_EQ(settings()["steps"], 3);
  EXPECT_EQ(settings()["learning_rate"], 0.25);
  EXPECT_EQ(settings()["milestones"], Json::array({1, 2}));
  ASSERT_EQ(with(R"({"max_steps": 3, "learning_rate": 0.25})",
                 {"--learning-rate", "0.5"}),
            0)
      << output;
  EXPECT_EQ(settings()["learning_rate"], 0.5) << "the command line overrides";
  EXPECT_THAT(file("r/train.jsonl"), HasSubstr("--config"));

  const auto refused = [&](const std::string &text, const std::string &message,
                           int code = 1) {
    EXPECT_EQ(with(text), code) << output;
    EXPECT_THAT(output, HasSubstr(message));
  };
  refused(R"({"depth": 5, "max-steps": 1, "gpus": 2, "config": "x"})",
          "options.json: no options of `segrun train`: config, depth, gpus; ");
  refused(R"({"max-steps": {"a": 1}})", "field \"max-steps\": {\"a\":1} is no");
  refused(R"({"max-steps": [[1]]})", "field \"max-steps\": [[1]] is no value");
  refused(R"({"results": "a\u0000b"})", "field \"results\"");
  refused(R"({"tensorboard": 1})", "field \"tensorboard\": 1 is no value");
  refused(R"({"max-steps": 0})", "--max-steps", 2);
  refused("[1]", "expected an object of options");
  refused("{", "options.json: ");
  EXPECT_EQ(run({"train", "--config", folder + "/none.json"}), 1);
  EXPECT_THAT(output, HasSubstr("none.json"));
  EXPECT_EQ(run({"train", "--config"}), 2);
}

// Every number has a range, and its whole text must be a number.
TEST_F(Command, NumbersHaveRanges) {
  const std::vector<std::string> never = {"",    "nan", "inf",  "-inf", "0x10",
                                          "1 2", "3x",  "1e99", "-1e99"};
  struct Option {
    const char *name;
    std::vector<std::string> wrong;
  };
  const std::vector<std::string> notWhole = {
      "1.5", "1e3", "1e20", "010", "+1", "99999999999999999999"};
  auto whole = [](std::vector<std::string> more) {
    more.emplace_back("1.5");
    return more;
  };
  const Option options[] = {
      {"--threads", whole({"-1", "4097"})},
      {"--batch-size", whole({"-1", "0", "1048577"})},
      {"--fold", whole({"-1", "65536"})},
      {"--nfolds", whole({"-1", "1", "65537"})},
      {"--train-split", {"-0.1", "0", "1.1"}},
      {"--seed", notWhole},
      {"--epochs", whole({"-1", "0"})},
      {"--max-steps", whole({"-1", "0", "1000000000001"})},
      {"--learning-rate", {"-1", "1e7"}},
      {"--momentum", {"-0.1", "1.1"}},
      {"--weight-decay", {"-1", "1e7"}},
      {"--loss-scale", {"0.5", "-1", "1e39"}},
      {"--end-learning-rate", {"-1", "1e7"}},
      {"--cosine-annealing-first-cycle-steps", whole({"-1", "0"})},
      {"--lr-milestones", whole({"-1"})},
      {"--lr-factor", {"-1", "1e7"}},
      {"--patience", whole({"-1"})},
      {"--target-dice", {"-0.1", "1.1"}},
      {"--steps-per-epoch", whole({"-1", "0"})},
      {"--oversampling", {"-0.1", "1.1"}},
      {"--volumes-per-batch", whole({"-1", "0"})},
      {"--lr-warmup-epochs", whole({"-1"})},
      {"--init-learning-rate", {"-1", "1e7"}},
      {"--log-every", whole({"-1", "0"})},
      {"--evaluate-every", whole({"-1"})},
      {"--skip-eval", whole({"-1"})},
      {"--save-every", whole({"-1"})},
      {"--warmup-steps", whole({"-1"})},
  };
  auto refuses = [&](std::vector<std::string> words, const std::string &name,
                     const std::string &value) {
    words.insert(words.end(), {name, value});
    EXPECT_EQ(run(words), 2) << name << " " << value << ": " << output;
    EXPECT_THAT(output, HasSubstr(name));
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
  };
  std::vector<std::string> train = trainOn("r", {});
  for (const Option &option : options)
    for (const std::string &value : option.wrong)
      refuses(train, option.name, value);
  // All numbers of a type have one reader.
  for (const char *name : {"--threads", "--seed", "--learning-rate"})
    for (const std::string &value : never)
      refuses(train, name, value);
  for (const std::string &value : notWhole)
    refuses(train, "--batch-size", value);
  for (const char *name : {"--steps", "--warmup-steps"})
    for (const std::string &value : whole({"-1"}))
      refuses({"benchmark", "--model", fakeModel()}, name, value);
  EXPECT_FALSE(fs::exists(folder + "/r")) << "nothing was begun";
}

// Options without effect in combination with others are reported.
TEST_F(Command, OptionsWithoutEffect) {
  auto idle = [&](const std::vector<std::string> &words,
                  const std::string &name) {
    EXPECT_EQ(run(words), 2) << name << ": " << output;
    EXPECT_THAT(output, HasSubstr("segrun: " + name + " has no effect"));
  };
  const std::vector<std::string> ofData[] = {
      {"--fold", "1"},    {"--nfolds", "2"},      {"--train-split", "0.5"},
      {"--channel", "0"}, {"--label-map", "1=2"}, {"--legacy-resize"}};
  for (const std::vector<std::string> &option : ofData) {
    idle(trainOn("r", option), option[0]);
    std::vector<std::string> words = {"benchmark", "--model", fakeModel()};
    words.insert(words.end(), option.begin(), option.end());
    idle(words, option[0]);
  }
  idle(trainOn("r", {"--skip-eval", "1"}), "--skip-eval");
  idle(trainOn("r", {"--target-dice", "0.5"}), "--target-dice");
  idle(trainOn("r", {"--oversampling", "0.5"}), "--oversampling");
  idle(trainOn("r", {"--volumes-per-batch", "2"}), "--volumes-per-batch");
  idle(trainOn("r", {"--predict", folder + "/masks"}), "--predict");
  idle({"benchmark", "--model", fakeModel(), "--orientation", "RAS"},
       "--orientation");
  if (!fs::exists(data + "/dataset.json"))
    GTEST_SKIP() << data << " is not there";
  for (const char *name : {"--oversampling", "--volumes-per-batch"})
    idle({"train", "--model", fakeModel(), "--data", data, "--results",
          folder + "/r", name, "1"},
         name);
  for (const char *name : {"--evaluate-every", "--skip-eval"})
    idle({"train", "--model", fakeModel(), "--data", data, "--results",
          folder + "/r", "--max-steps", "1", name, "1"},
         name);
  std::string image;
  for (const auto &entry : fs::directory_iterator(data + "/imagesTr"))
    if (entry.path().filename().string()[0] != '.')
      image = entry.path().string();
  for (const std::vector<std::string> &option :
       {std::vector<std::string>{"--seed", "1"}, {"--label-map", "1=2"}})
    idle({"predict", "--model", fakeModel("FakeFrozen"), "--data", image,
          "--output", folder + "/masks", option[0], option[1]},
         option[0]);
}
