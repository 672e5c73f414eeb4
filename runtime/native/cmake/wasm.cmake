# Toolchain file: WebAssembly with Emscripten 3.1.6 or later (apt-get install emscripten).
find_program(BIREID_EMXX em++ REQUIRED)
file(REAL_PATH "${BIREID_EMXX}" emxx)
cmake_path(GET emxx PARENT_PATH emscripten)
include("${emscripten}/cmake/Modules/Platform/Emscripten.cmake")
