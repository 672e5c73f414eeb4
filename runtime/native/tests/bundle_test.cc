#include "engine/bundle.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "engine/errors.h"
#include "engine/file.h"
#include "tests/expect_error.h"
#include "tests/manifest_text.h"
#include "tests/temporary_directory.h"

namespace bireid {
namespace {

class BundleTest : public testing::Test {
 protected:
  BundleTest() {
    const std::vector<uint8_t> golden = Safetensors(GoldenTensors());
    directory_.Write("golden.safetensors", std::string(golden.begin(), golden.end()));
    directory_.Write("manifest.json", ManifestText());
    directory_.Write("model.lce.tflite", kModelText);
    directory_.Write("model.onnx", "");
    directory_.Write("card.md", "# A card\n");
    WriteChecksums(
        {"golden.safetensors", "manifest.json", "model.lce.tflite", "model.onnx", "card.md"});
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

  static std::string TextOf(const ModelFile& model) {
    return std::string(model.data, model.data + model.bytes);
  }

  const TemporaryDirectory directory_;
};

TEST_F(BundleTest, IsRead) {
  for (const bool verify : {false, true}) {
    Bundle bundle = Bundle::Open(path(), verify);
    EXPECT_EQ(bundle.manifest().name, "a network");
    const ModelFile model = bundle.TakeModel();
    EXPECT_EQ(model.path, path() + "/model.lce.tflite");
    EXPECT_EQ(TextOf(model), kModelText);
    EXPECT_EQ(bundle.ReadGolden().inputs[0].size(), 2u);
  }
  EXPECT_EQ(Bundle::Open(path() + "/", true).TakeModel().path, path() + "/model.lce.tflite");
}

TEST_F(BundleTest, TheBytesThatAreCheckedAreUsed) {
  Bundle bundle = Bundle::Open(path(), true);
  directory_.Write("model.lce.tflite", "other");
  EXPECT_EQ(TextOf(bundle.TakeModel()), kModelText);
  std::vector<uint8_t> golden = Safetensors(GoldenTensors());
  golden.back() ^= 1;
  directory_.Write("golden.safetensors", std::string(golden.begin(), golden.end()));
  ExpectError<BundleError>("/golden.safetensors: SHA-256 mismatch; copy the bundle again",
                           [&] { bundle.ReadGolden(); });
  EXPECT_EQ(Bundle::Open(path(), false).ReadGolden().outputs.size(), 3u);
}

TEST_F(BundleTest, AroundAModelTheManifestIsEnough) {
  for (const std::string name : {"model.lce.tflite", "model.onnx", "SHA256SUMS"}) {
    ASSERT_EQ(unlink(directory_.File(name).c_str()), 0);
  }
  alignas(8) const char model[] = "-model";
  for (const size_t offset : {0, 1}) {
    const std::string bytes = std::string(model).substr(1 - offset, 5);
    const std::string memory = std::string(offset, '-') + bytes;
    ModelFile taken = Bundle::OpenAround(path(), memory.data() + offset, bytes.size()).TakeModel();
    EXPECT_EQ(TextOf(taken), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(taken.data) % 8, 0u);
  }
  ExpectError<BundleError>("/model.lce.tflite: 4 bytes, the manifest says 5",
                           [&] { Bundle::OpenAround(path(), model, 4); });
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
  for (const std::string name :
       {"model.onnx", "manifest.json", "golden.safetensors", "SHA256SUMS"}) {
    SCOPED_TRACE(name);
    ASSERT_EQ(rename(directory_.File(name).c_str(), outside.File(name).c_str()), 0);
    ASSERT_EQ(symlink(outside.File(name).c_str(), directory_.File(name).c_str()), 0);
    ExpectError<BundleError>("/" + name + ": a link that leads out of the bundle",
                             [&] { Bundle::Open(path(), true); });
    ASSERT_EQ(rename(outside.File(name).c_str(), directory_.File(name).c_str()), 0);
  }
  ASSERT_EQ(unlink(directory_.File("golden.safetensors").c_str()), 0);
  ASSERT_EQ(symlink("/dev/zero", directory_.File("golden.safetensors").c_str()), 0);
  ExpectError<BundleError>("a link that leads out of the bundle",
                           [&] { Bundle::Open(path(), false).ReadGolden(); });
}

TEST_F(BundleTest, LinksOfASnapshotIntoItsCacheAreFine) {
  const TemporaryDirectory cache;
  const std::string snapshot = cache.File("snapshots/0123abc");
  for (const std::string& folder : {cache.File("blobs"), cache.File("snapshots"), snapshot}) {
    ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  }
  for (const std::string name : {"model.onnx", "model.lce.tflite", "manifest.json",
                                 "golden.safetensors", "SHA256SUMS", "card.md"}) {
    ASSERT_EQ(rename(directory_.File(name).c_str(), cache.File("blobs/" + name).c_str()), 0);
    ASSERT_EQ(symlink(("../../blobs/" + name).c_str(), (snapshot + "/" + name).c_str()), 0);
  }
  EXPECT_EQ(Bundle::Open(snapshot, true).manifest().task, "reid");
}

TEST_F(BundleTest, LinksInsideAndToTheBundleAreFine) {
  ASSERT_EQ(rename(directory_.File("card.md").c_str(), directory_.File("text.md").c_str()), 0);
  ASSERT_EQ(symlink("text.md", directory_.File("card.md").c_str()), 0);
  const TemporaryDirectory elsewhere;
  ASSERT_EQ(symlink(path().c_str(), elsewhere.File("current").c_str()), 0);
  EXPECT_EQ(Bundle::Open(elsewhere.File("current"), true).manifest().task, "reid");
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
  directory_.Write("model.lce.tflite", "longer");
  ExpectRefused("6 bytes, the manifest says 5");
}

TEST_F(BundleTest, ManifestIsOfLimitedSize) {
  directory_.Write("manifest.json", std::string(kMaxManifestBytes + 1, ' '));
  ExpectRefused("/manifest.json: larger than the limit of 4194304 bytes");
}

TEST_F(BundleTest, ChangedByteIsNoticed) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"model.lce.tflite", "Model"},
      {"card.md", "# B card\n"},
      {"golden.safetensors", "other"},
      {"manifest.json", ManifestText() + "\n"}};
  for (const auto& [name, content] : changes) {
    const std::vector<uint8_t> before = ReadFile(directory_.File(name), 1 << 20);
    directory_.Write(name, content);
    ExpectNotVerified("/" + name + ": SHA-256 mismatch; copy the bundle again");
    directory_.Write(name, std::string(before.begin(), before.end()));
  }
}

