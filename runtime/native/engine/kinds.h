// What the engine knows of inputs and outputs by their kind; kinds.cc has the tables.
#ifndef BIREID_ENGINE_KINDS_H_
#define BIREID_ENGINE_KINDS_H_

#include <cstdint>
#include <string>

#include "engine/decoders.h"
#include "engine/json.h"
#include "engine/manifest.h"

namespace bireid {

// What of its own size an input is made from.
enum class RawItem {
  kNone,   // nothing: it is taken as it is
  kImage,  // 8-bit pixels
  kCloud,  // points
};

struct InputKind {
  const char* name;
  // What the kind needs beside name and shape. Throws BundleError or UnsupportedError.
  void (*read)(const JsonSection& section, InputSpec* input);
  RawItem raw;
};

struct OutputKind {
  const char* name;
  void (*read)(const JsonSection& section, OutputSpec* output);
  // What is wrong with the values that a network gave for one item; null: nothing.
  const char* (*problem)(const float* values, int64_t count);
  bool has_cosine;         // its tolerance has min_cosine
  const Decoder* decoder;  // of golden maps; null: there is nothing to decode
};

// The kind that `kind` of a section names. Throws UnsupportedError listing those that are known.
const InputKind& FindInputKind(const JsonSection& section);
const OutputKind& FindOutputKind(const JsonSection& section);

// By name, for whoever looks for outputs of a kind.
inline constexpr char kEmbeddingKind[] = "embedding";
inline constexpr char kLogitsKind[] = "logits";
inline constexpr char kBoxesKind[] = "boxes";
inline constexpr char kCorrelationKind[] = "correlation";
inline constexpr char kPointsKind[] = "points";

}  // namespace bireid

#endif  // BIREID_ENGINE_KINDS_H_
