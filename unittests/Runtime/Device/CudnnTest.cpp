//===- CudnnTest.cpp - Plans of cuDNN without a GPU -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cuDNN makes plans for a GPU that it knows from a description. Where the
// library is missing, the tests that need it are skipped.
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Runtime/Device/Cuda/Cudnn/CudnnPlans.h"
#include "segc/Base/Files.h"
#include "segc/Base/PrivateFolders.h"

#include <filesystem>
#include <gmock/gmock.h>

using namespace segc;
using namespace segc::cudnn;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

/// The options of a convolution with "same" padding of 3 taps.
std::string options(const std::string &role, const std::string &type,
                    size_t rank, int stride = 1, bool tensorCores = true) {
  auto list = [&](int value) {
    std::string text = "[";
    for (size_t i = 0; i < rank; ++i)
      text += (i ? "," : "") + std::to_string(value);
    return text + "]";
  };
  auto inside = [&](int value) {
    const std::string text = list(value);
    return text.substr(1, text.size() - 2);
  };
  return "{\"convolution\": \"" + role + "\", \"type\": \"" + type +
         "\", \"image\": [" + inside(16) + ",32], \"filter\": [64," +
         inside(3) + ",32], \"strides\": " + list(stride) +
         ", \"padding_before\": " + list(1) +
         ", \"padding_after\": " + list(1) +
         ", \"tensor_cores\": " + (tensorCores ? "true" : "false") + "}";
}

Convolution parsed(const std::string &text, int64_t batch = 2) {
  auto convolution = Convolution::parse(text, batch);
  EXPECT_TRUE(convolution.ok()) << convolution.status().message();
  return *convolution;
}

/// Plans for the GPU that bench/results describes.
class CudnnPlansTest : public testing::Test {
protected:
  void SetUp() override {
    auto opened = CudnnLibrary::open();
    if (!opened.ok())
      GTEST_SKIP() << opened.status().message();
    library = *opened;
    auto json = readFile(SEGC_SOURCE_DIR
                         "/bench/results/nvidia-h100/cudnn-device.json");
    ASSERT_TRUE(json.ok()) << json.status().message();
    description = *json;
    while (!description.empty() && description.back() == '\n')
      description.pop_back();
    auto made = PrivateTemporaryFolder::create();
    ASSERT_TRUE(made.ok()) << made.status().message();
    folder.emplace(std::move(*made));
  }
  CudnnPlans plans(bool kept = true) {
    auto made = CudnnPlans::forDescription(
        library, description, kept ? folder->path() : "",
        [this](const std::string &text) { warnings.push_back(text); });
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(*made);
  }
  std::string keptFile() {
    for (const auto &entry :
         std::filesystem::directory_iterator(folder->path()))
      return entry.path();
    return "";
  }

  std::shared_ptr<const CudnnLibrary> library;
  std::string description;
  std::optional<PrivateTemporaryFolder> folder;
  std::vector<std::string> warnings;
};

} // namespace

TEST(Cudnn, LibrariesThatCannotBeUsed) {
  auto missing = CudnnLibrary::open("libcudnn-absent.so.9");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), StatusCode::Unsupported);
  EXPECT_THAT(missing.status().message(),
              AllOf(HasSubstr("calls cuDNN 9, which is not here: "
                              "libcudnn-absent.so.9"),
                    HasSubstr("or compile the model with segc, whose kernels "
                              "need no cuDNN")));
  EXPECT_THAT(CudnnLibrary::open("libm.so.6").status().message(),
              HasSubstr("libm.so.6 is not cuDNN"));
  EXPECT_THAT(CudnnLibrary::open(SEGC_BINARY_DIR "/unittests/FakeCudnn8.so")
                  .status()
                  .message(),
              AllOf(HasSubstr("is cuDNN 8.9, expected 9.8 or a later 9")));
  EXPECT_THAT(CudnnLibrary::open(SEGC_BINARY_DIR "/unittests/FakeCudnn10.so")
                  .status()
                  .message(),
              HasSubstr("is cuDNN 10.1"));
}

