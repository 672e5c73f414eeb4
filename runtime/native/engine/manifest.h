// manifest.json of a bundle, as far as the engine needs it.
#ifndef BIREID_ENGINE_MANIFEST_H_
#define BIREID_ENGINE_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bireid {

constexpr char kManifestName[] = "manifest.json";
constexpr size_t kMaxManifestBytes = size_t{4} << 20;

// Of one file of a bundle, in bytes.
constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

struct Manifest {
  struct File {
    std::string name;    // plain: it cannot lead out of the bundle
    std::string format;  // "lce", "onnx"; another one for each file
    std::string sha256;  // 64 lower-case hexadecimal digits
    int64_t bytes;       // 0 to kMaxFileBytes
  };

  std::string name;
  std::string fingerprint;  // "sha256:" and 64 hexadecimal digits
  int height;               // of the network's input, 1 to 4096
  int width;
  float mean[3];  // per colour channel, on the scale 0 to 1
  float std[3];   // positive
  int embedding_dim;
  std::string input_name;   // float32 [N][height][width][3]
  std::string output_name;  // float32 [N][embedding_dim]
  std::vector<File> files;
};

// `source` is the file, for messages. Throws BundleError naming the key that is missing, unknown,
// of another type or out of range; UnsupportedError for a schema version, preprocessing or output
// that this engine does not have.
Manifest ParseManifest(const std::vector<uint8_t>& json, const std::string& source);

}  // namespace bireid

#endif  // BIREID_ENGINE_MANIFEST_H_
