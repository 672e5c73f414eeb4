// The key `adaptation` of a manifest: what a bundle knows of single cameras.
#ifndef BIREID_ENGINE_ADAPTATION_SPEC_H_
#define BIREID_ENGINE_ADAPTATION_SPEC_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/json.h"

namespace bireid {

constexpr size_t kMaxCameras = 256;
constexpr int64_t kMaxAdaptationBytes = int64_t{256} << 20;
constexpr size_t kMaxPatches = size_t{1} << 16;  // of one file

// Where float32 numbers of a model file differ between cameras.
struct Patch {
  int64_t offset;  // of the first byte in the file
  bool scales;     // a factor per row, else other numbers
  int64_t rows;    // at least 1, like row; all lies inside the file
  int64_t row;

  int64_t end() const { return offset + rows * row * static_cast<int64_t>(sizeof(float)); }
  // How many numbers a camera has for it.
  int64_t numbers() const { return scales ? rows : rows * row; }
};

struct AdaptationSpec {
  std::string name;  // of the file with the numbers
  std::string sha256;
  int64_t bytes = 0;                 // 0 to kMaxAdaptationBytes
  std::vector<std::string> cameras;  // 1 to kMaxCameras, unique
  std::vector<int64_t> crops;        // of each camera, at least 1
  bool has_mean = false;             // of the one output of kind embedding
  bool has_deviation = false;        // only with a mean
  // By the name of the model file; ascending, without overlap.
  std::map<std::string, std::vector<Patch>> patches;

  // Position of a camera; -1 if there is none of that name.
  int FindCamera(const std::string& camera) const;
};

// `sizes` are the bytes of the model files by name, `embeddings` the number of outputs of that
// kind. Throws BundleError naming the key that is missing, unknown, of another type or out of
// range.
AdaptationSpec ReadAdaptationSpec(const JsonSection& section,
                                  const std::map<std::string, int64_t>& sizes, size_t embeddings);

// The camera of each golden item, by its position. Throws BundleError as well when a camera has no
// item though there is room for one.
std::vector<int> ReadGoldenCameras(const JsonSection& golden, const AdaptationSpec& adaptation,
                                   int items, int most_items);

}  // namespace bireid

#endif  // BIREID_ENGINE_ADAPTATION_SPEC_H_
