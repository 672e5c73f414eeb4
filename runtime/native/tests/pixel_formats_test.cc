// Pictures that are no RGB, against the formulas of docs/c-api.md.
#include "engine/pixel_formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/resize_kernels.h"

namespace bireid {
namespace {

int Clamped(int value) { return std::clamp(value, 0, 255); }

// Every luma and chroma, a pixel at a time.
TEST(PixelFormats, Nv12IsTheFormula) {
  std::vector<uint8_t> rgb;
  for (int y = 0; y < 256; ++y) {
    for (int u = 0; u < 256; u += 5) {
      for (int v = 0; v < 256; v += 5) {
        const uint8_t bytes[] = {static_cast<uint8_t>(y), static_cast<uint8_t>(u),
                                 static_cast<uint8_t>(v)};
        Picture picture;
        picture.image = {bytes, 1, 1, 0};
        picture.format = PixelFormat::kNv12;
        picture.chroma = bytes + 1;
        Nv12ToRgb(picture, &rgb);
        const int c = y - 16, d = u - 128, e = v - 128;
        ASSERT_EQ(rgb[0], Clamped((298 * c + 409 * e + 128) >> 8));
        ASSERT_EQ(rgb[1], Clamped((298 * c - 100 * d - 208 * e + 128) >> 8));
        ASSERT_EQ(rgb[2], Clamped((298 * c + 516 * d + 128) >> 8));
      }
    }
  }
}

// Odd sides, rows apart, and no byte read behind the last pair.
TEST(PixelFormats, FourPixelsShareAPair) {
  const std::vector<uint8_t> luma = {16, 235, 16, 9, 235, 16, 235, 9, 16, 16, 16};
  const std::vector<uint8_t> chroma = {128, 128, 240, 128, 9, 9, 128, 240, 128, 128};
  Picture picture;
  picture.image = {luma.data(), 3, 3, 4};
  picture.format = PixelFormat::kNv12;
  picture.chroma = chroma.data();
  picture.chroma_row_bytes = 6;
  CheckPicture(picture, 3);
  std::vector<uint8_t> rgb;
  Nv12ToRgb(picture, &rgb);
  ASSERT_EQ(rgb.size(), 27u);
  EXPECT_EQ((std::vector<uint8_t>(rgb.begin(), rgb.begin() + 6)),
            (std::vector<uint8_t>{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(rgb[2 * 3 + 2], Clamped((516 * 112 + 128) >> 8));  // u of the second pair
  EXPECT_EQ(rgb[6 * 3], Clamped((409 * 112 + 128) >> 8));      // v of the third
}

// Without chroma of its own it lies behind the luma, in rows as wide, rounded up to a pair.
TEST(PixelFormats, OneBufferHoldsBothPlanes) {
  const std::vector<uint8_t> frame = {50, 60, 70, 80, 90, 99, 1, 2, 3, 4};
  Picture picture;
  picture.image = {frame.data(), 3, 2, 0};
  picture.format = PixelFormat::kNv12;
  std::vector<uint8_t> joined, apart;
  Nv12ToRgb(picture, &joined);
  picture.chroma = frame.data() + 6;
  picture.chroma_row_bytes = 4;
  Nv12ToRgb(picture, &apart);
  EXPECT_EQ(joined, apart);
}

TEST(PixelFormats, BadPicturesAreRefused) {
  const uint8_t bytes[16] = {};
  Picture picture;
  picture.image = {bytes, 4, 2, 0};
  picture.format = PixelFormat::kNv12;
  EXPECT_NO_THROW(CheckPicture(picture, 3));
  EXPECT_THROW(CheckPicture(picture, 1), std::invalid_argument);
  picture.chroma_row_bytes = 3;
  EXPECT_THROW(CheckPicture(picture, 3), std::invalid_argument);
  picture.chroma_row_bytes = -4;
  EXPECT_THROW(CheckPicture(picture, 3), std::invalid_argument);
  picture = {};
  picture.image = {nullptr, 1, 1, 0};
  EXPECT_THROW(CheckPicture(picture, 3), std::invalid_argument);
}

// Turned over after resizing is as turned over before.
TEST(PixelFormats, BgrIsRgbTurnedOver) {
  Preprocess preprocess;
  preprocess.height = 3;
  preprocess.width = 4;
  preprocess.mean = {0.1f, 0.2f, 0.3f};
  preprocess.std = {0.5f, 0.6f, 0.7f};
  preprocess.letterbox = true;
  const ImagePreparer preparer(preprocess);
  std::vector<uint8_t> rgb(7 * 5 * 3), bgr(rgb.size());
  for (size_t i = 0; i < rgb.size(); ++i) {
    rgb[i] = static_cast<uint8_t>(i * 37 % 251);
    bgr[i / 3 * 3 + 2 - i % 3] = rgb[i];
  }
  ImageWorkspace workspace(ResizeKernelsOf(*FindKernels("scalar")));
  std::vector<float> expected(36), found(36);
  preparer.Prepare({rgb.data(), 7, 5, 0}, &workspace, expected.data());
  preparer.Prepare({bgr.data(), 7, 5, 0}, &workspace, found.data(), true);
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace bireid
