#include "engine/bundle.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "engine/errors.h"
#include "engine/file.h"
#include "engine/sha256.h"
#include "tests/expect_error.h"
#include "tests/manifest_text.h"
#include "tests/npz_writer.h"
#include "tests/temporary_directory.h"

namespace bireid {
namespace {

// This file is <root>/runtime/native/tests/bundle_test.cc.
std::string ZooBundle() {
  const std::string file = __FILE__;
  return file.substr(0, file.rfind('/')) +
         "/../../../models/zoo/distilled_r18_half-synthetic-128x64-256d-v1";
}

class BundleTest : public testing::Test {
 protected:
  BundleTest() {
    const std::vector<uint8_t> golden = Zip(GoldenMembers());
    directory_.Write("golden.npz", std::string(golden.begin(), golden.end()));
    directory_.Write("manifest.json", kManifestText);
    directory_.Write("model.lce.tflite", kModelText);
    directory_.Write("model.onnx", "");
    directory_.Write("card.md", "# A card\n");
    WriteChecksums({"golden.npz", "manifest.json", "model.lce.tflite", "model.onnx", "card.md"});
  }

  const std::string& path() const { return directory_.path(); }

  void WriteChecksums(const std::vector<std::string>& names, const std::string& more = "") {
    std::string lines;
    for (const std::string& name : names) {
      lines += FileSha256(directory_.File(name), 1 << 20) + "  " + name + "\n";
    }
    directory_.Write("SHA256SUMS", lines + more);
  }

  // Expects the bundle to be refused with and without checksums.
  void ExpectRefused(const std::string& message) const {
    ExpectError<BundleError>(message, [this] { Bundle::Open(path(), true); });
    ExpectError<BundleError>(message, [this] { Bundle::Open(path(), false); });
  }

  // Expects the bundle to be refused for its checksums alone.
  void ExpectNotVerified(const std::string& message) const {
    ExpectError<BundleError>(message, [this] { Bundle::Open(path(), true); });
    EXPECT_EQ(Bundle::Open(path(), false).manifest().name, "a network");
  }

