# bireid.wasm: the engine for browsers and Node, and the package `bireid` around it (runtime/web). It
# needs SIMD and exceptions of WebAssembly: Chrome 95, Firefox 100, Safari 16.4, Node 18.

# There is one module, which is not relocated.
set_target_properties(bireid_core bireid_engine PROPERTIES POSITION_INDEPENDENT_CODE OFF)

# A page loads it: small where no time is spent, kernels as fast as elsewhere. They must not see -Os at
# all: em++ keeps to it, whatever comes behind it.
set(fast_sources ${core_sources})
list(FILTER fast_sources INCLUDE REGEX "/kernels/(wasm|resize_scalar)[.]cc$")
set(small_sources ${core_sources} ${engine_sources})
list(REMOVE_ITEM small_sources ${fast_sources})
set_source_files_properties(${small_sources} web/exports.cc PROPERTIES COMPILE_OPTIONS -Os)
# yyjson inlines by force, which is a tenth of the whole file.
set_source_files_properties(third_party/yyjson/yyjson.c
  PROPERTIES COMPILE_OPTIONS "-Oz;-Dyyjson_inline=inline")

set(web_exports
  bireid_version bireid_last_error bireid_web_open bireid_web_embed_rgba8 bireid_embedding_dim
  bireid_fingerprint bireid_describe bireid_camera_count bireid_camera_name bireid_selftest
  bireid_close malloc free)
list(TRANSFORM web_exports PREPEND _)
list(JOIN web_exports "," web_exports)

add_executable(bireid_wasm web/exports.cc)
target_link_libraries(bireid_wasm PRIVATE bireid_engine)
set_target_properties(bireid_wasm PROPERTIES OUTPUT_NAME bireid SUFFIX .wasm)
target_link_options(bireid_wasm PRIVATE -Os --no-entry "SHELL:-s STANDALONE_WASM=1"
  "SHELL:-s ALLOW_MEMORY_GROWTH=1" "SHELL:-s EXPORTED_FUNCTIONS=${web_exports}")

# cmake --install BUILD --component web --prefix FOLDER
set(package "${PROJECT_SOURCE_DIR}/web")
file(GLOB package_files CONFIGURE_DEPENDS "${package}/*.mjs" "${package}/*.d.ts")
install(FILES "$<TARGET_FILE:bireid_wasm>" ${package_files} "${package}/package.json"
  "${package}/README.md" "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION . COMPONENT web)
install(DIRECTORY "${package}/demo" DESTINATION . COMPONENT web)

foreach(program emulated_paths lce_replay)
  set_target_properties(${program} PROPERTIES SUFFIX .wasm)
  target_link_options(${program} PRIVATE "SHELL:-s STANDALONE_WASM=1"
    "SHELL:-s ALLOW_MEMORY_GROWTH=1")
endforeach()
