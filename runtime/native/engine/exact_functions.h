// Functions that every machine computes to the same bits: bireid_runtime/exact_functions.py, which
// says why.
#ifndef BIREID_ENGINE_EXACT_FUNCTIONS_H_
#define BIREID_ENGINE_EXACT_FUNCTIONS_H_

#include <algorithm>
#include <cmath>

namespace bireid {

constexpr double kLargestExponent = 60.0;

// The exponential function of a number from -60 to 60.
inline double ExactExp(double value) {
  constexpr double kLog2E = 1.4426950408889634;
  constexpr double kLn2High = 0.693147180369123816490;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  constexpr int kTerms = 13;
  const double power = std::floor(value * kLog2E + 0.5);
  const double rest = (value - power * kLn2High) - power * kLn2Low;
  double total = 1.0;
  for (int term = kTerms; term > 0; --term) total = total * rest / term + 1.0;
  return std::ldexp(total, static_cast<int>(power));
}

// 1 / (1 + exp(-value)); beyond 60 as at 60.
inline double ExactSigmoid(double value) {
  return 1.0 / (1.0 + ExactExp(-std::clamp(value, -kLargestExponent, kLargestExponent)));
}

}  // namespace bireid

#endif  // BIREID_ENGINE_EXACT_FUNCTIONS_H_
