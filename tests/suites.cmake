# The suites around the rooms' own tests. Labels: unit, live (a real S3 server), fault, memory, lint. Not in --quick are
# those that also say foreign (a server of others), long (more than 20 s) or slow (in the release build alone).
#
# Suites find their tools in the environment: WEIR_TEST_CLI, WEIR_TEST_DISCARD_S3 (programs), WEIR_TEST_FAULT_S3 (a Python
# script), WEIR_TEST_ZSTD. Python suites that need boto3 run under `servers.py python`, which installs it once.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
set(weir_servers ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/servers/servers.py)
set(weir_test_environment WEIR_TEST_DISCARD_S3=$<TARGET_FILE:weir_discard_s3>
  WEIR_TEST_FAULT_S3=${CMAKE_CURRENT_SOURCE_DIR}/servers/fault_s3.py WEIR_TEST_PYTHON=${Python3_EXECUTABLE}
  XDG_STATE_HOME=${CMAKE_BINARY_DIR}/state)
if(TARGET weir)
  list(APPEND weir_test_environment WEIR_TEST_CLI=$<TARGET_FILE:weir>)
endif()

# weir_suite(NAME LABELS COMMAND...): a test with the environment above.
function(weir_suite name labels)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 900 LABELS "${labels}" ENVIRONMENT "${weir_test_environment}")
endfunction()

# --- lint: the sources as text, and what a user of the library sees ---
set(weir_lint ${CMAKE_CURRENT_SOURCE_DIR}/lint)
weir_suite(lint_include_graph lint ${Python3_EXECUTABLE} ${weir_lint}/include_graph.py)
weir_suite(lint_include_graph_sees_offences lint ${Python3_EXECUTABLE} ${weir_lint}/test_include_graph.py)
weir_suite(lint_docs lint ${Python3_EXECUTABLE} ${weir_lint}/docs_links.py)
weir_suite(lint_c_api lint ${Python3_EXECUTABLE} ${weir_lint}/c_api_doc.py)
weir_suite(lint_format lint ${weir_lint}/format.sh)
weir_suite(lint_core_alone lint ${Python3_EXECUTABLE} ${weir_lint}/headers_alone.py --core g++ clang++-14)
# By one compiler: what a header leans on is the same standard library's for both.
weir_suite(lint_headers_alone "lint;slow" ${Python3_EXECUTABLE} ${weir_lint}/headers_alone.py clang++-14)
weir_suite(lint_tidy "lint;slow" ${Python3_EXECUTABLE} ${weir_lint}/tidy.py ${CMAKE_BINARY_DIR})
# Examples in documents, and pages of the reference, with what languages this build has.
set(example_languages "")
set(reference_languages c)
set(example_python ${Python3_EXECUTABLE})
if(WEIR_BUILD_PYTHON)
  list(APPEND example_languages --python ${CMAKE_BINARY_DIR}/python)
  list(APPEND reference_languages python)
  list(APPEND example_python ${CMAKE_CURRENT_SOURCE_DIR}/bindings/python_env.py)
endif()
if(WEIR_BUILD_NODE)
  list(APPEND example_languages --node ${CMAKE_BINARY_DIR}/node)
  list(APPEND reference_languages node)
endif()
if(WEIR_SANITIZE STREQUAL "")  # the library would want their runtime
  weir_suite(lint_examples lint ${example_python} ${weir_lint}/doc_examples.py --lib $<TARGET_FILE_DIR:weir_c> ${example_languages})
endif()
weir_suite(lint_reference "lint;slow" ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/docs/reference/build.py ${CMAKE_BINARY_DIR}
  ${reference_languages})
foreach(way find_package core_only c_only c_static pkg_config add_subdirectory fetch_content)
  weir_suite(consumer_${way} "lint;slow" ${CMAKE_CURRENT_SOURCE_DIR}/consumers/check.sh ${way} ${CMAKE_BINARY_DIR})
endforeach()
set_tests_properties(lint_tidy lint_headers_alone consumer_add_subdirectory consumer_fetch_content PROPERTIES TIMEOUT 1800 PROCESSORS 2)

# --- random pipelines for longer than the rooms' own tests have time for; an hour: WEIR_PROPERTY_SECONDS=720 test_stages "[property]" ---
weir_suite(properties "unit;long;slow" $<TARGET_FILE:test_stages> "[property]")
set_property(TEST properties APPEND PROPERTY ENVIRONMENT WEIR_PROPERTY_SECONDS=12)