TEST(Cudnn, ConvolutionsOfTheOptions) {
  const Convolution c = parsed(options("input_gradient", "bf16", 3, 2));
  EXPECT_EQ(c.role, Convolution::InputGradient);
  EXPECT_EQ(c.type, Bfloat16);
  EXPECT_THAT(c.image, ElementsAre(16, 16, 16, 32));
  EXPECT_THAT(c.result, ElementsAre(8, 8, 8, 64));
}

TEST(Cudnn, OptionsThatAreWrong) {
  auto refuse = [](std::string from, const std::string &to,
                   const std::string &expected) {
    std::string text = options("forward", "f32", 2);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    auto convolution = Convolution::parse(text, 2);
    ASSERT_FALSE(convolution.ok()) << text;
    EXPECT_THAT(convolution.status().message(), HasSubstr(expected)) << text;
  };
  refuse("forward", "sideways", "expected one of forward, input_gradient");
  refuse("f32", "f64", "type \"f64\", expected one of f32, f16, bf16");
  refuse("\"strides\": [1,1]", "\"strides\": [1]",
         "expected 2 or 3 spatial dimensions");
  refuse("\"strides\": [1,1]", "\"strides\": [0,1]", "strides");
  refuse("\"padding_after\": [1,1]", "\"padding_after\": [1,-1]",
         "padding_after");
  refuse("[16,16,32]", "[16,16,31]",
         "the image has 31 channels, the filter "
         "takes 32");
  refuse("[16,16,32]", "[16,0,32]", "image");
  refuse("[16,16,32]", "[16,99999999999999,32]", "padded by");
  refuse("[16,16,32]", "[9999999,9999999,32]", "too many elements");
  refuse("[64,3,3,32]", "[64,3,30,32]",
         "dimension 1 has a filter of 30 on an image of 16");
  refuse("true", "\"yes\"", "tensor_cores");
  refuse("\"image\"", "\"picture\"", "image");
  refuse("}", "", "options of the call of cudnn");
}

