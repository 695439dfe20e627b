//===- OnnxHostileTest.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Files that are wrong, or mean harm: each is refused with what is wrong.

#include "ExchangeTest.h"
#include "segc/Exchange/Onnx.h"

#include <fstream>
#define ONNX_NAMESPACE onnx
#define ONNX_ML 1
#include <google/protobuf/text_format.h>
#include <onnx/onnx_pb.h>

using namespace segc;
using testing::HasSubstr;

namespace {

class OnnxHostile : public ExchangeTest {
protected:
  /// A convolution of 1x1 with a weight of two output channels, and `nodes`
  /// behind it.
  static std::string modelText(const std::string &nodes,
                               const std::string &tensor) {
    return R"(ir_version: 8 opset_import { version: 18 } graph { name: "g"
      input { name: "image" type { tensor_type { elem_type: 1 shape {
        dim { dim_param: "batch" } dim { dim_value: 1 }
        dim { dim_value: 4 } dim { dim_value: 4 } } } } }
      output { name: "y" }
      initializer { name: "w" )" +
           tensor + "} " + nodes + "}";
  }
  static std::string goodTensor() {
    return "dims: 2 dims: 1 dims: 1 dims: 1 data_type: 1 float_data: 1 "
           "float_data: 2 ";
  }
  static std::string node(const std::string &type, const std::string &inputs,
                          const std::string &output,
                          const std::string &rest = "") {
    std::string text = "node { op_type: \"" + type + "\" output: \"" + output +
                       "\" name: \"" + output + "\" " + rest;
    std::istringstream words(inputs);
    for (std::string word; words >> word;)
      text += " input: \"" + word + "\"";
    return text + " } ";
  }
  /// The error of a model that is given as text; empty if it has none.
  std::string errorOf(const std::string &text,
                      const OnnxImportOptions &options = {}) {
    onnx::ModelProto model;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &model))
        << text;
    return errorOfBytes(model.SerializeAsString(), options);
  }
  std::string errorOfBytes(const std::string &bytes,
                           const OnnxImportOptions &options = {}) {
    auto imported =
        importOnnx(&context, bytes, folder + "/model.onnx", options);
    return imported ? "" : llvm::toString(imported.takeError());
  }
  std::string errorOfNodes(const std::string &nodes) {
    return errorOf(modelText(nodes, goodTensor()));
  }
  std::string errorOfTensor(const std::string &tensor) {
    return errorOf(modelText(node("Conv", "image w", "y"), tensor));
  }
};

TEST_F(OnnxHostile, TheModelItselfIsGood) {
  EXPECT_EQ(errorOfNodes(node("Conv", "image w", "y")), "");
}

TEST_F(OnnxHostile, NoModel) {
  EXPECT_THAT(errorOfBytes(""), HasSubstr("expected a graph with nodes"));
  EXPECT_THAT(errorOfBytes(std::string(100, '\xff')),
              HasSubstr("expected an ONNX model"));
  EXPECT_THAT(errorOf("opset_import { version: 9 } graph { node { } }"),
              HasSubstr("expected ops of opset 13 to 22, got 9"));
}

TEST_F(OnnxHostile, AllUnsupportedOpsAreListed) {
  const std::string error =
      errorOfNodes(node("Conv", "image w", "a") + node("Gemm", "a w", "b") +
                   node("LSTM", "b", "c") + node("Gemm", "c w", "y") +
                   node("Conv", "y w", "z", "domain: \"com.example\""));
  EXPECT_THAT(error, HasSubstr("Gemm (2, first Gemm 'b'), LSTM (1, first LSTM "
                               "'c'), Conv (1, first Conv 'z')"));
}

TEST_F(OnnxHostile, ValuesThatAreNotThere) {
  EXPECT_THAT(errorOfNodes(node("Conv", "b w", "a") + node("Relu", "a", "b") +
                           node("Relu", "b", "y")),
              HasSubstr("Conv 'a': expected a value that is computed before as "
                        "input #0, got 'b', which is missing or part of a "
                        "cycle"));
  EXPECT_THAT(errorOfNodes(node("Conv", "image v", "y")),
              HasSubstr("expected a tensor of the file as input #1"));
  EXPECT_THAT(errorOfNodes(node("Conv", "image w", "z")),
              HasSubstr("the result 'y' is computed by no node"));
  EXPECT_THAT(
      errorOfNodes(node("Conv", "image w", "y") + node("Relu", "y", "y")),
      HasSubstr("its result 'y' is there already"));
  EXPECT_THAT(errorOfNodes(node("Conv", "image", "y")),
              HasSubstr("as input #1"));
}

