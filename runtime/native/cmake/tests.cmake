# One program per tests/*_test.cc. GoogleTest comes installed, or as Debian's sources where no
# library fits the compiler's target.

set(googletest_sources /usr/src/googletest)
find_package(GTest QUIET)
if(NOT GTest_FOUND AND EXISTS "${googletest_sources}/CMakeLists.txt")
  set(BUILD_GMOCK OFF)
  set(INSTALL_GTEST OFF)
  add_subdirectory("${googletest_sources}" "${CMAKE_BINARY_DIR}/googletest" EXCLUDE_FROM_ALL)
endif()

if(TARGET GTest::gtest_main)
  cmake_path(SET docs NORMALIZE "${PROJECT_SOURCE_DIR}/../docs")
  cmake_path(SET zoo NORMALIZE "${PROJECT_SOURCE_DIR}/../models/zoo")
  file(GLOB test_sources CONFIGURE_DEPENDS tests/*_test.cc)
  add_library(bireid_native_tests INTERFACE)
  target_link_libraries(bireid_native_tests INTERFACE bireid_watching bireid_engine
    bireid_kernels_test
    GTest::gtest_main)
  target_compile_definitions(bireid_native_tests INTERFACE BIREID_ZOO="${zoo}" BIREID_DOCS="${docs}")
  # What is tested is optimised; the tests themselves compile in a third of the time so, with one
  # precompiled header for all. After the libraries, for the last level holds.
  add_library(bireid_quick_tests INTERFACE)
  target_compile_options(bireid_quick_tests INTERFACE -O1)
  set(precompiled "")
  foreach(source IN LISTS test_sources)
    cmake_path(GET source STEM name)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE bireid_delegate_objects bireid_native_tests
      bireid_quick_tests)
    if(precompiled STREQUAL "")
      target_precompile_headers(${name} PRIVATE <gtest/gtest.h> <algorithm> <functional> <map> <memory>
        <string> <vector>)
      set(precompiled ${name})
    else()
      target_precompile_headers(${name} REUSE_FROM ${precompiled})
    endif()
    add_test(NAME ${name} COMMAND ${name})
  endforeach()
  target_sources(operator_table_test PRIVATE tests/toy_operator.cc)
  if(TARGET bireid_delegate AND (avx512_extensions OR dotprod_extensions))
    # An inline function that a path shares with other files would be kept once, perhaps in the
    # instructions of the newest CPU.
    add_test(NAME instruction_sets_stay_apart COMMAND sh -c
      "! ${CMAKE_NM} -A $<TARGET_FILE:bireid_core> | grep -E ':(amx|((resize|search)_)?avx[0-9]+f?|neon_dotprod)[.]cc[.]o:.* [uvwVW] '")
  endif()
else()
  message(NOTICE "Native tests are left out: GoogleTest is missing (apt-get install libgtest-dev)")
endif()
