# One program per tests/*_test.cc. GoogleTest comes installed, or as Debian's sources where no
# library fits the compiler's target.

set(googletest_sources /usr/src/googletest)
find_package(GTest QUIET)
if(NOT GTest_FOUND AND EXISTS "${googletest_sources}/CMakeLists.txt")
  set(BUILD_GMOCK OFF)
  set(INSTALL_GTEST OFF)
  add_subdirectory("${googletest_sources}" "${CMAKE_BINARY_DIR}/googletest" EXCLUDE_FROM_ALL)
  add_library(GTest::gtest_main ALIAS gtest_main)
endif()

if(TARGET GTest::gtest_main)
  file(GLOB test_sources CONFIGURE_DEPENDS tests/*_test.cc)
  foreach(source IN LISTS test_sources)
    cmake_path(GET source STEM name)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE bireid_delegate_objects bireid_core GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name})
  endforeach()
else()
  message(NOTICE "Native tests are left out: GoogleTest is missing (apt-get install libgtest-dev)")
endif()
