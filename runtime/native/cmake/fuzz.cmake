# One libFuzzer program per tests/fuzz_*.cc.

if(NOT (CMAKE_C_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang"))
  message(FATAL_ERROR "libFuzzer comes with clang: configure with -DCMAKE_C_COMPILER=clang "
    "-DCMAKE_CXX_COMPILER=clang++")
endif()

file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz_*.cc)
foreach(source IN LISTS fuzz_sources)
  cmake_path(GET source STEM name)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE bireid_delegate_objects bireid_watching bireid_engine)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
