//===- CheckCommandTest.cpp - segrun check --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"

#include "segc/Base/Json.h"

#include <sys/resource.h>

using namespace segc;

// Faults are a result: the list is written, the exit code tells.
TEST_F(Command, CheckTellsFaultsByItsExitCode) {
  EXPECT_EQ(run({"check", folder}), 1);
  EXPECT_THAT(output, HasSubstr("dataset.json"));
  const std::string text = R"({"labels": {"0": "background", "2": "a"},
      "training": [{"image": "l/a.nii", "label": "l/a.nii"}]})";
  ASSERT_TRUE(writeFileAtomically(folder + "/dataset.json", text).ok());
  const std::string json = folder + "/faults.json";
  EXPECT_EQ(run({"check", folder + "/dataset.json", "--json", json}), 3);
  EXPECT_THAT(output, HasSubstr("label-gap"));
  auto faults = readFile(json);
  ASSERT_TRUE(faults.ok());
  EXPECT_EQ(Json::parse(*faults)["faults"][0]["fault"], "label-gap");
  EXPECT_EQ(run({"check", folder, "--json", folder + "/dataset.json"}), 2);
  EXPECT_THAT(output, HasSubstr("would replace the input of DATA"));
}

// As on a full disk: what cannot be copied whole is not there.
TEST_F(Command, FixThatFailsLeavesNothing) {
  auto limit = [] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{8192, 8192};
    setrlimit(RLIMIT_FSIZE, &small);
  };
  EXPECT_EQ(run({"check", data, "--fix", folder + "/copy"}, limit), 1);
  EXPECT_THAT(output, HasSubstr("File too large"));
  for (const fs::directory_entry &entry : fs::directory_iterator(folder))
    EXPECT_NE(entry.path().filename().string().substr(0, 4), "copy");
  EXPECT_EQ(run({"check", data, "--fix", folder + "/copy"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("0 of them repaired"));
  EXPECT_EQ(file("copy/dataset.json"), *readFile(data + "/dataset.json"));
}
