// The manifest of manifest_text.h with two outputs that decode, and what their maps decode to.
#ifndef BIREID_TESTS_DECODED_TEXT_H_
#define BIREID_TESTS_DECODED_TEXT_H_

#include <string>
#include <vector>

#include "engine/golden.h"
#include "tests/manifest_text.h"
#include "tests/safetensors_writer.h"

namespace bireid {

// What DecodedMaps decode to.
inline WrittenTensors DecodedTensors() {
  return {{"decoded/class/0", "F32", "[1, 6]", BytesOf<float>({0, 0, 12, 12, 0.5f, 0})},
          {"decoded/class/1", "F32", "[0, 6]", ""},
          // Of a response without any height the first size and the window decide.
          {"decoded/map/0", "F32", "[1, 4]", BytesOf<float>({0, 2, 2, 0.5f})}};
}

// Boxes of 2x2 cells of 8 pixels, and a map of which the middle 2x2 cells are sought.
inline std::string DecodedManifestText() {
  std::string text =
      Replace(ManifestText(), R"("kind": "logits", "dtype": "float32", "shape": [null, 3],
   "classes": ["cat", "Übergröße", "d o g"])",
              R"("kind": "boxes", "dtype": "float32", "shape": [null, 2, 2, 5],
   "classes": ["cat"], "decode": {"stride": 8, "score_threshold": 0.3, "iou_threshold": 0.5,
                                  "max_boxes": 3})");
  text = Replace(text, R"("kind": "tensor", "dtype": "float32", "shape": [null, 2, 1, 1, 1, 1, 1])",
                 R"("kind": "correlation", "dtype": "float32", "shape": [null, 4, 4, 1],
   "decode": {"stride": 4, "exemplar_first": 1, "exemplar_cells": 2, "search_first": 0,
              "search_cells": 4, "search_scale": 2, "context": 0.5, "scales": 3,
              "scale_step": 1.04, "scale_penalty": 0.97, "scale_rate": 0.6,
              "window_weight": 0.2, "upsampling": 2, "response_scale": 1, "response_bias": 0})");
  const std::vector<uint8_t> file = Safetensors(DecodedTensors());
  return Replace(text, "\"items\": 2,",
                 "\"items\": 2, \"decoded\": {\"file\": \"decoded.safetensors\", \"bytes\": " +
                     std::to_string(file.size()) + ", \"sha256\": \"" +
                     Sha256Hex(file.data(), file.size()) + "\"},");
}

inline Manifest DecodedManifest(const std::string& text = DecodedManifestText()) {
  return ParseManifest({text.begin(), text.end()}, "manifest.json");
}

// One box of score 1/2 in the first map, none in the second; nothing to seek.
inline Golden DecodedMaps() {
  std::vector<float> boxes(2 * 2 * 2 * 5, 0);
  for (size_t cell = 1; cell < 8; ++cell) boxes[cell * 5] = -10;
  return {{}, {{0.6f, 0.8f, -1, 0}, boxes, std::vector<float>(2 * 4 * 4, 0)}};
}

}  // namespace bireid

#endif  // BIREID_TESTS_DECODED_TEXT_H_
