# libbireid_delegate.so: needs the C library alone, of 2012 or later, and exports its C ABI alone.

include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ features.h BIREID_GLIBC)

set(exports "${CMAKE_CURRENT_SOURCE_DIR}/exports.map")
add_library(bireid_delegate SHARED)
# The whole core: nothing inside calls its C ABI.
target_link_libraries(bireid_delegate PRIVATE
  bireid_delegate_objects "$<LINK_LIBRARY:WHOLE_ARCHIVE,bireid_core>")
set_target_properties(bireid_delegate PROPERTIES LINKER_LANGUAGE CXX LINK_DEPENDS "${exports}")
target_link_options(bireid_delegate PRIVATE
  -static-libstdc++ -static-libgcc "LINKER:--version-script=${exports}"
  LINKER:--no-undefined LINKER:--gc-sections)
if(BIREID_GLIBC)
  target_sources(bireid_delegate PRIVATE cmake/old_glibc.cc)
  # Where the C library is older than 2.34, threads are in this one.
  target_link_options(bireid_delegate PRIVATE
    LINKER:--push-state,--no-as-needed -l:libpthread.so.0 LINKER:--pop-state)
endif()

install(TARGETS bireid_delegate LIBRARY DESTINATION bireid_runtime/_native)
