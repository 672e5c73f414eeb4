// A manifest that is valid, to be made invalid.
#ifndef BIREID_TESTS_MANIFEST_TEXT_H_
#define BIREID_TESTS_MANIFEST_TEXT_H_

#include <stdexcept>
#include <string>

namespace bireid {

inline const char kManifestText[] = R"({
 "schema_version": 1,
 "name": "a network",
 "fingerprint": "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
 "io": {
  "input": {"name": "image", "dtype": "float32", "layout": "NHWC", "shape": [null, 16, 8, 3]},
  "output": {"name": "embedding", "dtype": "float32", "shape": [null, 2]}
 },
 "preprocess": {
  "height": 16, "width": 8, "color_order": "RGB", "resize": "bilinear", "antialias": true,
  "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 2.5e-1]
 },
 "embedding": {"dim": 2, "normalized": true, "metric": "cosine"},
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
 "golden": {"source": "nowhere"},
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

}  // namespace bireid

#endif  // BIREID_TESTS_MANIFEST_TEXT_H_
