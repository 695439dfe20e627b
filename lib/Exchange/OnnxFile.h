//===- OnnxFile.h - A checked ONNX file -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_EXCHANGE_ONNXFILE_H
#define SEGC_LIB_EXCHANGE_ONNXFILE_H

#include "OnnxProto.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace segc {

/// "Conv 'encoder/conv1'": how messages name a node.
std::string nodeText(const onnx::NodeProto &node);

/// A parsed file whose tensors have data of their size.
class OnnxFile {
public:
  /// `path` names the file in errors; tensors outside of it are looked for in
  /// its folder.
  static llvm::Expected<OnnxFile> parse(llvm::StringRef bytes,
                                        const std::string &path);

  const onnx::ModelProto &model() const { return *proto; }
  const onnx::GraphProto &graph() const { return proto->graph(); }
  /// Version of the ops.
  int64_t opset() const { return version; }
  /// Null if there is no initializer of this name.
  const onnx::TensorProto *find(llvm::StringRef name) const {
    return initializers.lookup(name);
  }

  /// The shape of a tensor; fails where its data is not of that size.
  llvm::Expected<std::vector<int64_t>>
  checkedShape(const onnx::TensorProto &tensor) const;
  /// The values of a tensor of floats, as f32.
  llvm::Expected<std::vector<float>> floats(const onnx::TensorProto &tensor);
  /// The values of a short list of integers.
  llvm::Expected<std::vector<int64_t>>
  integers(const onnx::TensorProto &tensor);

  llvm::Error error(const llvm::Twine &what) const {
    return llvm::createStringError(path + ": " + what);
  }

private:
  llvm::Error checkVersion();
  llvm::Error indexTensors();
  /// A tensor's bytes, little-endian.
  llvm::Expected<std::string> bytesOf(const onnx::TensorProto &tensor,
                                      uint64_t size);
  llvm::Expected<std::string> externalBytes(const onnx::TensorProto &tensor,
                                            uint64_t size);
  llvm::Error tensorError(const onnx::TensorProto &tensor,
                          const llvm::Twine &what) const {
    return error("tensor '" + tensor.name() + "': " + what);
  }

  std::string path;
  std::unique_ptr<onnx::ModelProto> proto;
  int64_t version = 0;
  llvm::StringMap<const onnx::TensorProto *> initializers;
  /// Bytes of each file beside the model that tensors took, and these tensors.
  std::map<std::string, uint64_t> takenBytes;
  std::set<const onnx::TensorProto *> counted;
};

} // namespace segc

#endif // SEGC_LIB_EXCHANGE_ONNXFILE_H
