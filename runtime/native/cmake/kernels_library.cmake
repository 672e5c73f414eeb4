# The kernels behind a C interface, which tests call from Python. In no wheel.

add_library(bireid_kernels_test SHARED tests/kernels_library/c_api.cc)
target_link_libraries(bireid_kernels_test PRIVATE bireid_core)
