#include "engine/adaptation_spec.h"

#include <algorithm>
#include <limits>
#include <set>

#include "engine/file.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr size_t kMaxNameLength = 64;
constexpr int64_t kMaxCrops = std::numeric_limits<int32_t>::max();

void ReadCameras(const JsonSection& section, AdaptationSpec* adaptation) {
  std::set<std::string> seen;
  for (const JsonSection& entry : section.Sections("cameras", 1, kMaxCameras)) {
    entry.RefuseUnknown({"name", "crops"});
    const std::string name = entry.Text("name");
    if (!IsPlainFileName(name) || name.size() > kMaxNameLength) {
      entry.Fail("name", "must be a letter or digit, then up to 63 of those and '_.-'");
    }
    if (!seen.insert(name).second) entry.Fail("name", "is '" + name + "' once more");
    adaptation->cameras.push_back(name);
    adaptation->crops.push_back(entry.Integer("crops", 1, kMaxCrops));
  }
}

void ReadLevel(const JsonSection& section, size_t embeddings, AdaptationSpec* adaptation) {
  const std::string level = section.Text("embedding");
  adaptation->has_deviation = level == "mean_and_deviation";
  adaptation->has_mean = adaptation->has_deviation || level == "mean";
  if (!adaptation->has_mean && level != "none") {
    section.Fail("embedding", "must be one of none, mean, mean_and_deviation");
  }
  if (adaptation->has_mean && embeddings != 1) {
    section.Fail("embedding", "needs one output of that kind, not " + std::to_string(embeddings));
  }
}

Patch ReadPatch(const JsonSection& entry, int64_t size) {
  entry.RefuseUnknown({"offset", "kind", "rows", "row"});
  const std::string kind = entry.Text("kind");
  if (kind != "replace" && kind != "scale") entry.Fail("kind", "must be 'replace' or 'scale'");
  // A file has at most 2^30 bytes, so the product of two such numbers does not overflow.
  const int64_t most = std::max<int64_t>(1, size);
  const Patch patch{entry.Integer("offset", 0, size), kind == "scale",
                    entry.Integer("rows", 1, most), entry.Integer("row", 1, most)};
  if (patch.rows * patch.row > (size - patch.offset) / static_cast<int64_t>(sizeof(float))) {
    entry.Fail("rows", "leads behind the file, which has " + std::to_string(size) + " bytes");
  }
  return patch;
}

std::vector<Patch> ReadPatches(const std::vector<JsonSection>& entries, int64_t size) {
  std::vector<Patch> patches;
  int64_t reached = 0;
  for (const JsonSection& entry : entries) {
    patches.push_back(ReadPatch(entry, size));
    if (patches.back().offset < reached) {
      entry.Fail("offset", "is " + std::to_string(patches.back().offset) +
                               ", before the end of the last patch");
    }
    reached = patches.back().end();
  }
  return patches;
}

}  // namespace

int AdaptationSpec::FindCamera(const std::string& camera) const {
  const auto found = std::find(cameras.begin(), cameras.end(), camera);
  return found == cameras.end() ? -1 : static_cast<int>(found - cameras.begin());
}

AdaptationSpec ReadAdaptationSpec(const JsonSection& section,
                                  const std::map<std::string, int64_t>& sizes, size_t embeddings) {
  section.RefuseUnknown({"file", "sha256", "bytes", "cameras", "embedding", "patches", "note"});
  AdaptationSpec adaptation;
  ReadCameras(section, &adaptation);
  ReadLevel(section, embeddings, &adaptation);
  const JsonSection patches = section.Section("patches");
  for (const std::string& name : patches.Keys()) {
    const auto size = sizes.find(name);
    if (size == sizes.end()) patches.Fail(name, "is no model file of this bundle");
    adaptation.patches[name] = ReadPatches(patches.Sections(name, 1, kMaxPatches), size->second);
  }
  return adaptation;
}

std::vector<int> ReadGoldenCameras(const JsonSection& golden, const AdaptationSpec& adaptation,
                                   int items, int most_items) {
  const std::vector<std::string> names = golden.Texts("cameras");
  std::vector<int> cameras;
  for (const std::string& name : names) cameras.push_back(adaptation.FindCamera(name));
  const bool known = std::find(cameras.begin(), cameras.end(), -1) == cameras.end();
  if (names.size() != static_cast<size_t>(items) || !known) {
    golden.Fail("cameras", "must be " + std::to_string(items) + " names of cameras of this bundle");
  }
  const size_t room = std::min(adaptation.cameras.size(), static_cast<size_t>(most_items));
  if (std::set<int>(cameras.begin(), cameras.end()).size() < room) {
    golden.Fail("cameras", "leaves out a camera of this bundle");
  }
  return cameras;
}

}  // namespace bireid
