//===- OnnxProto.h - The messages of ONNX files -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_EXCHANGE_ONNXPROTO_H
#define SEGC_LIB_EXCHANGE_ONNXPROTO_H

// As libonnx itself was built.
#define ONNX_NAMESPACE onnx
#define ONNX_ML 1
#include <onnx/onnx_pb.h>

namespace segc {

/// Version of the file format and of the ops that we write. Resize has axes
/// from 18 on, group norm a scale for each channel from 21 on.
inline constexpr int64_t onnxIrVersion = 8, onnxOpset = 18;
inline constexpr int64_t onnxGroupNormIrVersion = 10, onnxGroupNormOpset = 21;
/// Of the ops that we read: from 13 on softmax is along one axis.
inline constexpr int64_t onnxOldestOpset = 13, onnxNewestOpset = 22;

/// Largest size of a protobuf message, in bytes.
inline constexpr uint64_t maxOnnxBytes = (uint64_t{1} << 31) - 1;

} // namespace segc

#endif // SEGC_LIB_EXCHANGE_ONNXPROTO_H
