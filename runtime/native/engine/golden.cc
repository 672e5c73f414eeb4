#include "engine/golden.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string_view>

#include "engine/errors.h"
#include "engine/npy.h"
#include "engine/text.h"
#include "engine/zip.h"

namespace bireid {
namespace {

constexpr size_t kOtherArrays = 3;
constexpr size_t kMaxSide = 20000;  // as of bireid_embed_rgb8
constexpr std::string_view kSuffix = ".npy";

using Arrays = std::map<std::string, NpyArray>;

Arrays ReadArrays(const std::vector<uint8_t>& npz, const std::string& source) {
  Arrays arrays;
  for (const ZipMember& member : ReadStoredZip(npz, kMaxGoldenCrops + kOtherArrays, source)) {
    std::string name = member.name;
    if (name.size() >= kSuffix.size() &&
        name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0) {
      name.resize(name.size() - kSuffix.size());
    }
    const std::string where = source + ": array " + Printable(name);
    if (!arrays.emplace(name, ParseNpy(member.data, member.bytes, where)).second) {
      throw BundleError(where + " occurs twice");
    }
  }
  return arrays;
}

class Reader {
 public:
  Reader(const Arrays& arrays, const std::string& source) : arrays_(arrays), source_(source) {}

  Golden Read() const {
    if (arrays_.size() <= kOtherArrays) throw BundleError(source_ + ": there are no golden crops");
    Golden golden;
    golden.max_abs = Scalar("max_abs");
    if (!(std::isfinite(golden.max_abs) && golden.max_abs > 0)) {
      Fail("max_abs", "must be positive and finite");
    }
    golden.min_cosine = Scalar("min_cosine");
    if (!(golden.min_cosine >= -1 && golden.min_cosine <= 1)) {
      Fail("min_cosine", "must lie in -1..1");
    }
    for (size_t i = 0; i < arrays_.size() - kOtherArrays; ++i) {
      golden.crops.push_back(Crop("crop_" + std::to_string(i)));
    }
    ReadEmbeddings(&golden);
    return golden;
  }

 private:
  [[noreturn]] void Fail(const std::string& name, const std::string& problem) const {
    throw BundleError(source_ + ": golden " + name + ": " + problem);
  }

  // As many names are asked for as there are arrays: if none is missing, none is too much.
  const NpyArray& Find(const std::string& name) const {
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) {
      throw BundleError(source_ +
                        ": expected crop_0.., embeddings, max_abs, min_cosine; there is "
                        "no " +
                        name + " among " + std::to_string(arrays_.size()) + " arrays");
    }
    return found->second;
  }

  Golden::Crop Crop(const std::string& name) const {
    const NpyArray& array = Find(name);
    const std::vector<size_t>& shape = array.shape;
    if (array.type != "|u1" || shape.size() != 3 || shape[2] != 3) {
      Fail(name, "expected uint8 (H, W, 3), got " + array.Describe());
    }
    if (std::min(shape[0], shape[1]) < 1 || std::max(shape[0], shape[1]) > kMaxSide) {
      Fail(name, "height and width must lie in 1.." + std::to_string(kMaxSide) + ", got " +
                     array.Describe());
    }
    return {static_cast<int>(shape[1]), static_cast<int>(shape[0]),
            std::vector<uint8_t>(array.data, array.data + array.bytes)};
  }

  void ReadEmbeddings(Golden* golden) const {
    const NpyArray& array = Find("embeddings");
    if (array.type != "<f4" || array.shape.size() != 2 || array.shape[0] != golden->crops.size()) {
      Fail("embeddings", "expected float32 (" + std::to_string(golden->crops.size()) +
                             ", D), got " + array.Describe());
    }
    // At most 2^24: the file has no more bytes than kMaxGoldenBytes, unless there are none.
    if (array.bytes == 0) Fail("embeddings", "no numbers");
    golden->dim = static_cast<int>(array.shape[1]);
    golden->embeddings.resize(array.bytes / sizeof(float));
    std::memcpy(golden->embeddings.data(), array.data, array.bytes);
    for (const float value : golden->embeddings) {
      if (!std::isfinite(value)) Fail("embeddings", "not all numbers are finite");
    }
  }

  double Scalar(const std::string& name) const {
    const NpyArray& array = Find(name);
    if (array.type != "<f8" || !array.shape.empty()) {
      Fail(name, "expected one float64, got " + array.Describe());
    }
    double value = 0;
    std::memcpy(&value, array.data, sizeof(value));
    return value;
  }

  const Arrays& arrays_;
  const std::string& source_;
};

}  // namespace

Golden ParseGolden(const std::vector<uint8_t>& npz, const std::string& source) {
  if (npz.size() > kMaxGoldenBytes) {
    throw BundleError(source + ": larger than the limit of " + std::to_string(kMaxGoldenBytes) +
                      " bytes");
  }
  return Reader(ReadArrays(npz, source), source).Read();
}

}  // namespace bireid
