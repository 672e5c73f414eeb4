// Any bytes as a manifest and as golden crops: they are read or refused, whatever they are.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "engine/errors.h"
#include "engine/golden.h"
#include "engine/manifest.h"
#include "tests/manifest_text.h"
#include "tests/npz_writer.h"

namespace {

using Bytes = std::vector<uint8_t>;

template <typename Function>
void Read(Function function) {
  try {
    function();
  } catch (const bireid::BundleError&) {
  } catch (const bireid::UnsupportedError&) {
  }
}

void ReadBoth(const Bytes& manifest, const Bytes& golden) {
  Read([&] { bireid::ParseManifest(manifest, "manifest.json"); });
  Read([&] { bireid::ParseGolden(golden, "golden.npz"); });
}

Bytes Manifest() {
  const char* end = bireid::kManifestText + std::strlen(bireid::kManifestText);
  return Bytes(bireid::kManifestText, end);
}

Bytes Golden() {
  const std::vector<uint8_t> crop(2 * 3 * 3, 7);
  const std::vector<float> embedding = {0.6f, 0.8f};
  const std::vector<double> tolerance = {1e-3};
  const std::vector<double> cosine = {0.99};
  return bireid::Zip({{"crop_0.npy", bireid::Npy("|u1", "(2, 3, 3)", bireid::BytesOf(crop))},
                      {"embeddings.npy", bireid::Npy("<f4", "(1, 2)", bireid::BytesOf(embedding))},
                      {"max_abs.npy", bireid::Npy("<f8", "()", bireid::BytesOf(tolerance))},
                      {"min_cosine.npy", bireid::Npy("<f8", "()", bireid::BytesOf(cosine))}});
}

// Pairs of input bytes as (distance from the last change, new value).
Bytes Changed(Bytes bytes, const uint8_t* data, size_t size) {
  size_t position = 0;
  for (size_t i = 0; i + 1 < size; i += 2) {
    position = (position + data[i]) % bytes.size();
    bytes[position] = data[i + 1];
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Bytes manifest = Manifest();
  static const Bytes golden = Golden();
  // The untouched ones must be read, or the changed ones are refused for another reason.
  static const bool is_valid = [] {
    bireid::ParseManifest(manifest, "manifest.json");
    return !bireid::ParseGolden(golden, "golden.npz").crops.empty();
  }();
  (void)is_valid;
  const Bytes raw(data, data + size);
  ReadBoth(raw, raw);
  ReadBoth(Changed(manifest, data, size), Changed(golden, data, size));
  return 0;
}
