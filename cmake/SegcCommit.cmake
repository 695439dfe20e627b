# Writes HEADER with the commit of the clone SOURCE, if it is one:
# cmake -DGIT=git -DSOURCE=DIR -DHEADER=FILE -P SegcCommit.cmake
set(text "")
if(GIT AND EXISTS "${SOURCE}/.git")
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE failed ERROR_QUIET)
  if(NOT failed)
    set(text " (commit ${commit})")
  endif()
endif()
file(WRITE "${HEADER}" "#define SEGC_COMMIT \"${text}\"\n")
