/* What the library exports: two functions by which LiteRT loads a delegate, in Python
 *
 *   load_delegate("libbireid_delegate.so", {"threads": "2"})
 *
 * and in C by their names, with LiteRT's types (external_delegate_interface.h); and two that say
 * what the library is.
 */
#ifndef BIREID_DELEGATE_DELEGATE_H_
#define BIREID_DELEGATE_DELEGATE_H_

#include <cstddef>

#include "delegate/litert_abi.h"

#define BIREID_EXPORT __attribute__((visibility("default")))

extern "C" {

// Options are those of options.h. Null on failure, after one line through `report_error`, which may
// be null. An interpreter that uses the delegate must be destroyed before it.
BIREID_EXPORT bireid::litert::TfLiteDelegate* tflite_plugin_create_delegate(
    const char* const* options_keys, const char* const* options_values, size_t num_options,
    void (*report_error)(const char*));

// Null is allowed.
BIREID_EXPORT void tflite_plugin_destroy_delegate(bireid::litert::TfLiteDelegate* delegate);

// "0.1.0"
BIREID_EXPORT const char* bireid_delegate_version(void);

// The path that `isa` stands for on this CPU: "scalar", "avx2", "avx512f", "avx512", "amx" or
// "neon"; "auto" gives the fastest. Null if this build or this CPU lacks it.
BIREID_EXPORT const char* bireid_delegate_isa(const char* isa);

}  // extern "C"

#endif  // BIREID_DELEGATE_DELEGATE_H_
