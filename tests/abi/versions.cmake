# Other versions than this one: what each release promised (tests/abi/VERSION), and a version to come, whose structs have grown.
set(header ${PROJECT_SOURCE_DIR}/include/weir/weir.h)
set(script ${PROJECT_SOURCE_DIR}/src/abi/libweir.map)
set(history ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/history.py)
weir_suite(abi_history unit ${history} ${header} ${script})

# The library of that version to come: of these sources, and with debug information whatever the build, so that abidiff
# sees what was compiled. All files as one, which takes a tenth of the time.
set(grown ${CMAKE_CURRENT_BINARY_DIR}/grown)
add_custom_command(OUTPUT ${grown}/weir/weir.h ${grown}/abi/struct_sizes.hpp
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/c_header.py grown ${header} ${PROJECT_SOURCE_DIR}/src/abi/struct_sizes.hpp ${grown}
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/c_header.py ${header} ${PROJECT_SOURCE_DIR}/src/abi/struct_sizes.hpp VERBATIM)
add_library(weir_grown SHARED ${WEIR_ABI_SOURCES} ${grown}/weir/weir.h ${grown}/abi/struct_sizes.hpp)
set_target_properties(weir_grown PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0 OUTPUT_NAME weir SOVERSION ${weir_c_abi}
  LIBRARY_OUTPUT_DIRECTORY ${grown}/lib)
target_include_directories(weir_grown BEFORE PRIVATE ${grown})
target_include_directories(weir_grown PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(weir_grown PRIVATE WEIR_VERSION="${PROJECT_VERSION}-grown")
target_compile_options(weir_grown PRIVATE -O0 -g)
target_link_options(weir_grown PRIVATE -Wl,--version-script=${script} -Wl,--exclude-libs,ALL -Wl,-z,nodelete)
target_link_libraries(weir_grown PRIVATE weir_objects weir_core weir_flags ${weir_dependencies} nlohmann_json::nlohmann_json)
weir_suite(abi_history_of_library unit ${history} ${grown}/weir/weir.h ${script} $<TARGET_FILE:weir_grown>)

# A program of that version with today's library.
add_executable(abi_client_to_come newer/client.c ${grown}/weir/weir.h)
target_include_directories(abi_client_to_come BEFORE PRIVATE ${grown})
target_compile_options(abi_client_to_come PRIVATE -pedantic -Wall -Wextra -Werror)
set_target_properties(abi_client_to_come PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
target_link_libraries(abi_client_to_come PRIVATE weir_c)
weir_suite(abi_client_to_come unit $<TARGET_FILE:abi_client_to_come>)

# Programs of each release, compiled with its own header, with the library of today and with that to come.
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
  weir_suite(${program}_later unit $<TARGET_FILE:${program}> ${PROJECT_VERSION}-grown)
  set_property(TEST ${program} APPEND PROPERTY ENVIRONMENT LD_LIBRARY_PATH=$<TARGET_FILE_DIR:weir_c>)
  set_property(TEST ${program}_later APPEND PROPERTY ENVIRONMENT LD_LIBRARY_PATH=$<TARGET_FILE_DIR:weir_grown>)
endforeach()
