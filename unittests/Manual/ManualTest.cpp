//===- ManualTest.cpp - Manual pages and completions ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Manual/Manual.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

using namespace segc;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

class ManualTest : public testing::Test {
protected:
  ManualTest() : app("Measures scans", "/usr/bin/scan") {
    CLI::App &run = *app.add_subcommand("run", "Run it: once");
    CLI::Option *rule =
        run.add_option("-r,--rule", text, ".first, 'second' or C:\\third")
            ->check(CLI::IsMember({"fast", "exact"}));
    run.add_option("--steps,--bench-steps", steps, "Steps [of each run]")
        ->check(CLI::Range(1, 8))
        ->capture_default_str();
    run.add_flag("--twice,!--once", flag, "Run it twice")->needs(rule);
    run.add_option("--data,DATA", text, "A folder")->required();
    run.add_option("--secret", text, "Of developers")->group("");
    manual.program = "scan";
    manual.version = "scan 1.2";
    manual.description = "First.\n\nSecond.";
    manual.exitCodes = {{"0", "Done."}};
    manual.seeAlso = {"segc(1)", "segrun(1)"};
    addManualOptions(app, manual,
                     [this](const std::string &text) { printed += text; });
  }

  /// What the program prints for arguments.
  std::string run(std::vector<std::string> arguments) {
    printed.clear();
    EXPECT_THROW(app.parse(std::move(arguments)), CLI::Success);
    return printed;
  }

  CLI::App app;
  ManualText manual;
  std::string text, printed;
  int steps = 4;
  bool flag = false;
};

} // namespace

TEST_F(ManualTest, DescribesWhatIsParsed) {
  const CommandDescription root = describeCommand(app);
  ASSERT_EQ(root.commands.size(), 1U);
  const std::vector<OptionDescription> &options = root.commands[0].options;
  ASSERT_EQ(options.size(), 5U); // --help is one, the hidden one none.
  EXPECT_THAT(options[1].names, ElementsAre("-r", "--rule"));
  EXPECT_THAT(options[1].choices, ElementsAre("fast", "exact"));
  EXPECT_EQ(options[2].value, "INT");
  EXPECT_EQ(options[2].range, "[1 - 8]");
  EXPECT_EQ(options[2].defaultValue, "4");
  EXPECT_THAT(options[3].names, ElementsAre("--twice", "--once"));
  EXPECT_EQ(options[3].value, "");
  EXPECT_EQ(options[3].description, "Run it twice; only with --rule");
  EXPECT_EQ(options[4].position, "DATA");
  EXPECT_TRUE(options[4].required);
}

TEST_F(ManualTest, PageSaysWhatHelpSays) {
  const std::string page = run({"--manual"});
  EXPECT_THAT(page, HasSubstr("\nscan \\- measures scans\n"));
  EXPECT_THAT(page, HasSubstr("\nFirst.\n.PP\nSecond.\n"));
  EXPECT_THAT(page, HasSubstr(".SS \"scan run\"\nRun it: once\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-r\\fR, \\fB\\-\\-rule\\fR "
                              "\\fBfast\\fR|\\:\\fBexact\\fR\n"));
  EXPECT_THAT(page, HasSubstr("([1 \\- 8]; default: 4)"));
  EXPECT_THAT(page, HasSubstr("(required; also without its name, as DATA)"));
  EXPECT_THAT(page, HasSubstr("\n.SH AUTHOR\n"));
  EXPECT_THAT(page, HasSubstr("\nsegc(1),\nsegrun(1)\n"));
  EXPECT_THAT(page, Not(HasSubstr("secret")));
}

// A line that begins with a dot is a request of troff.
TEST_F(ManualTest, PageHasTextAsItIs) {
  EXPECT_THAT(run({"--manual"}),
              HasSubstr("\n\\&.first, 'second' or C:\\ethird\n"));
}

TEST_F(ManualTest, ZshTakesTextAsItIs) {
  const std::string text = run({"--completion=zsh"});
  EXPECT_EQ(text.rfind("#compdef scan\n", 0), 0U);
  EXPECT_THAT(text, HasSubstr("'--rule[.first, '\\''second'\\'' or "
                              "C\\:\\\\third]:TEXT:(fast exact)'"));
  EXPECT_THAT(text, HasSubstr("'--steps[Steps \\[of each run\\]]:INT:_files'"));
  EXPECT_THAT(text, HasSubstr("'run:Run it\\: once'"));
}

TEST_F(ManualTest, OtherShellsAreRefused) {
  EXPECT_THROW(app.parse(std::vector<std::string>{"--completion=fish"}),
               CLI::ValidationError);
}
