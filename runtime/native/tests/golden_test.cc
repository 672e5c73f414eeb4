#include "engine/golden.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "tests/change_bytes.h"
#include "tests/expect_error.h"
#include "tests/npz_writer.h"

namespace bireid {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The members with one replaced, or added if there is none of that name.
Members With(const std::string& name, const std::string& npy) {
  Members members = GoldenMembers();
  for (auto& [member, data] : members) {
    if (member == name + ".npy") {
      data = npy;
      return members;
    }
  }
  members.emplace_back(name + ".npy", npy);
  return members;
}

std::string Replaced(std::string text, size_t position, char with) {
  text.at(position) = with;
  return text;
}

std::vector<uint8_t> Flipped(std::vector<uint8_t> bytes, size_t position) {
  bytes.at(position) ^= 1;
  return bytes;
}

std::string Float64(double value) { return Npy("<f8", "()", BytesOf<double>({value})); }

TEST(Golden, IsRead) {
  const Golden golden = ParseGolden(Zip(GoldenMembers()), "golden.npz");
  ASSERT_EQ(golden.crops.size(), 2u);
  EXPECT_EQ(golden.crops[0].width, 5);
  EXPECT_EQ(golden.crops[0].height, 2);
  ASSERT_EQ(golden.crops[0].pixels.size(), 30u);
  EXPECT_EQ(golden.crops[0].pixels[29], 229);
  EXPECT_EQ(golden.crops[1].pixels, (std::vector<uint8_t>{'a', 'b', 'c'}));
  EXPECT_EQ(golden.dim, 2);
  EXPECT_EQ(golden.embeddings, (std::vector<float>{0.6f, 0.8f, -1.0f, 0.0f}));
  EXPECT_EQ(golden.max_abs, 1e-3);
  EXPECT_EQ(golden.min_cosine, 0.98);
}

TEST(Golden, CropsAreInTheOrderOfTheirNumbers) {
  Members members;
  std::vector<float> embeddings;
  for (int i = 11; i >= 0; --i) {
    members.emplace_back("crop_" + std::to_string(i) + ".npy",
                         Npy("|u1", "(1, 1, 3)", std::string(3, static_cast<char>(i))));
    embeddings.push_back(1.0f);
  }
  members.emplace_back("embeddings.npy", Npy("<f4", "(12, 1)", BytesOf(embeddings)));
  members.emplace_back("max_abs.npy", Float64(1));
  members.emplace_back("min_cosine.npy", Float64(-1));
  const Golden golden = ParseGolden(Zip(members), "golden.npz");
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(golden.crops.at(i).pixels[0], i);
}

TEST(Golden, MalformedArrayIsNamed) {
  const std::string pixels(48, 'p');
  const std::string crop = Npy("|u1", "(4, 4, 3)", pixels);
  const std::string header = "array crop_0: its header is not one that numpy.save writes";
  const std::string size = "array crop_0: does not have the size that its header claims";
  const std::string huge = "(4294967295, 4294967295, 4294967295)";
  struct Case {
    const char* name;
    std::string npy;
    std::string message;
  };
  const Case cases[] = {
      {"crop_0", "nonsense", "array crop_0: not an .npy file of version 1.0"},
      {"crop_0", "", "array crop_0: not an .npy file of version 1.0"},
      {"crop_0", Replaced(crop, 6, '\2'), "array crop_0: not an .npy file of version 1.0"},
      {"crop_0", crop.substr(0, 100), "array crop_0: its header is cut off"},
      {"crop_0", Replaced(crop, 10, '['), header},
      {"crop_0", Replaced(crop, 100, 'x'), header},
      {"crop_0", Replaced(crop, 127, ' '), header},
      {"crop_0", Npy("|u1", "(4, 4, 3", pixels), header},
      {"crop_0", Npy("|u1", "(4 4, 3)", pixels), header},
      {"crop_0", Npy("|u1", "(48)", pixels), header},
      {"crop_0", Npy("|u1", "(-4, 4, -3)", pixels), header},
      {"crop_0", Npy("|u1", "(1, 1, 1, 1, 1, 1, 4, 4, 3)", pixels), header},
      {"crop_0", Npy("|u1", "(4, 4, 3)", pixels, "0"), header},
      {"crop_0", Npy("|u1", "(4, 4, 3)", pixels.substr(1)), size},
      {"crop_0", Npy("|u1", "(4, 4, 3)", pixels + "x"), size},
      {"crop_0", Npy("|u1", huge, pixels), size},
      {"crop_0", Npy("<f8", huge, ""), size},
      {"crop_0", Npy("|u1", "(65536, 65536, 65536, 65536)", ""), size},
      {"crop_0", Npy("|O", "()", ""), "array crop_0: neither uint8 nor float32 nor float64"},
      {"crop_0", Npy("<f4", "(1, 4, 3)", pixels), "expected uint8 (H, W, 3), got <f4 (1, 4, 3)"},
      {"crop_0", Npy("|u1", "(4, 12)", pixels), "expected uint8 (H, W, 3), got |u1 (4, 12)"},
      {"crop_0", Npy("|u1", "(4, 3, 4)", pixels), "expected uint8 (H, W, 3), got |u1 (4, 3, 4)"},
      {"crop_0", Npy("|u1", "(0, 4, 3)", ""), "golden crop_0: height and width must lie in 1..200"},
      {"crop_0", Npy("|u1", "(1, 20001, 3)", std::string(60003, 'p')), "must lie in 1..20000"},
      {"crop_7", crop, "there is no crop_2"},
      {"extra", crop, "there is no crop_2"},
      {"embeddings", Npy("<f8", "(2, 2)", std::string(32, '\0')), "expected float32 (2, D), got"},
      {"embeddings", Npy("<f4", "(1, 4)", std::string(16, '\0')), "expected float32 (2, D), got"},
      {"embeddings", Npy("<f4", "(4,)", std::string(16, '\0')), "got <f4 (4)"},
      {"embeddings", Npy("<f4", "(2, 0)", ""), "golden embeddings: no numbers"},
      {"embeddings", Npy("<f4", "(2, 1)", BytesOf<float>({0, static_cast<float>(kNan)})),
       "golden embeddings: not all numbers are finite"},
      {"max_abs", Float64(kNan), "golden max_abs: must be positive and finite"},
      {"max_abs", Float64(0), "golden max_abs: must be positive and finite"},
      {"max_abs", Float64(std::numeric_limits<double>::infinity()), "must be positive and finite"},
      {"max_abs", Npy("<f8", "(1,)", std::string(8, '\0')), "expected one float64, got <f8 (1)"},
      {"min_cosine", Float64(1.5), "golden min_cosine: must lie in -1..1"},
      {"min_cosine", Float64(kNan), "golden min_cosine: must lie in -1..1"},
      {"min_cosine", Npy("<f4", "()", std::string(4, '\0')), "expected one float64, got <f4 ()"},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.message);
    ExpectError<BundleError>("golden.npz: ",
                             [&] { ParseGolden(Zip(With(item.name, item.npy)), "golden.npz"); });
    ExpectError<BundleError>(item.message,
                             [&] { ParseGolden(Zip(With(item.name, item.npy)), "golden.npz"); });
  }
}

