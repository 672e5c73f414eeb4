// Any bytes as a manifest and as golden items: they are read or refused, whatever they are.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "engine/golden.h"
#include "engine/manifest.h"
#include "tests/manifest_text.h"

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

bireid::Manifest ParseValid(const Bytes& manifest) {
  return bireid::ParseManifest(manifest, "manifest.json");
}

void ReadBoth(const Bytes& manifest, const Bytes& golden, const bireid::Manifest& valid) {
  Read([&] { bireid::ParseManifest(manifest, "manifest.json"); });
  Read([&] { bireid::ParseGolden(golden, valid, "golden.safetensors"); });
}

Bytes Manifest() {
  const std::string text = bireid::ManifestText();
  return Bytes(text.begin(), text.end());
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
  static const Bytes golden = bireid::Safetensors(bireid::GoldenTensors());
  // The untouched ones must be read, or the changed ones are refused for another reason.
  static const bireid::Manifest valid = ParseValid(manifest);
  static const bool is_valid =
      !bireid::ParseGolden(golden, valid, "golden.safetensors").inputs.empty();
  (void)is_valid;
  const Bytes raw(data, data + size);
  ReadBoth(raw, raw, valid);
  ReadBoth(Changed(manifest, data, size), Changed(golden, data, size), valid);
  return 0;
}
