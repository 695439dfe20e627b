# Finds LLVM/MLIR 22 and defines the library function for what uses it. The
# MLIR headers are heavy: every library shares one precompiled header.
find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# Takes TableGen outputs in build/include/segc/... like their .td files.
function(segc_mlir_settings target)
  target_include_directories(${target} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>)
  target_compile_options(${target} PRIVATE -fno-rtti)
endfunction()

segc_precompile(SegcPCH HEADERS pch.h)
segc_mlir_settings(SegcPCH)
add_dependencies(SegcPCH SegcDialectIncGen SegcExecIncGen)

function(segc_add_mlir_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK_LIBS;DEPENDS" ${ARGN})
  segc_add_library(${name} SOURCES ${ARG_SOURCES} LINK_LIBS ${ARG_LINK_LIBS} MLIR LLVM)
  segc_mlir_settings(${name})
  target_precompile_headers(${name} REUSE_FROM SegcPCH)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

function(segc_add_mlir_unittest name)
  cmake_parse_arguments(ARG "" "SHARDS" "SOURCES;LINK_LIBS" ${ARGN})
  segc_add_unittest(${name} SOURCES ${ARG_SOURCES} LINK_LIBS ${ARG_LINK_LIBS} MLIR LLVM
    SHARDS ${ARG_SHARDS})
  segc_mlir_settings(${name})
endfunction()