TEST_F(OnnxHostile, Tensors) {
  EXPECT_THAT(errorOfTensor("dims: 2 dims: 1 dims: 1 dims: 1 data_type: 1 "
                            "float_data: 1"),
              HasSubstr("needs 8 bytes, the file has 4"));
  EXPECT_THAT(errorOfTensor("dims: 4000000000 dims: 4000000000 dims: 1 dims: 1 "
                            "data_type: 1"),
              HasSubstr("at most 2^40 elements"));
  EXPECT_THAT(errorOfTensor("dims: -2 dims: 1 dims: 1 dims: 1 data_type: 1"),
              HasSubstr("at most 2^40 elements"));
  EXPECT_THAT(
      errorOfTensor("dims: 2 data_type: 1 float_data: 1 float_data: 2"),
      HasSubstr("expected a filter of as many dimensions as the image"));
  EXPECT_THAT(errorOfTensor("dims: 1 data_type: 8 string_data: \"x\""),
              HasSubstr("got elements of type 8"));
  EXPECT_THAT(errorOfTensor("dims: 2 dims: 1 dims: 1 dims: 1 data_type: 7 "
                            "int64_data: 1 int64_data: 2"),
              HasSubstr("expected floats, got integers"));
  EXPECT_THAT(errorOfTensor("dims: 0 dims: 1 dims: 1 dims: 1 data_type: 1"),
              HasSubstr("expected a filter"));
}

TEST_F(OnnxHostile, Attributes) {
  auto conv = [&](const std::string &attribute) {
    return errorOfNodes(
        node("Conv", "image w", "y", "attribute { " + attribute + " }"));
  };
  EXPECT_THAT(conv("name: \"strides\" type: INTS ints: 0 ints: 1"),
              HasSubstr("'strides': expected 1 to 1048576, got 0"));
  EXPECT_THAT(conv("name: \"strides\" type: INTS ints: 1"),
              HasSubstr("expected 2 values, got 1"));
  EXPECT_THAT(conv("name: \"strides\" type: INT i: 1"),
              HasSubstr("another type"));
  EXPECT_THAT(conv("name: \"pads\" type: INTS ints: 9223372036854775807 "
                   "ints: 0 ints: 0 ints: 0"),
              HasSubstr("expected 0 to"));
  EXPECT_THAT(conv("name: \"group\" type: INT i: 7"), HasSubstr("group"));
  EXPECT_THAT(conv("name: \"kernel_shape\" type: INTS ints: 3 ints: 3"),
              HasSubstr("expected that of the filter"));
  EXPECT_THAT(conv("name: \"secret\" type: INT i: 7"),
              HasSubstr("attribute 'secret' is not supported"));
}

TEST_F(OnnxHostile, Sizes) {
  // Each doubles the channels.
  std::string nodes = node("Conv", "image w", "v0");
  for (int i = 0; i < 60; ++i)
    nodes += node("Concat", "v" + std::to_string(i) + " v" + std::to_string(i),
                  "v" + std::to_string(i + 1),
                  "attribute { name: \"axis\" type: INT i: 1 }");
  EXPECT_THAT(errorOfNodes(nodes), HasSubstr("at most 2^40 elements"));
  const std::string text =
      modelText(node("Conv", "image w", "y"), goodTensor());
  EXPECT_THAT(errorOf(text, {{8, 8}}), HasSubstr("--patch: expected 4"));
  EXPECT_THAT(errorOf(text, {{4, 4, 4}}), HasSubstr("--patch: expected 2"));
}

TEST_F(OnnxHostile, DataOutsideOfTheFolder) {
  std::ofstream(folder + "/weights.bin") << std::string(8, '\0');
  std::filesystem::create_symlink("/etc/passwd", folder + "/link.bin");
  auto external = [&](const std::string &location,
                      const std::string &more = "") {
    return errorOfTensor(
        "dims: 2 dims: 1 dims: 1 dims: 1 data_type: 1 data_location: EXTERNAL "
        "external_data { key: \"location\" value: \"" +
        location + "\" } " + more);
  };
  EXPECT_EQ(external("weights.bin"), "");
  for (const char *place : {"/etc/passwd", "../weights.bin", "a/../../b"})
    EXPECT_THAT(external(place), HasSubstr("expected a file in the folder"));
  EXPECT_THAT(external("link.bin"), HasSubstr("a link out of the folder"));
  EXPECT_THAT(external("none.bin"), HasSubstr("none.bin"));
  EXPECT_THAT(external(""), HasSubstr("expected the location"));
  EXPECT_THAT(
      external("weights.bin", "external_data { key: \"offset\" value: \"4\" }"),
      HasSubstr("needs 8 bytes"));
  EXPECT_THAT(external("weights.bin", "external_data { key: \"offset\" value: "
                                      "\"18446744073709551615\" }"),
              HasSubstr("needs 8 bytes"));
  EXPECT_THAT(
      external("weights.bin", "external_data { key: \"length\" value: \"x\" }"),
      HasSubstr("expected the location, offset and length"));
}

} // namespace
