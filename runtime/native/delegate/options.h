// The options that an application gives the delegate, as pairs of strings.
#ifndef BIREID_DELEGATE_OPTIONS_H_
#define BIREID_DELEGATE_OPTIONS_H_

#include <cstddef>
#include <string>

#include "kernels/kernel_table.h"
#include "kernels/pixel_convolution.h"

namespace bireid {

enum class Fuse : uint8_t {
  kBackbone,  // the LCE operators and the float operators that the plan fuses with them
  kNone,      // the LCE operators alone
};

struct DelegateOptions {
  Fuse fuse = Fuse::kBackbone;
  int threads = 0;  // 0: as many as LiteRT recommends
  const KernelTable* kernels = nullptr;
  PixelNormalization pixels;  // empty: the first convolution runs in float32
  std::string profile;        // file for the time of every step; empty: none
};

// Keys: "fuse" (backbone, none), "threads" (1 to 64), "isa" (auto, scalar, avx2, avx512f, avx512,
// amx, neon), "profile" (a path in a folder that can be written), "stem" (float32, uint8), and for
// stem=uint8 "pixel_mean" and "pixel_std" (one number per channel, such as "0.485,0.456,0.406").
// Throws std::invalid_argument with one line that names the key.
DelegateOptions ParseDelegateOptions(const char* const* keys, const char* const* values,
                                     size_t count);

}  // namespace bireid

#endif  // BIREID_DELEGATE_OPTIONS_H_
