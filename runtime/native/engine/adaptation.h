// The numbers of one camera: statistics of embeddings, and patches of a model file.
#ifndef BIREID_ENGINE_ADAPTATION_H_
#define BIREID_ENGINE_ADAPTATION_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/adaptation_spec.h"

namespace bireid {

struct CameraNumbers {
  std::vector<float> mean;       // [dim]; empty: embeddings stay as they are
  std::vector<float> deviation;  // [dim], at least 1e-6; empty: nothing is divided
  // By the name of the model file: those of its patches behind one another.
  std::map<std::string, std::vector<float>> patches;
};

// Reads a file of tensors "mean/I", "deviation/I" and "patch/I/FILE", all float32, checks those of
// all cameras and returns those of the `camera`-th. `dim` is the length of an embedding, `source`
// the file, for messages. Throws BundleError: damaged, other tensors than the manifest says, a
// number that is not finite or a deviation that is too small; UnsupportedError: other types.
CameraNumbers ParseAdaptation(const std::vector<uint8_t>& file, const AdaptationSpec& spec,
                              int64_t dim, int camera, const std::string& source);

// Changes a model file in memory. `source` is the file. Throws BundleError if a product is not
// finite.
void ApplyPatches(const std::vector<Patch>& patches, const std::vector<float>& numbers,
                  const std::string& source, uint8_t* file);

}  // namespace bireid

#endif  // BIREID_ENGINE_ADAPTATION_H_
