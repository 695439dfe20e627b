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

# segc_add_release_fuzzer(NAME SOURCES a.cpp ... LINK_LIBS x y): the fuzz target
# NAME_fuzzer.cpp in a build that is not for fuzzing, since the preset asan has no
# compiler. It and the sources alone are under sanitizers; the libraries, like
# LLVM, are linked as they are.
function(segc_add_release_fuzzer name)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR SEGC_BUILD_FUZZERS OR
     "${CMAKE_CXX_FLAGS}" MATCHES "fsanitize")
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK_LIBS" ${ARGN})
  set(sanitizers -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all)
  add_executable(${name}_fuzzer
    ${PROJECT_SOURCE_DIR}/unittests/Fuzz/${name}_fuzzer.cpp ${ARG_SOURCES})
  segc_mlir_settings(${name}_fuzzer)
  target_compile_options(${name}_fuzzer PRIVATE
    -O1 -gline-tables-only ${sanitizers} -fno-sanitize=vptr)
  target_link_options(${name}_fuzzer PRIVATE ${sanitizers})
  target_link_libraries(${name}_fuzzer PRIVATE ${ARG_LINK_LIBS} MLIR LLVM)
  set_target_properties(${name}_fuzzer PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzzers")
endfunction()
