// How many random cases a test tries.
#ifndef BIREID_TESTS_CASES_H_
#define BIREID_TESTS_CASES_H_

#include <cstdint>
#include <cstdlib>

namespace bireid {

// `all`, or a quarter of them where BIREID_FEW_CASES is set: under sanitizers and on emulated CPUs
// a case takes four to seven times as long.
inline uint32_t Cases(uint32_t all) {
  return std::getenv("BIREID_FEW_CASES") == nullptr ? all : all / 4;
}

}  // namespace bireid

#endif  // BIREID_TESTS_CASES_H_
