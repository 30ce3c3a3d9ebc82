# Other versions than this one: what each release promised (tests/abi/VERSION), and a library and a header of a later time.
set(header ${PROJECT_SOURCE_DIR}/include/weir/weir.h)
set(script ${PROJECT_SOURCE_DIR}/src/abi/libweir.map)
set(history ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/history.py)
weir_suite(abi_history unit ${history} ${header} ${script})

# Programs of each release, compiled with its own header.
file(GLOB clients CONFIGURE_DEPENDS [0-9]*/client.c)
foreach(client IN LISTS clients)
  get_filename_component(release ${client} DIRECTORY)
  get_filename_component(release ${release} NAME)
  set(program abi_client_${release})
  add_executable(${program} ${client})
  target_compile_definitions(${program} PRIVATE _GNU_SOURCE)
  target_compile_options(${program} PRIVATE -pedantic -Wall -Wextra -Werror)
  set_target_properties(${program} PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF SKIP_BUILD_RPATH ON)
  # The file alone, not the target: its folder of headers is not that release's.
  target_link_libraries(${program} PRIVATE $<TARGET_FILE:weir_c> Threads::Threads)
  add_dependencies(${program} weir_c)
  weir_suite(${program} unit $<TARGET_FILE:${program}> ${PROJECT_VERSION})
  set_property(TEST ${program} APPEND PROPERTY ENVIRONMENT LD_LIBRARY_PATH=$<TARGET_FILE_DIR:weir_c>)
endforeach()
