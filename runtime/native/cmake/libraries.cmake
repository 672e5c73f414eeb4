# The libraries that go to other people: libbireid_delegate.so, libbireid.so and libbireid.a.

include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ features.h BIREID_GLIBC)

# bireid_shared_library(NAME OBJECTS...): needs the C library alone, of 2012 or later, and exports
# what exports_NAME.map says.
function(bireid_shared_library name)
  set(exports "${CMAKE_CURRENT_SOURCE_DIR}/exports_${name}.map")
  add_library(${name} SHARED)
  target_link_libraries(${name} PRIVATE ${ARGN})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX LINK_DEPENDS "${exports}")
  target_link_options(${name} PRIVATE
    -static-libstdc++ -static-libgcc "LINKER:--version-script=${exports}"
    LINKER:--no-undefined LINKER:--gc-sections
    # Its threads live as long as the process: dlclose must not unmap the code that they run.
    LINKER:-z,nodelete)
  if(BIREID_GLIBC)
    target_sources(${name} PRIVATE cmake/old_glibc.cc)
    # Where the C library is older than 2.34, threads are in this one.
    target_link_options(${name} PRIVATE
      LINKER:--push-state,--no-as-needed -l:libpthread.so.0 LINKER:--pop-state)
  endif()
  install(TARGETS ${name} LIBRARY DESTINATION bireid_runtime/_native COMPONENT python)
endfunction()

# Whole archives, where nothing inside calls the C interface.
bireid_shared_library(bireid_delegate
  bireid_delegate_objects "$<LINK_LIBRARY:WHOLE_ARCHIVE,bireid_core>")
bireid_shared_library(bireid "$<LINK_LIBRARY:WHOLE_ARCHIVE,bireid_engine>")

# libbireid.so.0 stays compatible; docs/c-api.md says what that means. A wheel holds no links and
# Android no versions: there the library's name is its file's.
if(NOT SKBUILD AND NOT ANDROID)
  set_target_properties(bireid PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
endif()

# libbireid.a is one object whose inner names are local, so that they clash with no one's: a
# program may well have a yyjson of its own.
#
# It has no groups: a program in C++ has some of the same name, for which the linker would drop ours
# while our local names still point there. Linkers of LLVM before 19 cannot take groups apart.
include(CheckLinkerFlag)
check_linker_flag(CXX LINKER:--force-group-allocation BIREID_TAKES_GROUPS_APART)
set(without_groups "")
if(BIREID_TAKES_GROUPS_APART)
  set(without_groups -Wl,--force-group-allocation)
endif()
set(object "${CMAKE_CURRENT_BINARY_DIR}/bireid.o")
set(archive "${CMAKE_CURRENT_BINARY_DIR}/libbireid.a")
add_custom_command(OUTPUT "${archive}"
  COMMAND ${CMAKE_CXX_COMPILER} -r -nostdlib ${without_groups} -o "${object}"
    "$<TARGET_OBJECTS:bireid_engine>"
    "$<TARGET_OBJECTS:bireid_core>"
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden "${object}"
  COMMAND ${CMAKE_COMMAND} -E rm -f "${archive}"
  COMMAND ${CMAKE_AR} rcs "${archive}" "${object}"
  DEPENDS bireid_engine bireid_core
  COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(bireid_archive ALL DEPENDS "${archive}")

# For C and C++: cmake --install BUILD --component development
install(FILES engine/bireid.h engine/bireid_session.h engine/bireid_classifier.h
  engine/bireid_detector.h engine/bireid_point_classifier.h engine/bireid_search.h
  engine/bireid_statistics.h engine/bireid_tracker.h engine/bireid.hpp
  DESTINATION include COMPONENT development)
install(FILES "${archive}" DESTINATION lib COMPONENT development)
install(TARGETS bireid LIBRARY DESTINATION lib COMPONENT development)

# find_package(bireid) and `pkg-config bireid`; both are told no path, so the folder may move.
include(CMakePackageConfigHelpers)
set(packages "${CMAKE_CURRENT_BINARY_DIR}/packages")
configure_file(cmake/bireidConfig.cmake.in "${packages}/bireidConfig.cmake" @ONLY)
configure_file(cmake/bireid.pc.in "${packages}/bireid.pc" @ONLY)
write_basic_package_version_file("${packages}/bireidConfigVersion.cmake"
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES "${packages}/bireidConfig.cmake" "${packages}/bireidConfigVersion.cmake"
  DESTINATION lib/cmake/bireid COMPONENT development)
install(FILES "${packages}/bireid.pc" DESTINATION lib/pkgconfig COMPONENT development)