# --- the server: any server's suites on ours, clients of others, kills ---
if(TARGET weir)
  set(weir_serving ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/support/serving.py)
  foreach(protocol tus resumable_http)
    weir_suite(serve_${protocol} unit ${weir_serving} -- ${Python3_EXECUTABLE}
      ${CMAKE_CURRENT_SOURCE_DIR}/conformance/conformance.py --strict ${protocol} {url}/files)
  endforeach()
  weir_suite(serve unit ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/serve/serve_test.py)
  if(NOT WEIR_SANITIZE STREQUAL "")
    set_property(TEST serve APPEND PROPERTY ENVIRONMENT WEIR_TEST_SANITIZED=1)
  endif()
  weir_suite(serve_access unit ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/serve/access_test.py)
  weir_suite(serve_kill unit ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/serve/kill_server.py 100)
  weir_suite(serve_store "live;foreign" ${weir_servers} run versitygw -- ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/serve/store_test.py)
  weir_suite(serve_kill_store "live;foreign" ${weir_servers} run versitygw -- ${Python3_EXECUTABLE}
    ${CMAKE_CURRENT_SOURCE_DIR}/serve/kill_server.py 100 --through "zstd level=1")
  weir_suite(serve_behind_nginx "live;foreign" ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/serve/behind_nginx.py)
  set_tests_properties(serve_behind_nginx PROPERTIES SKIP_RETURN_CODE 77)
  weir_suite(serve_foreign_clients "live;foreign" ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/serve/foreign_clients.py)
  set_tests_properties(serve_foreign_clients PROPERTIES SKIP_RETURN_CODE 77)
endif()

# --- live: the same suites on each real server; slow: all but versitygw ---
set(weir_live_servers "versitygw" "versitygw --tls" "versitygw --ipv6" "minio" "moto")
foreach(server IN LISTS weir_live_servers)
  string(REPLACE " --" "_" name "${server}")
  separate_arguments(words UNIX_COMMAND "${server}")
  set(labels live foreign)
  if(NOT server STREQUAL "versitygw")
    list(APPEND labels slow)
  endif()
  weir_suite(live_${name} "${labels}" ${weir_servers} run ${words} -- $<TARGET_FILE:test_s3_live>)
  if(TARGET weir)
    weir_suite(interop_${name} "${labels}" ${weir_servers} run ${words} --
      ${weir_servers} python ${CMAKE_CURRENT_SOURCE_DIR}/interop/boto3_round_trips.py)
  endif()
endforeach()

if(TARGET weir)
  weir_suite(interop_aws_cli "live;slow" ${weir_servers} run versitygw --
    ${weir_servers} python ${CMAKE_CURRENT_SOURCE_DIR}/interop/aws_cli_round_trips.py)
endif()

# --- kill -9, and the same command again ---
if(TARGET weir)
  add_executable(kill_producer kill/producer.cpp)
  target_link_libraries(kill_producer PRIVATE weir_static weir_flags)
  foreach(server "versitygw --revive" vercel)
    separate_arguments(words UNIX_COMMAND "${server}")
    list(GET words 0 server)
    weir_suite(kill_${server} "live;long" ${weir_servers} run ${words} --
      ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/kill/kill_and_resume.py 15)
    set_property(TEST kill_${server} APPEND PROPERTY ENVIRONMENT WEIR_BIN=$<TARGET_FILE:weir>
      WEIR_KILL_PRODUCER=$<TARGET_FILE:kill_producer>)
  endforeach()
  if(WEIR_BUILD_PYTHON AND WEIR_SANITIZE STREQUAL "")
    weir_suite(python_kill "live;foreign;long" ${weir_servers} run versitygw --revive -- ${Python3_EXECUTABLE}
      ${CMAKE_CURRENT_SOURCE_DIR}/kill/kill_and_resume.py 12)
    set_property(TEST python_kill APPEND PROPERTY ENVIRONMENT WEIR_BIN=$<TARGET_FILE:weir> PYTHONPATH=${CMAKE_BINARY_DIR}/python
      "WEIR_KILL_HOST=${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/bindings/python_env.py ${CMAKE_CURRENT_SOURCE_DIR}/kill/host.py")
  endif()
endif()

# --- the behaviour suite: one row for each store; vercel (a double) and http need nothing installed ---
set(weir_behaviour_servers vercel http versitygw minio moto)
foreach(server IN LISTS weir_behaviour_servers)
  set(labels live)
  if(NOT server MATCHES "vercel|http")
    list(APPEND labels foreign)
  endif()
  if(server STREQUAL "minio" OR server STREQUAL "moto")
    list(APPEND labels slow)
  endif()
  weir_suite(behaviour_${server} "${labels}" ${weir_servers} run ${server} -- $<TARGET_FILE:test_behaviour>)
