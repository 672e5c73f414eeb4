#include "engine/sha256.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "engine/file.h"
#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace bireid {
namespace {

// The examples of FIPS 180 and its test vectors.
TEST(Sha256, GivesThePublishedVectors) {
  const auto hex = [](const std::string& text) { return Sha256Hex(text.data(), text.size()); };
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
                "klmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Every way in which the padding can fall; the expected value is Python's hashlib.
TEST(Sha256, PadsEveryLength) {
  std::string all;
  for (int length = 0; length < 200; ++length) {
    const std::string text(length, 'x');
    all += Sha256Hex(text.data(), text.size());
  }
  EXPECT_EQ(Sha256Hex(all.data(), all.size()),
            "f61ffcc417e1f0e59eba2da7fa32fbe05b64e478b68c6bacf990455f00248b98");
}

TEST(Sha256, TakesDataInPieces) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7);
  for (const size_t piece : {1u, 3u, 63u, 64u, 65u, 500u}) {
    Sha256 sha256;
    for (size_t i = 0; i < text.size(); i += piece) {
      sha256.Update(text.data() + i, std::min(piece, text.size() - i));
    }
    EXPECT_EQ(sha256.Hex(), Sha256Hex(text.data(), text.size())) << piece;
  }
}

TEST(File, IsReadAndHashedUpToALimit) {
  const TemporaryDirectory directory;
  const std::string content(100000, '\x81');
  directory.Write("file", content);
  const std::string path = directory.File("file");
  const std::vector<uint8_t> data = ReadFile(path, content.size());
  EXPECT_EQ(std::string(data.begin(), data.end()), content);
  EXPECT_EQ(FileSize(path), 100000);
  EXPECT_EQ(FileSha256(path, content.size()), Sha256Hex(content.data(), content.size()));
  ExpectError<BundleError>("larger than the limit of 99999 bytes", [&] { ReadFile(path, 99999); });
  ExpectError<BundleError>("larger than the limit of 99999 bytes",
                           [&] { FileSha256(path, 99999); });
  ExpectError<BundleError>("No such file", [&] { ReadFile(directory.File("none"), 1); });
  ExpectError<BundleError>("not a regular file", [&] { ReadFile(directory.path(), 1 << 20); });
  ExpectError<BundleError>("not a regular file", [&] { ReadFile("/dev/zero", 1 << 20); });
}

}  // namespace
}  // namespace bireid
