// Text that is no manifest, and damage to one that is.
#include "tests/manifest_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/errors.h"
#include "engine/manifest.h"
#include "tests/change_bytes.h"
#include "tests/expect_error.h"

namespace bireid {
namespace {

TEST(Manifest, TextThatIsNoManifest) {
  struct Case {
    std::string text;
    const char* message;
  };
  const std::string open = "{\"schema_version\": ";
  const char bad[] = "not valid JSON";
  const Case cases[] = {
      {"", "not valid JSON: it is empty"},
      {"{", "not valid JSON: "},
      {"[]", "the document must be a JSON object"},
      {"1", "the document must be a JSON object"},
      {open + "1}\n}", "(line 2)"},
      {open + "1,}", bad},
      {open + "[1 2]}", bad},
      {open + "nulltrue}", bad},
      {std::string("\xff\xfe"), "(line 1)"},
      {open + "\"\xc0\xaf\"}", bad},
      {open + "\"\xed\xa0\x80\"}", bad},
      {open + "\"\xf4\x90\x80\x80\"}", bad},
      {open + "\"\xe2\x82\"}", bad},
      {std::string("\xef\xbb\xbf") + ManifestText(), bad},
      {ManifestText() + std::string(1, '\0'), bad},
      {std::string("\v") + ManifestText(), bad},
      {open + "NaN}", bad},
      {open + "1,\n\"a\": -Infinity}", "(line 2)"},
      {open + "1e999}", bad},
      {open + std::string(10000, '9') + "}", bad},
      {open + "01}", bad},
      {open + "1.}", bad},
      {open + "-}", bad},
      {open + "1e+}", bad},
      {open + "+1}", bad},
      {open + ".5}", bad},
      {open + "'1'}", bad},
      {open + "1} // comment", bad},
      {open + "1", bad},
      {open + "\"a", bad},
      {open + "\"a\\\"", bad},
      {open + "\"a\\", bad},
      {open + "\"a\nb\"}", bad},
      {open + "\"\\x41\"}", bad},
      {open + "\"\\u00g0\"}", bad},
      {open + "\"\\u00", bad},
      {open + "\"\\ud800\"}", bad},
      {open + "1, \"schema_version\": 1}", "key 'schema_version' occurs twice"},
      {open + "1, \"schema\\u005fversion\": 1}", "key 'schema_version' occurs twice"},
      {open + "[{\"a\": {\"b\": 1, \"b\": 2}}]}", "key 'b' occurs twice"},
      {open + std::string(300, '[') + std::string(300, ']') + "}", "nested too deeply"},
      {open + std::string(100000, '['), bad},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.text.substr(0, 80));
    const std::vector<uint8_t> bytes(item.text.begin(), item.text.end());
    ExpectError<BundleError>(item.message, [&] { ParseManifest(bytes, "dir/manifest.json"); });
  }
}

// Damage is refused or, inside a text or a number, not noticed; it is never undefined.
TEST(Manifest, DamagedIsReadOrRefused) {
  const std::string text = ManifestText();
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  ExpectMostCopiesRefused(bytes, [](const std::vector<uint8_t>& copy) {
    const Manifest manifest = ParseManifest(copy, "manifest.json");
    EXPECT_EQ(manifest.inputs[0].elements,
              manifest.inputs[0].preprocess.height * manifest.inputs[0].preprocess.width * 3);
    EXPECT_EQ(manifest.outputs[1].classes.size(), 3u);
  });
}

}  // namespace
}  // namespace bireid