TEST(Golden, MissingDoubledAndTooManyArrays) {
  for (const std::string missing : {"crop_0", "embeddings", "max_abs", "min_cosine"}) {
    Members members;
    for (const auto& member : GoldenMembers()) {
      if (member.first != missing + ".npy") members.push_back(member);
    }
    ExpectError<BundleError>(
        "expected crop_0.., embeddings, max_abs, min_cosine; there is no " + missing,
        [&] { ParseGolden(Zip(members), "golden.npz"); });
  }
  Members members = GoldenMembers();
  members.push_back(members.front());
  ExpectError<BundleError>("array crop_0 occurs twice",
                           [&] { ParseGolden(Zip(members), "golden.npz"); });
  members.resize(68, members.front());
  ExpectError<BundleError>("68 arrays; at most 67 are expected",
                           [&] { ParseGolden(Zip(members), "golden.npz"); });
  ExpectError<BundleError>("there are no golden crops", [] { ParseGolden(Zip({}), "golden.npz"); });
}

TEST(Golden, OtherZipFilesAreRefused) {
  const auto refuse = [](const std::vector<uint8_t>& npz, const char* message) {
    ExpectError<BundleError>(message, [&] { ParseGolden(npz, "golden.npz"); });
  };
  const char damaged[] = "golden.npz: not a ZIP file as numpy.savez writes it, or damaged; copy";
  const std::vector<uint8_t> good = Zip(GoldenMembers());
  refuse({}, damaged);
  refuse(std::vector<uint8_t>(1000, 'P'), damaged);
  refuse(std::vector<uint8_t>(good.begin(), good.end() - 1), damaged);
  refuse(std::vector<uint8_t>(good.begin() + 1, good.end()), damaged);
  ZipFields fields;
  fields.comment = "c";
  refuse(Zip(GoldenMembers(), fields), damaged);
  fields.comment.clear();
  fields.gap = "hidden";
  refuse(Zip(GoldenMembers(), fields), damaged);
  // Fields of the end of the directory: disk, members on it, members, place and size of the
  // directory, length of a comment.
  for (const size_t field : {4, 6, 8, 10, 12, 16, 20}) {
    refuse(Flipped(good, good.size() - 22 + field), damaged);
  }
  // Fields of the first member: sizes and place in the directory, signature, length of the name
  // and the name itself in front of the data.
  const size_t directory = good.size() - 22 - (5 * 46 + 2 * 10 + 14 + 11 + 14);
  for (const size_t field : {0, 20, 24, 28, 42}) refuse(Flipped(good, directory + field), damaged);
  for (const size_t field : {0, 26, 30}) refuse(Flipped(good, field), damaged);
  refuse(Flipped(good, 30 + 10 + 20 + 130),  // a pixel
         "golden.npz: wrong CRC-32 of crop_0.npy; copy the bundle again");
  refuse(std::vector<uint8_t>(kMaxGoldenBytes + 1), "larger than the limit of 67108864 bytes");
}

