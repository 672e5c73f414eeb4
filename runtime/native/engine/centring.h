// Taking out of embeddings what a camera does to all of them alike.
#ifndef BIREID_ENGINE_CENTRING_H_
#define BIREID_ENGINE_CENTRING_H_

#include <cstdint>

namespace bireid {

constexpr float kMinDeviation = 1e-6f;

// row = (row - mean) / deviation, divided by its length: the bits of bireid_runtime.centring.
// `deviation` may be null. A row of zeros stays one.
void Centre(const float* mean, const float* deviation, int64_t count, float* row);

}  // namespace bireid

#endif  // BIREID_ENGINE_CENTRING_H_
