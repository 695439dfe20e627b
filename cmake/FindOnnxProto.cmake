# Finds the messages of ONNX files (Debian: libonnx-dev, libprotobuf-dev): the
# variables OnnxProto_LIBRARIES and OnnxProto_INCLUDE_DIRS.
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h)
find_path(PROTOBUF_INCLUDE_DIR google/protobuf/message.h)
find_library(ONNX_PROTO_LIBRARY onnx_proto)
find_library(PROTOBUF_LIBRARY protobuf)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxProto REQUIRED_VARS
  ONNX_PROTO_LIBRARY PROTOBUF_LIBRARY ONNX_INCLUDE_DIR PROTOBUF_INCLUDE_DIR)
set(OnnxProto_LIBRARIES ${ONNX_PROTO_LIBRARY} ${PROTOBUF_LIBRARY})
set(OnnxProto_INCLUDE_DIRS ${ONNX_INCLUDE_DIR} ${PROTOBUF_INCLUDE_DIR})
mark_as_advanced(ONNX_INCLUDE_DIR PROTOBUF_INCLUDE_DIR ONNX_PROTO_LIBRARY PROTOBUF_LIBRARY)