  const TemporaryDirectory directory_;
};

TEST(ZooBundle, IsRead) {
  const Bundle bundle = Bundle::Open(ZooBundle(), true);
  const Manifest& manifest = bundle.manifest();
  EXPECT_EQ(manifest.name, "distilled_r18_half-synthetic-128x64-256d-v1");
  EXPECT_EQ(manifest.height, 128);
  EXPECT_EQ(manifest.width, 64);
  EXPECT_EQ(manifest.std[0], 0.229f);
  EXPECT_EQ(manifest.embedding_dim, 256);
  EXPECT_EQ(manifest.files.size(), 2u);
  const std::vector<uint8_t> model = bundle.ReadModel();
  EXPECT_EQ(Sha256Hex(model.data(), model.size()), manifest.files[0].sha256);

  const Golden golden = bundle.ReadGolden();
  ASSERT_EQ(golden.crops.size(), 3u);
  EXPECT_EQ(golden.crops[0].width, 96);
  EXPECT_EQ(golden.crops[0].height, 192);
  ASSERT_EQ(golden.embeddings.size(), 3u * 256);
  for (int row = 0; row < 3; ++row) {
    double squares = 0;
    for (int i = 0; i < 256; ++i) squares += std::pow(golden.embeddings[row * 256 + i], 2.0);
    EXPECT_NEAR(squares, 1.0, 1e-5);
  }
}

TEST_F(BundleTest, IsRead) {
  for (const bool verify : {false, true}) {
    const Bundle bundle = Bundle::Open(path(), verify);
    EXPECT_EQ(bundle.manifest().name, "a network");
    EXPECT_EQ(bundle.model_path(), path() + "/model.lce.tflite");
    const std::vector<uint8_t> model = bundle.ReadModel();
    EXPECT_EQ(std::string(model.begin(), model.end()), kModelText);
    EXPECT_EQ(bundle.ReadGolden().crops.size(), 2u);
  }
  EXPECT_EQ(Bundle::Open(path() + "/", true).model_path(), path() + "/model.lce.tflite");
}

TEST_F(BundleTest, WhatIsNoBundle) {
  const std::string message = "not a directory; a bundle is a directory with manifest.json";
  ExpectError<BundleError>(message, [&] { Bundle::Open(path() + "/none", true); });
  ExpectError<BundleError>(message, [&] { Bundle::Open(path() + "/card.md", true); });
  ExpectError<BundleError>(message, [&] { Bundle::Open("", true); });
  const TemporaryDirectory empty;
  ExpectError<BundleError>("not a bundle, there is no manifest.json in it",
                           [&] { Bundle::Open(empty.path(), true); });
}

TEST_F(BundleTest, LinksCannotLeaveTheBundle) {
  const TemporaryDirectory outside;
  for (const std::string name : {"model.onnx", "manifest.json", "golden.npz", "SHA256SUMS"}) {
    SCOPED_TRACE(name);
    ASSERT_EQ(rename(directory_.File(name).c_str(), outside.File(name).c_str()), 0);
    ASSERT_EQ(symlink(outside.File(name).c_str(), directory_.File(name).c_str()), 0);
    ExpectError<BundleError>("/" + name + ": a link that leads out of the bundle",
                             [&] { Bundle::Open(path(), true); });
    ASSERT_EQ(rename(outside.File(name).c_str(), directory_.File(name).c_str()), 0);
  }
  ASSERT_EQ(unlink(directory_.File("golden.npz").c_str()), 0);
  ASSERT_EQ(symlink("/dev/zero", directory_.File("golden.npz").c_str()), 0);
  ExpectError<BundleError>("a link that leads out of the bundle",
                           [&] { Bundle::Open(path(), false).ReadGolden(); });
}

TEST_F(BundleTest, LinksInsideAndToTheBundleAreFine) {
  ASSERT_EQ(rename(directory_.File("card.md").c_str(), directory_.File("text.md").c_str()), 0);
  ASSERT_EQ(symlink("text.md", directory_.File("card.md").c_str()), 0);
  const TemporaryDirectory elsewhere;
  ASSERT_EQ(symlink(path().c_str(), elsewhere.File("current").c_str()), 0);
  EXPECT_EQ(Bundle::Open(elsewhere.File("current"), true).manifest().width, 8);
}

TEST_F(BundleTest, MissingAndOddFilesAreNamed) {
  const std::string model = directory_.File("model.onnx");
  ASSERT_EQ(unlink(model.c_str()), 0);
  ExpectRefused(path() + ": the bundle has no file model.onnx");
  ASSERT_EQ(symlink("nowhere", model.c_str()), 0);
  ExpectRefused("the bundle has no file model.onnx");
  ASSERT_EQ(unlink(model.c_str()), 0);
  ASSERT_EQ(mkdir(model.c_str(), 0700), 0);
  ExpectRefused("the bundle has no file model.onnx, but something else of that name");
  ASSERT_EQ(rmdir(model.c_str()), 0);
  ASSERT_EQ(mkfifo(model.c_str(), 0600), 0);
  ExpectRefused("the bundle has no file model.onnx, but something else of that name");
}

TEST_F(BundleTest, SizesAreThoseOfTheManifest) {
  directory_.Write("model.lce.tflite", "mode");
  ExpectRefused("/model.lce.tflite: 4 bytes, the manifest says 5; copy the bundle again");
  directory_.Write("model.lce.tflite", kModelText);
  const Bundle bundle = Bundle::Open(path(), true);
  directory_.Write("model.lce.tflite", "longer");
  ExpectError<BundleError>("6 bytes, the manifest says 5", [&] { bundle.ReadModel(); });
}

TEST_F(BundleTest, ManifestIsOfLimitedSize) {
  directory_.Write("manifest.json", std::string(kMaxManifestBytes + 1, ' '));
  ExpectRefused("/manifest.json: larger than the limit of 4194304 bytes");
}

TEST_F(BundleTest, ChangedByteIsNoticed) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"model.lce.tflite", "Model"},
      {"card.md", "# B card\n"},
      {"golden.npz", "other"},
      {"manifest.json", std::string(kManifestText) + "\n"}};
  for (const auto& [name, content] : changes) {
    const std::vector<uint8_t> before = ReadFile(directory_.File(name), 1 << 20);
    directory_.Write(name, content);
    ExpectNotVerified("/" + name + ": SHA-256 mismatch; copy the bundle again");
    directory_.Write(name, std::string(before.begin(), before.end()));
  }
}