TEST_F(BundleTest, ChecksumsMustCover) {
  const std::vector<std::string> names = {"golden.safetensors", "manifest.json", "model.lce.tflite",
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
  EXPECT_EQ(Bundle::Open(path(), true).manifest().task, "reid");
  ASSERT_EQ(unlink(directory_.File("SHA256SUMS").c_str()), 0);
  ExpectNotVerified("the bundle has no file SHA256SUMS");
}

TEST_F(BundleTest, ChecksumsMustBeThoseOfTheManifest) {
  directory_.Write("manifest.json", Replace(ManifestText(), "e3b0", "e3b1"));
  WriteChecksums({"golden.safetensors", "manifest.json", "model.lce.tflite", "model.onnx"});
  ExpectNotVerified("SHA256SUMS: the SHA-256 of model.onnx is not that of the manifest");
}

TEST_F(BundleTest, BadChecksumLine) {
  const std::vector<std::string> names = {"golden.safetensors", "manifest.json", "model.lce.tflite",
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
  EXPECT_EQ(Bundle::Open(path(), true).manifest().task, "reid");
}

TEST_F(BundleTest, AbsentFormatListsThosePresent) {
  directory_.Write("manifest.json", Replace(ManifestText(), "\"lce\"", "\"int8\""));
  Bundle bundle = Bundle::Open(path(), false);
  ExpectError<BundleError>(path() + ": no file of format 'lce' or 'float'; present: int8, onnx",
                           [&] { bundle.TakeModel(); });
}

TEST_F(BundleTest, WithoutChecksumsGoldenItemsMayBeAbsentUntilAskedFor) {
  ASSERT_EQ(unlink(directory_.File("golden.safetensors").c_str()), 0);
  ExpectNotVerified("the bundle has no file golden.safetensors");
  const Bundle bundle = Bundle::Open(path(), false);
  ExpectError<BundleError>("the bundle has no file golden.safetensors",
                           [&] { bundle.ReadGolden(); });
}

TEST_F(BundleTest, GoldenItemsOfAnotherSize) {
  directory_.Write("golden.safetensors", "{}");
  const Bundle bundle = Bundle::Open(path(), false);
  ExpectError<BundleError>("/golden.safetensors: 2 bytes, the manifest says ",
                           [&] { bundle.ReadGolden(); });
}

}  // namespace
}  // namespace bireid
