# Installs libraries, headers, the CMake package, weir.pc (C), weir++.pc (C++) and weir-static.pc (both, linked in).
#
# The package has three parts, so that nobody needs the development files of what only others are built with: `c` needs
# nothing, `cpp` what the public headers include, `static` all that the library calls.
set(weir_package ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
install(DIRECTORY include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS weir_c EXPORT weir_c LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS weir_core weir_shared EXPORT weir_cpp LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS weir_static EXPORT weir_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(part c cpp static)
  install(EXPORT weir_${part} NAMESPACE weir:: DESTINATION ${weir_package} FILE weirTargets-${part}.cmake)
endforeach()
configure_package_config_file(cmake/weirConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/weirConfig.cmake
  INSTALL_DESTINATION ${weir_package})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/weirConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weirConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/weirConfigVersion.cmake
  DESTINATION ${weir_package})

# They name what lies beside them, so that an installed tree may be moved.
file(RELATIVE_PATH weir_prefix_of_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" weir_prefix_of_pc "${weir_prefix_of_pc}")
foreach(package weir weir++ weir-static)
  configure_file(cmake/${package}.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${package}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
