// manifest.json of a bundle, as far as the engine needs it.
#ifndef BIREID_ENGINE_MANIFEST_H_
#define BIREID_ENGINE_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/adaptation_spec.h"
#include "engine/boxes.h"
#include "engine/clouds.h"
#include "engine/matching.h"
#include "engine/preprocess.h"

namespace bireid {

constexpr char kManifestName[] = "manifest.json";
constexpr size_t kMaxManifestBytes = size_t{4} << 20;

// Of one file of a bundle, in bytes.
constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

constexpr size_t kMaxEnds = 16;     // inputs or outputs of a network
constexpr size_t kMaxItemRank = 7;  // without the batch
constexpr int64_t kMaxItemElements = 1 << 28;
constexpr int kMaxGoldenItems = 64;
constexpr int64_t kMaxGoldenBytes = int64_t{64} << 20;

struct InputKind;
struct OutputKind;

// One item of an input or output: float32, without the batch.
struct TensorSpec {
  std::string name;        // a letter or digit, then up to 63 of those and "_.-"
  std::vector<int> shape;  // 1 to kMaxItemRank positive numbers
  int64_t elements = 0;    // their product, at most kMaxItemElements
};

struct InputSpec : TensorSpec {
  const InputKind* kind = nullptr;
  Preprocess preprocess;  // of an image
  int points = 0;         // of a cloud, as many as are sampled
};

struct OutputSpec : TensorSpec {
  const OutputKind* kind = nullptr;
  std::vector<std::string> classes;  // of logits or boxes, unique
  Decoding decoding;                 // of boxes
  Matching matching;                 // of a correlation
};

// How far a golden output may be off.
struct Tolerance {
  double max_abs;     // largest difference of any component, positive
  double min_cosine;  // smallest cosine similarity, -1 to 1; -1 where the kind has none
};

struct Manifest {
  struct File {
    std::string name;    // plain: it cannot lead out of the bundle
    std::string format;  // "lce", "onnx"; another one for each file
    std::string sha256;  // 64 lower-case hexadecimal digits
    int64_t bytes;       // 0 to kMaxFileBytes
  };

  // What the golden maps decode to.
  struct Decoded {
    std::string name;
    std::string sha256;
    int64_t bytes;  // 0 to kMaxGoldenBytes
  };

  struct Golden {
    std::string name;
    std::string sha256;
    int64_t bytes;                      // 0 to kMaxGoldenBytes
    int items;                          // 1 to kMaxGoldenItems
    std::vector<Tolerance> tolerances;  // of each output
    std::vector<int> cameras;           // of each item, its position; empty without adaptation
    std::optional<Decoded> decoded;     // none: of an older bundle, or nothing decodes
  };

  std::string name;
  std::string task;
  std::string fingerprint;          // "sha256:" and 64 hexadecimal digits
  std::vector<InputSpec> inputs;    // 1 to kMaxEnds, unique names
  std::vector<OutputSpec> outputs;  // likewise
  std::vector<File> files;
  Golden golden;
  std::optional<AdaptationSpec> adaptation;  // none: all cameras are taken alike
};

// `source` is the file, for messages. Throws BundleError naming the key that is missing, unknown,
// of another type or out of range; UnsupportedError for a schema version, preprocessing or kind
// that this engine does not have.
Manifest ParseManifest(const std::vector<uint8_t>& json, const std::string& source);

}  // namespace bireid

#endif  // BIREID_ENGINE_MANIFEST_H_
