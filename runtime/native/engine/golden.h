// Golden crops: inputs with known embeddings, by which a device checks itself.
#ifndef BIREID_ENGINE_GOLDEN_H_
#define BIREID_ENGINE_GOLDEN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bireid {

constexpr char kGoldenName[] = "golden.npz";
constexpr size_t kMaxGoldenBytes = size_t{64} << 20;
constexpr size_t kMaxGoldenCrops = 64;

struct Golden {
  struct Crop {
    int width;                    // 1 to 20000
    int height;                   // 1 to 20000
    std::vector<uint8_t> pixels;  // [height][width][3], RGB
  };

  std::vector<Crop> crops;        // 1 to kMaxGoldenCrops, each of its own size
  std::vector<float> embeddings;  // [crops][dim], finite; of the reference engine
  int dim;
  double max_abs;     // largest difference allowed in any component, positive
  double min_cosine;  // smallest cosine similarity allowed in any row, -1 to 1
};

// Reads what bireid_runtime.golden writes. `source` is the file, for messages. Throws BundleError:
// damaged, too large, or it holds other arrays; UnsupportedError: compressed or in Fortran order.
Golden ParseGolden(const std::vector<uint8_t>& npz, const std::string& source);

}  // namespace bireid

#endif  // BIREID_ENGINE_GOLDEN_H_
