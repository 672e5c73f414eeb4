// A bundle's network, ready to run.
#ifndef BIREID_ENGINE_EXTRACTOR_H_
#define BIREID_ENGINE_EXTRACTOR_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/bundle.h"
#include "kernels/kernel_table.h"
#include "plan/plan.h"

namespace bireid {

struct ExtractorOptions {
  int threads = 1;
  const KernelTable* kernels = nullptr;
  bool uint8_stem = false;
  bool verify = true;  // compare checksums
};

// Largest difference in any component and smallest cosine over the golden crops.
struct SelfTestResult {
  double max_difference = 0;
  double min_cosine = 1;
  bool passed = false;
};

// May be used from several threads; calls wait for each other.
class Extractor {
 public:
  // Throws BundleError, UnsupportedError, std::invalid_argument or std::bad_alloc.
  Extractor(const std::string& directory, const ExtractorOptions& options);

  int embedding_dim() const { return bundle_.manifest().embedding_dim; }
  const std::string& fingerprint() const { return bundle_.manifest().fingerprint; }
  const std::string& description() const { return description_; }

  // A crop of RGB pixels, rows `row_bytes` apart (0: without gaps). Throws std::invalid_argument.
  void EmbedRgb8(const uint8_t* pixels, int width, int height, int64_t row_bytes, float* embedding);

  // Preprocessed images [count][height][width][3] to embeddings [count][dim].
  void EmbedImages(const float* images, int count, float* embeddings);

  // Throws what reading the golden crops throws.
  SelfTestResult SelfTest();

 private:
  void Run(const float* images, int count, float* embeddings);

  Bundle bundle_;
  std::string description_;
  std::unique_ptr<Plan> plan_;
  std::mutex mutex_;              // held while the plan and what follows are in use
  std::vector<uint8_t> resized_;  // [height][width][3]
  std::vector<float> image_;      // [height][width][3]
};

}  // namespace bireid

#endif  // BIREID_ENGINE_EXTRACTOR_H_
