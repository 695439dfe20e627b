//===- CheckCommandTest.cpp - segrun check --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"

#include "segc/Base/Json.h"

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