TEST(Golden, WhatTheEngineCannotReadIsUnsupported) {
  ZipFields fields;
  fields.method = 8;
  ExpectError<UnsupportedError>(
      "golden.npz: crop_0.npy is deflated; this engine reads stored members only",
      [&] { ParseGolden(Zip(GoldenMembers(), fields), "golden.npz"); });
  fields = {};
  fields.flags = 1;
  ExpectError<UnsupportedError>("crop_0.npy is compressed or encrypted",
                                [&] { ParseGolden(Zip(GoldenMembers(), fields), "golden.npz"); });
  const std::string fortran = Npy("|u1", "(4, 4, 3)", std::string(48, 'p'), "True");
  ExpectError<UnsupportedError>("golden.npz: array crop_0: in Fortran order",
                                [&] { ParseGolden(Zip(With("crop_0", fortran)), "golden.npz"); });
}

// Each byte counts: of the archive, only dates and such can change unnoticed.
TEST(Golden, DamagedIsRefused) {
  const std::vector<uint8_t> bytes = Zip(GoldenMembers());
  const Golden golden = ParseGolden(bytes, "golden.npz");
  int refused = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    try {
      const Golden changed = ParseGolden(ChangeBytes(bytes, seed), "golden.npz");
      EXPECT_EQ(changed.crops[0].pixels, golden.crops[0].pixels) << seed;
      EXPECT_EQ(changed.embeddings, golden.embeddings) << seed;
      EXPECT_EQ(changed.max_abs, golden.max_abs) << seed;
    } catch (const BundleError&) {
      ++refused;
    } catch (const UnsupportedError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 2000);
}

}  // namespace
}  // namespace bireid
