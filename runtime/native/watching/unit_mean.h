// One embedding of several.
#ifndef BIREID_WATCHING_UNIT_MEAN_H_
#define BIREID_WATCHING_UNIT_MEAN_H_

#include <cstddef>
#include <vector>

namespace bireid {

// The sum of embeddings of `dim` numbers, in float64 and in the order in which they come.
class EmbeddingSum {
 public:
  explicit EmbeddingSum(size_t dim) : sum_(dim) {}

  // `embedding` has `dim` numbers.
  void Add(const float* embedding);

  // Their mean at unit length; empty if it is shorter than `least`, or nothing was added. The bits
  // of bireid_runtime's unit_mean and of its `watching`.
  std::vector<float> UnitMean(double least) const;

 private:
  std::vector<double> sum_;
  double count_ = 0;
};

}  // namespace bireid

#endif  // BIREID_WATCHING_UNIT_MEAN_H_
