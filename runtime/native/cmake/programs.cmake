# bireid-embed: embeddings on the command line and over a socket, without Python.

file(GLOB program_sources CONFIGURE_DEPENDS programs/bireid_embed/*.cc)
add_executable(bireid-embed ${program_sources})
target_link_libraries(bireid-embed PRIVATE bireid_watching bireid_engine)
target_include_directories(bireid-embed SYSTEM PRIVATE third_party/stb)
if(BIREID_STATIC)
  target_link_options(bireid-embed PRIVATE -static LINKER:--gc-sections,--strip-all)
endif()
install(TARGETS bireid-embed RUNTIME DESTINATION bin COMPONENT development)
