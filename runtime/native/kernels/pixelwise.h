// Operators on the channels of one pixel that are more than a stage. Portable code: the same bits
// on every machine, whatever its mathematics library.
#ifndef BIREID_KERNELS_PIXELWISE_H_
#define BIREID_KERNELS_PIXELWISE_H_

namespace bireid {

// 1 / (1 + exp(-x)), within 3e-7 of it, relative, where that is at least 1e-37; NaN of NaN.
void Logistic(const float* input, int channels, float* output);

// x * min(max(x + 3, 0), 6) / 6, rounded in this order.
void HardSwish(const float* input, int channels, float* output);

// 1 / sqrt(x), each rounded.
void ReciprocalRoot(const float* input, int channels, float* output);

// Divides by max(length, 1e-6), where the squares are added in order.
void L2Normalize(const float* input, int channels, float* output);

// Of two operands.
void Sum(const float* a, const float* b, int channels, float* output);
void Difference(const float* a, const float* b, int channels, float* output);
void Product(const float* a, const float* b, int channels, float* output);
void SquaredDifference(const float* a, const float* b, int channels, float* output);

// `base` to the power of a finite `exponent`, rounded once but for one in a million; special values
// are those of C's pow().
void Power(const float* base, const float* exponent, int channels, float* output);

}  // namespace bireid

#endif  // BIREID_KERNELS_PIXELWISE_H_
