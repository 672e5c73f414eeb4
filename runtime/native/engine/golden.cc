#include "engine/golden.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <stdexcept>

#include "engine/errors.h"
#include "engine/kinds.h"
#include "engine/safetensors.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr int64_t kMaxSide = 20000;  // as of bireid_session_run_images

class Reader {
 public:
  Reader(const std::map<std::string, StoredTensor>& tensors, const Manifest& manifest,
         const std::string& source)
      : tensors_(tensors), manifest_(manifest), source_(source) {}

  Golden Read() const {
    RequireCount();
    Golden golden;
    for (const InputSpec& spec : manifest_.inputs) {
      golden.inputs.emplace_back();
      for (int i = 0; i < manifest_.golden.items; ++i) {
        golden.inputs.back().push_back(ReadInput(spec, NameOf("input", spec, i)));
      }
    }
    for (const OutputSpec& spec : manifest_.outputs) {
      golden.outputs.emplace_back();
      for (int i = 0; i < manifest_.golden.items; ++i) {
        AppendFloats(spec, NameOf("output", spec, i), &golden.outputs.back());
      }
    }
    return golden;
  }

 private:
  static std::string NameOf(const char* end, const TensorSpec& spec, int item) {
    return std::string(end) + "/" + spec.name + "/" + std::to_string(item);
  }

  [[noreturn]] void Fail(const std::string& name, const std::string& problem) const {
    throw BundleError(source_ + ": golden " + name + ": " + problem);
  }

  // As many names are asked for as there are tensors: if none is missing, none is too much.
  void RequireCount() const {
    const size_t ends = manifest_.inputs.size() + manifest_.outputs.size();
    const size_t expected = ends * static_cast<size_t>(manifest_.golden.items);
    if (tensors_.size() == expected) return;
    throw BundleError(source_ + ": " + std::to_string(tensors_.size()) +
                      " golden tensors, the manifest gives " + std::to_string(expected) +
                      "; copy the bundle again");
  }

  const StoredTensor& Find(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) Fail(name, "it is missing");
    return found->second;
  }

  GoldenInput ReadInput(const InputSpec& spec, const std::string& name) const {
    GoldenInput input;
    if (spec.kind->raw == RawItem::kNone) {
      AppendFloats(spec, name, &input.values);
      return input;
    }
    if (spec.kind->raw == RawItem::kCloud) {
      ReadCloud(spec, name, &input.values);
      return input;
    }
    const StoredTensor& tensor = Find(name);
    const std::vector<int64_t>& shape = tensor.shape;
    if (tensor.type != "U8" || shape.size() != 3 || shape[2] != spec.preprocess.channels()) {
      Fail(name, "expected U8 [H, W, " + std::to_string(spec.preprocess.channels()) + "], got " +
                     tensor.Describe());
    }
    if (std::min(shape[0], shape[1]) < 1 || std::max(shape[0], shape[1]) > kMaxSide) {
      Fail(name, "height and width must lie in 1.." + std::to_string(kMaxSide) + ", got " +
                     tensor.Describe());
    }
    input.height = static_cast<int>(shape[0]);
    input.width = static_cast<int>(shape[1]);
    input.pixels.assign(tensor.data, tensor.data + tensor.bytes);
    return input;
  }

  void ReadCloud(const InputSpec& spec, const std::string& name, std::vector<float>* values) const {
    const StoredTensor& tensor = Find(name);
    if (tensor.type != "F32" || tensor.shape.size() != 2 || tensor.shape[1] != kAxes) {
      Fail(name, "expected F32 [points, 3], got " + tensor.Describe());
    }
    values->resize(tensor.bytes / sizeof(float));
    std::memcpy(values->data(), tensor.data, tensor.bytes);
    try {
      CheckCloud({values->data(), tensor.shape[0]}, spec.points);
    } catch (const std::invalid_argument& error) {
      Fail(name, error.what());
    }
  }

  void AppendFloats(const TensorSpec& spec, const std::string& name,
                    std::vector<float>* values) const {
    const StoredTensor& tensor = Find(name);
    const std::vector<int64_t> expected(spec.shape.begin(), spec.shape.end());
    if (tensor.type != "F32" || tensor.shape != expected) {
      Fail(name, "expected " + StoredTensor{"F32", expected, nullptr, 0}.Describe() + ", got " +
                     tensor.Describe());
    }
    const size_t before = values->size();
    values->resize(before + tensor.bytes / sizeof(float));
    std::memcpy(values->data() + before, tensor.data, tensor.bytes);
    if (!std::all_of(values->begin() + static_cast<std::ptrdiff_t>(before), values->end(),
                     [](float value) { return std::isfinite(value); })) {
      Fail(name, "not all numbers are finite");
    }
  }

  const std::map<std::string, StoredTensor>& tensors_;
  const Manifest& manifest_;
  const std::string& source_;
};

}  // namespace

Golden ParseGolden(const std::vector<uint8_t>& file, const Manifest& manifest,
                   const std::string& source) {
  if (file.size() > static_cast<size_t>(kMaxGoldenBytes)) {
    throw BundleError(source + ": larger than the limit of " + std::to_string(kMaxGoldenBytes) +
                      " bytes");
  }
  return Reader(ParseSafetensors(file, source), manifest, source).Read();
}

}  // namespace bireid
