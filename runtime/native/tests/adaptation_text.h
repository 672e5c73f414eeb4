// The manifest of manifest_text.h adapted to two cameras, and the numbers that it describes.
#ifndef BIREID_TESTS_ADAPTATION_TEXT_H_
#define BIREID_TESTS_ADAPTATION_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/sha256.h"
#include "tests/manifest_text.h"
#include "tests/safetensors_writer.h"

namespace bireid {

inline const char kAdaptationTemplate[] = R"("adaptation": {
  "file": "adaptation.safetensors", "sha256": "ADAPTATION_SHA256", "bytes": ADAPTATION_BYTES,
  "cameras": [{"name": "entrance", "crops": 5}, {"name": "yard.2", "crops": 7}],
  "embedding": "mean_and_deviation",
  "patches": {"model.lce.tflite": [{"offset": 3, "kind": "replace", "rows": 2, "row": 1},
                                   {"offset": 11, "kind": "scale", "rows": 2, "row": 3}]},
  "note": {"how": 1}},
 "metrics": [])";

inline WrittenTensors AdaptationTensors() {
  return {{"mean/0", "F32", "[2]", BytesOf<float>({0.5f, 0})},
          {"mean/1", "F32", "[2]", BytesOf<float>({0, -0.5f})},
          {"deviation/0", "F32", "[2]", BytesOf<float>({1, 2})},
          {"deviation/1", "F32", "[2]", BytesOf<float>({2, 1e-6f})},
          {"patch/0/model.lce.tflite", "F32", "[4]", BytesOf<float>({1, 2, 3, 4})},
          {"patch/1/model.lce.tflite", "F32", "[4]", BytesOf<float>({5, 6, 0.5f, -1})}};
}

// Its model file has 100 bytes.
inline std::string AdaptedManifestText(
    const std::vector<uint8_t>& numbers = Safetensors(AdaptationTensors())) {
  std::string adaptation = kAdaptationTemplate;
  adaptation = Replace(adaptation, "ADAPTATION_SHA256", Sha256Hex(numbers.data(), numbers.size()));
  adaptation = Replace(adaptation, "ADAPTATION_BYTES", std::to_string(numbers.size()));
  std::string text = Replace(ManifestText(), "\"metrics\": []", adaptation);
  text = Replace(text, "\"bytes\": 5,", "\"bytes\": 100,");
  return Replace(text, "\"items\": 2,", "\"items\": 2, \"cameras\": [\"yard.2\", \"entrance\"],");
}

}  // namespace bireid

#endif  // BIREID_TESTS_ADAPTATION_TEXT_H_
