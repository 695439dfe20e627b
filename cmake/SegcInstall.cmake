# Install rules: headers, libraries, programs, find_package(segc). Runtime
# libraries and those that need MLIR are exported apart, so that a deployer's
# find_package does not look for MLIR. Components are the packages of
# SegcPackages.cmake.
include(CMakePackageConfigHelpers)
set(SEGC_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/segc")

# The C ABI: a header and nothing else.
add_library(model INTERFACE)
target_include_directories(model INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS model EXPORT segcTargets COMPONENT development)

# libsegc, with all of the runtime that it needs inside.
install(TARGETS SegcLibrary EXPORT segcTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  COMPONENT library NAMELINK_COMPONENT development)
# An install may have another prefix than the build was configured for.
install(CODE "
  set(CMAKE_INSTALL_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")
  set(CMAKE_INSTALL_INCLUDEDIR \"${CMAKE_INSTALL_INCLUDEDIR}\")
  set(PROJECT_VERSION \"${PROJECT_VERSION}\")
  get_filename_component(CMAKE_INSTALL_PREFIX \"\${CMAKE_INSTALL_PREFIX}\" ABSOLUTE)
  configure_file(\"${CMAKE_CURRENT_LIST_DIR}/segc.pc.in\"
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig/segc.pc\" @ONLY)"
  COMPONENT development)

get_property(libraries GLOBAL PROPERTY SEGC_LIBRARIES)
foreach(library ${libraries})
  get_target_property(linked ${library} LINK_LIBRARIES)
  if("MLIR" IN_LIST linked)
    install(TARGETS ${library} EXPORT segcCompilerTargets
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT compiler_development)
  else()
    install(TARGETS ${library} EXPORT segcTargets
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
  endif()
endforeach()
install(EXPORT segcTargets NAMESPACE segc:: DESTINATION ${SEGC_CMAKE_DIR} COMPONENT development)
if(SEGC_BUILD_COMPILER)
  # For passes that segc-opt loads: headers and no code, since the code is in
  # segc-opt.
  add_library(SegcPlugin INTERFACE)
  set_target_properties(SegcPlugin PROPERTIES EXPORT_NAME plugin)
  target_include_directories(SegcPlugin INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(SegcPlugin SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(SegcPlugin INTERFACE -fno-rtti)
  install(TARGETS SegcPlugin EXPORT segcCompilerTargets COMPONENT compiler_development)
  install(EXPORT segcCompilerTargets NAMESPACE segc:: DESTINATION ${SEGC_CMAKE_DIR}
    COMPONENT compiler_development)
endif()

install(TARGETS segrun RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runner)
if(SEGC_BUILD_COMPILER)
  install(TARGETS segc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT compiler)
  install(TARGETS segc-opt segc-lsp-server segc-reduce
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT compiler_development)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/segc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.def")
if(SEGC_BUILD_COMPILER) # what TableGen wrote
  install(DIRECTORY ${PROJECT_BINARY_DIR}/include/segc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT compiler_development
    FILES_MATCHING PATTERN "*.inc")
endif()

get_property(SEGC_HAS_DICOM GLOBAL PROPERTY SEGC_HAS_DICOM)
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/segcConfig.cmake.in" "${PROJECT_BINARY_DIR}/segcConfig.cmake"
  INSTALL_DESTINATION ${SEGC_CMAKE_DIR})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/segcConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/segcConfig.cmake" "${PROJECT_BINARY_DIR}/segcConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindCairo.cmake"
  DESTINATION ${SEGC_CMAKE_DIR} COMPONENT development)
