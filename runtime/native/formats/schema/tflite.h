// The generated schema, on every C library.
#ifndef BIREID_FORMATS_SCHEMA_TFLITE_H_
#define BIREID_FORMATS_SCHEMA_TFLITE_H_

#include <climits>

// The schema has an operator of this name; musl, which Emscripten uses, has a macro.
#undef ARG_MAX

#include "formats/schema/tflite_generated.h"

#endif  // BIREID_FORMATS_SCHEMA_TFLITE_H_
