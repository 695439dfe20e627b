# Debian packages by CPack, split as Debian splits a library and its programs:
#   cmake --build build && (cd build && cpack)     writes build/packages/*.deb
# docs/Packages.md says what is in which.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME segc)
set(CPACK_PACKAGE_VENDOR segc)
set(CPACK_PACKAGE_CONTACT "${SEGC_MAINTAINER}")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# segc_package(COMPONENT NAME SECTION SUMMARY TEXT): the package of a component of
# the install rules. More variables of CPackDeb may follow.
macro(segc_package component name section summary text)
  string(TOUPPER ${component} upper)
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${summary}\n${text}")
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/copyright"
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
endmacro()

segc_package(library libsegc1 libs "prediction with compiled segmentation networks"
  "libsegc takes a medical image and gives labels on its grid, by a network that\nsegc compiled.")
segc_package(development libsegc-dev libdevel "prediction with segmentation networks (development)"
  "Headers, pkg-config and CMake files of libsegc, and the libraries of the\nruntime below it.")
set(CPACK_COMPONENT_DEVELOPMENT_DEPENDS library)

segc_package(runner segrun science "training and prediction of segmentation networks"
  "Prepares data, trains, evaluates and predicts with networks for medical images\nthat segc compiled.")
set(CPACK_DEBIAN_RUNNER_PACKAGE_RECOMMENDS fonts-dejavu-core) # text of pictures
set(CPACK_DEBIAN_RUNNER_PACKAGE_SUGGESTS "segc, segrun-mpi")

if(TARGET segc-mpi)
  segc_package(messages segrun-mpi science "training of segmentation networks by several ranks"
    "Connects the processes of segrun by MPI.")
  set(CPACK_COMPONENT_MESSAGES_DEPENDS runner)
endif()

if(SEGC_BUILD_COMPILER)
  segc_package(compiler segc science "compiler for medical-image segmentation networks"
    "Compiles networks in the MLIR dialect seg to shared objects for training and\nprediction.")
  # Models are linked by it.
  set(CPACK_DEBIAN_COMPILER_PACKAGE_DEPENDS lld-22)
  set(CPACK_DEBIAN_COMPILER_PACKAGE_RECOMMENDS fonts-dejavu-core)

  segc_package(compiler_development segc-dev libdevel "compiler for segmentation networks (development)"
    "Headers and libraries of the dialect seg and its passes; segc-opt, the language\nserver and the reduction of networks.")
  set(CPACK_COMPONENT_COMPILER_DEVELOPMENT_DEPENDS development compiler)
  set(CPACK_DEBIAN_COMPILER_DEVELOPMENT_PACKAGE_DEPENDS libmlir-22-dev)
endif()
include(CPack)