TEST(Cudnn, FiltersOfOtherLayoutsAndTypes) {
  auto with = [](const std::string &role, const std::string &members) {
    std::string text = options(role, "bf16", 2);
    return text.insert(text.size() - 1, members);
  };
  const Convolution plain = parsed(with("forward", ""));
  EXPECT_FALSE(plain.permutation());
  EXPECT_TRUE(plain.required);
  // To [out, taps, in] of bf16.
  auto p = parsed(with("forward", R"(, "filter_layout": "tck",
                       "filter_type": "f32", "required": false)"))
               .permutation();
  ASSERT_TRUE(p);
  EXPECT_THAT(p->sizes, ElementsAre(64, 9, 32));
  EXPECT_THAT(p->strides, ElementsAre(1, 32 * 64, 64));
  EXPECT_EQ(p->from_type, uint32_t(SEGC_F32));
  EXPECT_EQ(p->to_type, uint32_t(SEGC_BF16));
  // From it to [taps, out, in] of f32.
  p = parsed(with("filter_gradient", R"(, "filter_layout": "tkc",
                  "filter_type": "f32")"))
          .permutation();
  ASSERT_TRUE(p);
  EXPECT_THAT(p->sizes, ElementsAre(9, 64, 32));
  EXPECT_THAT(p->strides, ElementsAre(32, 9 * 32, 1));
  EXPECT_EQ(p->from_type, uint32_t(SEGC_BF16));
  EXPECT_EQ(p->to_type, uint32_t(SEGC_F32));
  EXPECT_THAT(
      Convolution::parse(with("forward", R"(, "filter_layout": "ctk")"), 1)
          .status()
          .message(),
      HasSubstr("expected one of ktc, tck, tkc"));
  EXPECT_THAT(
      Convolution::parse(with("forward", R"(, "filter_type": "f16")"), 1)
          .status()
          .message(),
      HasSubstr("filter_type is neither f32 nor type"));
}

TEST(Cudnn, OperandsMustFitTheOptions) {
  const Convolution c = parsed(options("filter_gradient", "bf16", 2));
  segc_operand operands[3] = {};
  segc_command command = {};
  command.operands = operands;
  command.operand_count = 3;
  command.input_count = 2;
  command.output_count = 1;
  for (segc_operand &operand : operands)
    operand.type = SEGC_BF16;
  operands[0].elements_per_sample = 16 * 16 * 64;
  operands[1].elements_per_sample = 16 * 16 * 32;
  operands[2].elements_fixed = 64 * 9 * 32;
  Status status = c.checkOperands(command);
  EXPECT_TRUE(status.ok()) << status.message();
  operands[1].type = SEGC_F16;
  EXPECT_THAT(c.checkOperands(command).message(), HasSubstr("operand 1"));
  operands[1].type = SEGC_BF16;
  operands[2].elements_fixed -= 1;
  EXPECT_THAT(c.checkOperands(command).message(),
              HasSubstr("operand 2 has 18431 elements"));
  command.operand_count = 2;
  EXPECT_THAT(c.checkOperands(command).message(),
              HasSubstr("takes 2 operands and gives 1"));
}

TEST_F(CudnnPlansTest, ConvolutionsHavePlans) {
  CudnnPlans all = plans(/*kept=*/false);
  for (size_t rank : {2, 3})
    for (const char *role : {"forward", "input_gradient", "filter_gradient"})
      for (const char *type : {"bf16", "f16", "f32"})
        for (int stride : {1, 2}) {
          auto plan = all.find(parsed(options(role, type, rank, stride)));
          ASSERT_TRUE(plan.ok()) << rank << " " << role << " " << type << " "
                                 << stride << ": " << plan.status().message();
          EXPECT_LE(plan->workspaceBytes, CudnnPlans::maxWorkspace);
        }
  EXPECT_THAT(warnings, IsEmpty());
}

// f32 without tensor cores takes another plan than with them.
TEST_F(CudnnPlansTest, ExactArithmeticHasItsOwnPlans) {
  CudnnPlans all = plans(/*kept=*/false);
  auto text = [&](bool tensorCores) {
    auto plan = all.find(parsed(options("forward", "f32", 2, 1, tensorCores)));
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    return *plan->plan.text(PlanJson);
  };
  EXPECT_NE(text(true), text(false));
}

TEST_F(CudnnPlansTest, PlansAreKept) {
  const Convolution c = parsed(options("forward", "bf16", 2));
  auto first = plans().find(c);
  ASSERT_TRUE(first.ok()) << first.status().message();
  const std::string file = keptFile();
  const auto written = std::filesystem::last_write_time(file);
  auto second = plans().find(c);
  ASSERT_TRUE(second.ok()) << second.status().message();
  EXPECT_EQ(*second->plan.text(PlanJson), *first->plan.text(PlanJson));
  EXPECT_EQ(std::filesystem::last_write_time(file), written);
  EXPECT_THAT(warnings, IsEmpty());
  // Other batches have other files.
  ASSERT_TRUE(plans().find(parsed(options("forward", "bf16", 2), 1)).ok());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder->path()),
                          std::filesystem::directory_iterator()),
            2);
}

TEST_F(CudnnPlansTest, DamagedFilesAreReplaced) {
  const Convolution c = parsed(options("forward", "bf16", 2));
  ASSERT_TRUE(plans().find(c).ok());
  const std::string file = keptFile(), good = *readFile(file);
  std::string changed = good;
  changed[good.find("\"plan\"") + 30] ^= 1;
  std::string other = good;
  other.replace(other.find("batch"), 5, "bitch");
  for (const std::string &bad :
       {std::string(), std::string("{"), std::string("[]"),
        good.substr(0, good.size() / 2), changed, other}) {
    ASSERT_TRUE(writeFileAtomically(file, bad).ok());
    warnings.clear();
    auto plan = plans().find(c);
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0],
                AllOf(HasSubstr(file), HasSubstr("the plan is made anew")));
    EXPECT_EQ(*readFile(file), good);
  }
}

TEST_F(CudnnPlansTest, AFolderThatIsGoneIsAWarning) {
  CudnnPlans all = plans();
  std::filesystem::remove_all(folder->path());
  EXPECT_TRUE(all.find(parsed(options("forward", "bf16", 2))).ok());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("the plan is not kept")));
}

TEST_F(CudnnPlansTest, AWrongDescriptionIsAnError) {
  auto made =
      CudnnPlans::forDescription(library, "{\"deviceVer\": 900}", "", nullptr);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.status().message(), HasSubstr("cudnn: "));
}
