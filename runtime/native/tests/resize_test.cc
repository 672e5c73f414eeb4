#include "engine/resize.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "kernels/dispatch.h"
#include "tests/crc32.h"
#include "tests/preprocess_vectors_generated.h"

namespace bireid {
namespace {

using Pixels = std::vector<uint8_t>;

constexpr size_t kGuard = 64;
constexpr uint8_t kGuardByte = 0xA5;

// As in tests/native/preprocess_vectors.py.
Pixels Noise(size_t count) {
  Pixels pixels(count);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t mixed = i * 2654435761u;
    mixed ^= mixed >> 15;
    mixed *= 2246822519u;
    pixels[i] = static_cast<uint8_t>(mixed >> 24);
  }
  return pixels;
}

// Every path that this CPU can run.
class Resize : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const KernelTable* path = FindKernels(GetParam());
    if (path == nullptr) GTEST_SKIP() << "this CPU or this build has no such path";
    kernels_ = &ResizeKernelsOf(*path);
  }

  // Fails the test if anything but the result is written.
  Pixels Run(const Pixels& pixels, int width, int height, int64_t row_bytes, int target_width,
             int target_height, int channels = 3,
             ResizeKernel kernel = ResizeKernel::kBilinear) const {
    Pixels memory(kGuard + static_cast<size_t>(target_width) * target_height * channels + kGuard,
                  kGuardByte);
    Resizer(*kernels_).Resize({pixels.data(), width, height, row_bytes}, channels, kernel,
                              target_width, target_height, memory.data() + kGuard);
    const Pixels guard(kGuard, kGuardByte);
    EXPECT_TRUE(std::equal(guard.begin(), guard.end(), memory.begin())) << "before the result";
    EXPECT_TRUE(std::equal(guard.begin(), guard.end(), memory.end() - kGuard))
        << "after the result";
    return Pixels(memory.begin() + kGuard, memory.end() - kGuard);
  }

  const ResizeKernels* kernels_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Paths, Resize,
                         testing::Values("scalar", "avx2", "avx512f", "avx512", "amx", "neon"),
                         [](const auto& path) { return std::string(path.param); });

TEST_P(Resize, EqualsPythonBitForBit) {
  for (const ResizeVector& vector : kResizeVectors) {
    const size_t bytes = static_cast<size_t>(vector.width) * vector.height * 3;
    const Pixels pixels = vector.white ? Pixels(bytes, 255) : Noise(bytes);
    const Pixels resized = Run(pixels, vector.width, vector.height, int64_t{3} * vector.width,
                               vector.target_width, vector.target_height, 3, vector.kernel);
    EXPECT_EQ(Crc32(resized.data(), resized.size()), vector.crc)
        << vector.width << "x" << vector.height << " to " << vector.target_width << "x"
        << vector.target_height << " kernel " << static_cast<int>(vector.kernel);
  }
}

// The triangle over a target at the border is 3/7, 3/7, 1/7: the fourth pixel lies outside.
TEST_P(Resize, HalvesARowByHand) {
  const Pixels row = {0, 0, 255, 80, 0, 255, 160, 0, 255, 240, 7, 255};
  EXPECT_EQ(Run(row, 4, 1, 12, 2, 1), (Pixels{57, 0, 255, 183, 3, 255}));
}

TEST_P(Resize, WhatLiesBetweenRowsIsNotRead) {
  constexpr int kWidth = 30, kHeight = 41, kRowBytes = 101;
  const Pixels dense = Noise(kWidth * kHeight * 3);
  Pixels sparse(kHeight * kRowBytes - (kRowBytes - kWidth * 3), 255);
  for (int y = 0; y < kHeight; ++y) {
    std::copy_n(dense.begin() + y * kWidth * 3, kWidth * 3, sparse.begin() + y * kRowBytes);
  }
  // Columns first, rows first, and no change of size.
  for (const auto& [width, height] : {std::pair(9, 30), std::pair(40, 10), std::pair(30, 41)}) {
    EXPECT_EQ(Run(sparse, kWidth, kHeight, kRowBytes, width, height),
              Run(dense, kWidth, kHeight, kWidth * 3, width, height));
  }
}

// Channels do not see each other: each is what it is alone.
TEST_P(Resize, AnyNumberOfChannels) {
  constexpr int kWidth = 21, kHeight = 17;
  for (const int channels : {1, 2, 4, 7, 64}) {
    const Pixels pixels = Noise(kWidth * kHeight * channels);
    for (const auto& [width, height] : {std::pair(9, 12), std::pair(30, 5), std::pair(20, 40)}) {
      const Pixels resized =
          Run(pixels, kWidth, kHeight, kWidth * channels, width, height, channels);
      for (int channel = 0; channel < channels; ++channel) {
        Pixels three;
        for (int i = 0; i < kWidth * kHeight; ++i) {
          three.insert(three.end(), 3, pixels[i * channels + channel]);
        }
        const Pixels alone = Run(three, kWidth, kHeight, kWidth * 3, width, height);
        for (int i = 0; i < width * height; ++i) {
          ASSERT_EQ(resized[i * channels + channel], alone[3 * i]) << channels << " " << i;
        }
      }
    }
  }
}

// What is kept from one image to the next fits no image of another size.
TEST_P(Resize, OneResizerServesImagesOfAllSizes) {
  Resizer resizer(*kernels_);
  for (const auto& [width, height] :
       {std::pair(60, 20), std::pair(60, 90), std::pair(8, 90), std::pair(60, 20)}) {
    const Pixels pixels = Noise(width * height * 3);
    for (const int side : {12, 40}) {
      Pixels resized(side * side * 3);
      resizer.Resize({pixels.data(), width, height, width * 3}, 3, ResizeKernel::kBilinear, side,
                     side, resized.data());
      EXPECT_EQ(resized, Run(pixels, width, height, width * 3, side, side));
    }
  }
}

TEST_P(Resize, RowsMayLieTwoGigabytesApart) {
  constexpr int64_t kRowBytes = (int64_t{1} << 31) + 4099;
  const Pixels rows = Noise(24);
  // The system gives memory to the pages that are written, and only to those.
  void* const memory = mmap(nullptr, kRowBytes + 12, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) GTEST_SKIP() << "no address space of 2 GiB here";
  uint8_t* const pixels = static_cast<uint8_t*>(memory);
  std::copy_n(rows.begin(), 12, pixels);
  std::copy_n(rows.begin() + 12, 12, pixels + kRowBytes);
  for (const auto& [width, height] : {std::pair(3, 2), std::pair(4, 1), std::pair(4, 2)}) {
    Pixels resized(width * height * 3);
    Resizer(*kernels_).Resize({pixels, 4, 2, kRowBytes}, 3, ResizeKernel::kBilinear, width, height,
                              resized.data());
    EXPECT_EQ(resized, Run(rows, 4, 2, 12, width, height));
  }
  munmap(memory, kRowBytes + 12);
}

}  // namespace
}  // namespace bireid