TEST_F(BundleTest, ChecksumsMustCover) {
  const std::vector<std::string> names = {"golden.npz", "manifest.json", "model.lce.tflite",
                                          "model.onnx"};
  for (const std::string& missing : names) {
    std::vector<std::string> listed;
    for (const std::string& name : names) {
      if (name != missing) listed.push_back(name);
    }
    WriteChecksums(listed);
    ExpectNotVerified("/SHA256SUMS: " + missing + " is not listed; write the bundle again");
  }
  WriteChecksums(names);
  EXPECT_EQ(Bundle::Open(path(), true).manifest().width, 8);
  ASSERT_EQ(unlink(directory_.File("SHA256SUMS").c_str()), 0);
  ExpectNotVerified("the bundle has no file SHA256SUMS");
}

TEST_F(BundleTest, ChecksumsMustBeThoseOfTheManifest) {
  directory_.Write("manifest.json", Replace(kManifestText, "e3b0", "e3b1"));
  WriteChecksums({"golden.npz", "manifest.json", "model.lce.tflite", "model.onnx"});
  ExpectNotVerified("SHA256SUMS: the SHA-256 of model.onnx is not that of the manifest");
}

TEST_F(BundleTest, BadChecksumLine) {
  const std::vector<std::string> names = {"golden.npz", "manifest.json", "model.lce.tflite",
                                          "model.onnx"};
  const std::string zeros(64, '0');
  const std::string notice = "/SHA256SUMS: line 5 is not 'SHA-256  name' of a new file";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"nonsense\n", notice},
      {"\n", notice},
      {zeros + "  \n", notice},
      {zeros + " card.md\n", notice},
      {zeros.substr(1) + "g  card.md\n", notice},
      {zeros + "  model.onnx\n", notice},
      {zeros + "  ../secret\n", "'../secret' is not a plain file name"},
      {zeros + "  a\vb\n", "'a?b' is not a plain file name"},
      {zeros + "  absent.bin", "no file absent.bin"}};
  for (const auto& [line, message] : cases) {
    SCOPED_TRACE(line);
    WriteChecksums(names, line);
    ExpectNotVerified(message);
  }
  const std::string card = FileSha256(directory_.File("card.md"), 1 << 20);
  WriteChecksums(names, card + " *card.md\r\n");
  EXPECT_EQ(Bundle::Open(path(), true).manifest().width, 8);
}

TEST_F(BundleTest, AbsentFormatListsThosePresent) {
  directory_.Write("manifest.json", Replace(kManifestText, "\"lce\"", "\"int8\""));
  const Bundle bundle = Bundle::Open(path(), false);
  ExpectError<BundleError>(path() + ": no file of format 'lce'; present: int8, onnx",
                           [&] { bundle.ReadModel(); });
}

TEST_F(BundleTest, GoldenMayBeAbsentUntilAskedFor) {
  ASSERT_EQ(unlink(directory_.File("golden.npz").c_str()), 0);
  WriteChecksums({"manifest.json", "model.lce.tflite", "model.onnx"});
  const Bundle bundle = Bundle::Open(path(), true);
  ExpectError<BundleError>("the bundle has no file golden.npz", [&] { bundle.ReadGolden(); });
}

TEST_F(BundleTest, GoldenOfAnotherLength) {
  const std::string text = Replace(kManifestText, "\"shape\": [null, 2]", "\"shape\": [null, 3]");
  directory_.Write("manifest.json", Replace(text, "\"dim\": 2", "\"dim\": 3"));
  const Bundle bundle = Bundle::Open(path(), false);
  ExpectError<BundleError>("/golden.npz: embeddings have 2 components, the manifest says 3",
                           [&] { bundle.ReadGolden(); });
}

}  // namespace
}  // namespace bireid