endforeach()
weir_suite(behaviour_local unit ${CMAKE_CURRENT_SOURCE_DIR}/store/behaviour_local.sh $<TARGET_FILE:test_behaviour>)
weir_suite(vercel_double fault ${weir_servers} run vercel -- $<TARGET_FILE:test_vercel>)
add_executable(vercel_probe interop/vercel_sdk/probe.cpp)
target_link_libraries(vercel_probe PRIVATE weir_static weir_flags)
weir_suite(interop_vercel_sdk "live;slow" ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/interop/vercel_sdk/run.py
  $<TARGET_FILE:vercel_probe>)
set_tests_properties(interop_vercel_sdk PROPERTIES SKIP_RETURN_CODE 77)

# Those of them that need a store which breaks on request; on the servers above they say that they cannot.
weir_suite(fault_s3_live "fault;slow" ${weir_servers} run fault -- $<TARGET_FILE:test_s3_live> "[fault]")

# What the benchmarks say about other clients.
weir_suite(bench_wire_tap unit ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/bench/test_wire_tap.py)

# Our signatures against botocore's.
find_package(nlohmann_json REQUIRED)
add_executable(sigv4_probe net/sigv4_probe.cpp)
target_include_directories(sigv4_probe PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(sigv4_probe PRIVATE weir_static weir_flags nlohmann_json::nlohmann_json ${weir_dependencies})
weir_suite(interop_sigv4_botocore "unit;slow" ${weir_servers} python ${CMAKE_CURRENT_SOURCE_DIR}/interop/sigv4_botocore.py
  $<TARGET_FILE:sigv4_probe>)

# The keys, regions and endpoints that we find against those that botocore finds.
add_executable(resolve_credentials interop/resolve_credentials.cpp)
target_include_directories(resolve_credentials PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(resolve_credentials PRIVATE weir_static weir_flags nlohmann_json::nlohmann_json ${weir_dependencies})
weir_suite(interop_credentials_botocore unit ${weir_servers} python ${CMAKE_CURRENT_SOURCE_DIR}/interop/credentials_botocore.py
  $<TARGET_FILE:resolve_credentials>)

# --- the command: tests/cli/test_*.py, tests/fault/test_*.py; tools from the environment ---
if(TARGET weir)
  foreach(suite cli fault)
    file(GLOB scripts CONFIGURE_DEPENDS ${suite}/test_*.py)
    set(labels ${suite})
    if(suite STREQUAL "cli")
      set(labels unit)
    endif()
    foreach(script IN LISTS scripts)
      get_filename_component(name ${script} NAME_WE)
      string(REPLACE "test_" "" name ${name})
      if(suite STREQUAL "fault" AND NOT name STREQUAL "cli_faults")
        set(labels fault long)  # --quick has one of them
      endif()
      # boto3's environment has the fast checksums too, which the fault server then uses.
      weir_suite(${suite}_${name} "${labels}" ${weir_servers} python ${script})
    endforeach()
  endforeach()
endif()

# --- memory of downloads: the discarding endpoint has nothing to give, so this needs a store that keeps bytes ---
if(TARGET weir AND WEIR_SANITIZE STREQUAL "")
  weir_suite(memory_download memory ${weir_servers} run versitygw --
    ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/memory/download_memory_test.py)
  set_tests_properties(memory_download PROPERTIES RESOURCE_LOCK memory)
endif()

# Memory of many small files: up into the discarding endpoint, down out of a store that keeps them.
if(TARGET weir AND WEIR_SANITIZE STREQUAL "")
  weir_suite(memory_many memory ${weir_servers} run versitygw --
    ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/memory/many_memory_test.py)
  set_tests_properties(memory_many PROPERTIES RESOURCE_LOCK memory)
endif()

# Memory with many parts in flight; beside "memory" of tests/CMakeLists.txt, and as that without sanitizers.
if(TARGET weir AND WEIR_SANITIZE STREQUAL "")
  weir_suite(memory_concurrency memory ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/memory/concurrency_memory_test.py)
  set_tests_properties(memory_concurrency PROPERTIES RESOURCE_LOCK memory)
endif()

# The long ones first, so that none runs alone at the end.
foreach(name memory lint_tidy transfer store fault_copy_faults fault_s3_live fault_cli_faults)
  if(TEST ${name})
    set_tests_properties(${name} PROPERTIES COST 1000)
  endif()
endforeach()
