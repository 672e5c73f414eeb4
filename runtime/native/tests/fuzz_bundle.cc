// Any bytes as a manifest, as golden items, as what these decode to and as numbers of cameras: they
// are read or refused, whatever they are.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/adaptation.h"
#include "engine/bundle.h"
#include "engine/errors.h"
#include "engine/golden.h"
#include "engine/golden_decoded.h"
#include "engine/manifest.h"
#include "tests/adaptation_text.h"
#include "tests/decoded_text.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr int kDim = 2;                  // of an embedding of the manifest
constexpr int64_t kMostBytes = 1 << 16;  // a file that is worth its memory

template <typename Function>
void Read(Function function) {
  try {
    function();
  } catch (const bireid::BundleError&) {
  } catch (const bireid::UnsupportedError&) {
  }
}

// The patches of a manifest that was read stay inside the file that it describes.
void Apply(const bireid::Manifest& manifest) {
  if (!manifest.adaptation) return;
  for (const bireid::Manifest::File& file : manifest.files) {
    const auto patches = manifest.adaptation->patches.find(file.name);
    if (patches == manifest.adaptation->patches.end() || file.bytes > kMostBytes) continue;
    size_t count = 0;
    for (const bireid::Patch& patch : patches->second) {
      count += static_cast<size_t>(patch.numbers());
    }
    Bytes bytes(static_cast<size_t>(file.bytes), 1);
    bireid::ApplyPatches(patches->second, std::vector<float>(count, 0.5f), "file", bytes.data());
  }
}

// The same as files in memory: golden items and numbers are found by what the manifest calls them.
void OpenInMemory(const Bytes& manifest, const Bytes& golden, const Bytes& numbers) {
  const std::vector<bireid::MemoryFile> files = {
      {"manifest.json", manifest.data(), manifest.size()},
      {"golden.safetensors", golden.data(), golden.size()},
      {"adaptation.safetensors", numbers.data(), numbers.size()},
      {"model.lce.tflite", golden.data(), golden.size()}};
  const bireid::Bundle bundle = bireid::Bundle::OpenInMemory("memory", files, false);
  Read([&] { bundle.ReadGolden(); });
  if (bundle.manifest().adaptation) Read([&] { bundle.ReadCamera(0); });
}

bireid::Manifest ParseValid(const Bytes& manifest) {
  return bireid::ParseManifest(manifest, "manifest.json");
}

void ReadAll(const Bytes& manifest, const Bytes& golden, const Bytes& numbers,
             const bireid::Manifest& valid) {
  Read([&] { Apply(bireid::ParseManifest(manifest, "manifest.json")); });
  Read([&] { OpenInMemory(manifest, golden, numbers); });
  Read([&] { bireid::ParseGolden(golden, valid, "golden.safetensors"); });
  Read([&] { bireid::ParseAdaptation(numbers, *valid.adaptation, kDim, 1, "numbers"); });
}

Bytes Manifest() {
  const std::string text = bireid::AdaptedManifestText();
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
  static const Bytes numbers = bireid::Safetensors(bireid::AdaptationTensors());
  static const bireid::Manifest valid = ParseValid(manifest);
  static const bool is_valid =
      !bireid::ParseGolden(golden, valid, "golden.safetensors").inputs.empty();
  static const bool is_read =
      !bireid::ParseAdaptation(numbers, *valid.adaptation, kDim, 1, "numbers").mean.empty();
  (void)is_valid;
  (void)is_read;
  static const Bytes decoded = bireid::Safetensors(bireid::DecodedTensors());
  static const bireid::Manifest decodes = bireid::DecodedManifest();
  static const bool is_decoded = !bireid::ParseDecodedGolden(decoded, decodes, "decoded").empty();
  (void)is_decoded;
  const Bytes raw(data, data + size);
  for (const Bytes& file : {raw, Changed(decoded, data, size)}) {
    Read([&] { bireid::ParseDecodedGolden(file, decodes, "decoded"); });
  }
  ReadAll(raw, raw, raw, valid);
  ReadAll(Changed(manifest, data, size), Changed(golden, data, size), Changed(numbers, data, size),
          valid);
  return 0;
}
