// A manifest that is valid, to be made invalid, and the golden items that it describes.
#ifndef BIREID_TESTS_MANIFEST_TEXT_H_
#define BIREID_TESTS_MANIFEST_TEXT_H_

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/sha256.h"
#include "tests/safetensors_writer.h"

namespace bireid {

// Without the golden items' hash and size: ManifestText has those.
inline const char kManifestTemplate[] = R"({
 "schema_version": 2,
 "task": "reid",
 "name": "a network",
 "fingerprint": "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
 "network": {},
 "inputs": [
  {"name": "image", "kind": "image", "dtype": "float32", "layout": "NHWC",
   "shape": [null, 16, 8, 3],
   "preprocess": {
    "height": 16, "width": 8, "color_order": "RGB", "resize": "bilinear", "antialias": true,
    "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 2.5e-1]
   }},
  {"name": "where", "kind": "tensor", "dtype": "float32", "shape": [null, 4]}
 ],
 "outputs": [
  {"name": "embedding", "kind": "embedding", "dtype": "float32", "shape": [null, 2],
   "metric": "cosine", "normalized": true},
  {"name": "class", "kind": "logits", "dtype": "float32", "shape": [null, 3],
   "classes": ["cat", "Übergröße", "d o g"]},
  {"name": "map", "kind": "tensor", "dtype": "float32", "shape": [null, 2, 1, 1, 1, 1, 1]}
 ],
 "files": {
  "model.lce.tflite": {
   "format": "lce", "bytes": 5,
   "sha256": "9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4"
  },
  "model.onnx": {
   "format": "onnx", "bytes": 0,
   "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  }
 },
 "golden": {"file": "golden.safetensors", "sha256": "GOLDEN_SHA256", "bytes": GOLDEN_BYTES,
  "items": 2, "source": "nowhere",
  "tolerances": {"embedding": {"max_abs": 0.001, "min_cosine": 0.98},
                 "class": {"max_abs": 1e-2}, "map": {"max_abs": 7}}},
 "training": {"loss": -1.5E+2, "note": "\u00e9t\u00e9 \ud83d\ude00"}, "metrics": [], "parity": {},
 "binarisation": {}, "toolchain": {}, "licences": {}
}
)";

// Content of model.lce.tflite above.
inline const char kModelText[] = "model";

// The text with its one occurrence of `old` replaced.
inline std::string Replace(std::string text, const std::string& old, const std::string& with) {
  const size_t position = text.find(old);
  if (position == std::string::npos || text.find(old, position + 1) != std::string::npos) {
    throw std::logic_error("not exactly once: " + old);
  }
  return text.replace(position, old.size(), with);
}

// The golden items of the manifest above.
inline WrittenTensors GoldenTensors() {
  std::string pixels;
  for (int i = 0; i < 2 * 5 * 3; ++i) pixels += static_cast<char>(200 + i);
  return {{"input/image/0", "U8", "[2, 5, 3]", pixels},
          {"input/image/1", "U8", "[1, 1, 3]", "abc"},
          {"input/where/0", "F32", "[4]", BytesOf<float>({1, 2, 3, 4})},
          {"input/where/1", "F32", "[4]", BytesOf<float>({5, 6, 7, 8})},
          {"output/embedding/0", "F32", "[2]", BytesOf<float>({0.6f, 0.8f})},
          {"output/embedding/1", "F32", "[2]", BytesOf<float>({-1.0f, 0.0f})},
          {"output/class/0", "F32", "[3]", BytesOf<float>({9, 8, 7})},
          {"output/class/1", "F32", "[3]", BytesOf<float>({6, 5, 4})},
          {"output/map/0", "F32", "[2, 1, 1, 1, 1, 1]", BytesOf<float>({1, 2})},
          {"output/map/1", "F32", "[2, 1, 1, 1, 1, 1]", BytesOf<float>({3, 4})}};
}

// The manifest for a file of golden items.
inline std::string ManifestText(const std::vector<uint8_t>& golden = Safetensors(GoldenTensors())) {
  const std::string text =
      Replace(kManifestTemplate, "GOLDEN_SHA256", Sha256Hex(golden.data(), golden.size()));
  return Replace(text, "GOLDEN_BYTES", std::to_string(golden.size()));
}

}  // namespace bireid

#endif  // BIREID_TESTS_MANIFEST_TEXT_H_
