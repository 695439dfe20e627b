# segc_precompile(NAME HEADERS a.h ... [LINK_LIBS x]): headers that are parsed
# once, for all targets of the same flags that take them by REUSE_FROM NAME.
function(segc_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINK_LIBS" ${ARGN})
  add_library(${name} OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-unused-parameter)
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  list(TRANSFORM ARG_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/cmake/)
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

# segc_add_library(NAME [COLD] SOURCES a.cpp ... LINK_LIBS x y): a static library
# that sees include/ and nothing of LLVM. A COLD one is not optimized with
# sanitizers, where that is most of its build and little of its tests.
function(segc_add_library name)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-unused-parameter)
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS})
  if(ARG_COLD AND TARGET SegcColdPCH)
    target_compile_options(${name} PRIVATE -O0)
    target_precompile_headers(${name} REUSE_FROM SegcColdPCH)
  elseif(NOT MLIR IN_LIST ARG_LINK_LIBS)
    target_precompile_headers(${name} REUSE_FROM SegcRuntimePCH)
  endif()
  set_property(GLOBAL APPEND PROPERTY SEGC_LIBRARIES ${name})
endfunction()

# segc_compile_as_test(NAME PRECOMPILED): the time of these programs is in the
# libraries, that of their build mostly in optimizing tests, above all with
# sanitizers. The precompiled header is of -fPIC, CMake's programs of -fPIE.
function(segc_compile_as_test name precompiled)
  target_compile_options(${name} PRIVATE -O0 -fPIC)
  target_precompile_headers(${name} REUSE_FROM ${precompiled})
endfunction()

# segc_add_unittest(NAME SOURCES a.cpp ... LINK_LIBS x y [SHARDS n]): one
# GoogleTest program, registered as one CTest test, or as n that run at a time
# and begin before shorter ones.
function(segc_add_unittest name)
  cmake_parse_arguments(ARG "" "SHARDS" "SOURCES;LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} GTest::gtest_main GTest::gmock)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/unittests")
  target_compile_definitions(${name} PRIVATE
    SEGC_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SEGC_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(MLIR IN_LIST ARG_LINK_LIBS)
    segc_compile_as_test(${name} SegcMLIRTestPCH)
  else()
    segc_compile_as_test(${name} SegcTestPCH)
  endif()
  set(environment
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0")
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${name})
    set_property(TEST ${name} PROPERTY ENVIRONMENT ${environment})
    return()
  endif()
  math(EXPR last "${ARG_SHARDS} - 1")
  foreach(shard RANGE ${last})
    add_test(NAME ${name}-${shard} COMMAND ${name})
    set_property(TEST ${name}-${shard} PROPERTY ENVIRONMENT ${environment}
      GTEST_TOTAL_SHARDS=${ARG_SHARDS} GTEST_SHARD_INDEX=${shard})
    set_property(TEST ${name}-${shard} PROPERTY COST 100)
  endforeach()
endfunction()
