# segc_add_manual(PROGRAM COMPONENT): the manual page and the completions that a
# program writes of itself, whenever it is linked, and where they are installed.
find_program(SEGC_GZIP gzip)
function(segc_add_manual program component)
  set(folder "${PROJECT_BINARY_DIR}/manual")
  file(MAKE_DIRECTORY "${folder}")
  set(page "${folder}/${program}.1")
  set(pack)
  if(SEGC_GZIP) # as Debian's policy has it; without the time, for equal bytes
    set(pack COMMAND ${SEGC_GZIP} -9 -n -f "${page}")
  endif()
  add_custom_command(TARGET ${program} POST_BUILD
    COMMAND ${program} --manual > "${page}"
    COMMAND ${program} --completion bash > "${folder}/${program}.bash"
    COMMAND ${program} --completion zsh > "${folder}/_${program}"
    ${pack}
    VERBATIM)
  if(pack)
    set(page "${page}.gz")
  endif()
  install(FILES "${page}" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${component})
  install(FILES "${folder}/${program}.bash" RENAME ${program}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT ${component})
  # Debian's zsh looks here for what packages bring.
  install(FILES "${folder}/_${program}"
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT ${component})
endfunction()
