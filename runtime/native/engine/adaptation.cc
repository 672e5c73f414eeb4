#include "engine/adaptation.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/centring.h"
#include "engine/errors.h"
#include "engine/safetensors.h"

namespace bireid {
namespace {

class Reader {
 public:
  Reader(const std::map<std::string, StoredTensor>& tensors, const std::string& source)
      : tensors_(tensors), source_(source) {}

  std::vector<float> Read(const std::string& name, int64_t length) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) Fail(name, "it is missing");
    const StoredTensor& tensor = found->second;
    const std::vector<int64_t> expected = {length};
    if (tensor.type != "F32" || tensor.shape != expected) {
      Fail(name, "expected " + StoredTensor{"F32", expected, nullptr, 0}.Describe() + ", got " +
                     tensor.Describe());
    }
    std::vector<float> values(tensor.bytes / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), tensor.data, tensor.bytes);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
      Fail(name, "not all numbers are finite");
    }
    ++read_;
    return values;
  }

  // If none was missing, none may be too much.
  void RequireNoOthers() const {
    if (read_ == tensors_.size()) return;
    throw BundleError(source_ + ": " + std::to_string(tensors_.size()) +
                      " tensors, the manifest gives " + std::to_string(read_) +
                      "; adapt the bundle again");
  }

  [[noreturn]] void Fail(const std::string& name, const std::string& problem) const {
    throw BundleError(source_ + ": " + name + ": " + problem + "; adapt the bundle again");
  }

 private:
  const std::map<std::string, StoredTensor>& tensors_;
  const std::string& source_;
  size_t read_ = 0;
};

int64_t NumbersOf(const std::vector<Patch>& patches) {
  int64_t numbers = 0;
  for (const Patch& patch : patches) numbers += patch.numbers();
  return numbers;
}

CameraNumbers ReadCamera(const AdaptationSpec& spec, int64_t dim, size_t camera, Reader* reader) {
  const std::string index = std::to_string(camera);
  CameraNumbers numbers;
  if (spec.has_mean) numbers.mean = reader->Read("mean/" + index, dim);
  if (spec.has_deviation) {
    const std::string name = "deviation/" + index;
    numbers.deviation = reader->Read(name, dim);
    for (const float value : numbers.deviation) {
      if (value < kMinDeviation) reader->Fail(name, "it holds a number below 1e-06");
    }
  }
  for (const auto& [file, patches] : spec.patches) {
    numbers.patches[file] = reader->Read("patch/" + index + "/" + file, NumbersOf(patches));
  }
  return numbers;
}

}  // namespace

CameraNumbers ParseAdaptation(const std::vector<uint8_t>& file, const AdaptationSpec& spec,
                              int64_t dim, int camera, const std::string& source) {
  const std::map<std::string, StoredTensor> tensors = ParseSafetensors(file, source);
  Reader reader(tensors, source);
  CameraNumbers chosen;
  for (size_t i = 0; i < spec.cameras.size(); ++i) {
    CameraNumbers numbers = ReadCamera(spec, dim, i, &reader);
    if (i == static_cast<size_t>(camera)) chosen = std::move(numbers);
  }
  reader.RequireNoOthers();
  return chosen;
}

void ApplyPatches(const std::vector<Patch>& patches, const std::vector<float>& numbers,
                  const std::string& source, uint8_t* file) {
  const float* next = numbers.data();
  for (const Patch& patch : patches) {
    // Inside the file, as ReadAdaptationSpec has seen to; nothing in it need be aligned.
    uint8_t* place = file + patch.offset;
    if (!patch.scales) {
      std::memcpy(place, next, static_cast<size_t>(patch.numbers()) * sizeof(float));
      next += patch.numbers();
      continue;
    }
    for (int64_t row = 0; row < patch.rows; ++row, ++next) {
      for (int64_t i = 0; i < patch.row; ++i, place += sizeof(float)) {
        float value;
        std::memcpy(&value, place, sizeof(value));
        value *= *next;
        if (!std::isfinite(value)) {
          throw BundleError(source + ": the patch at " + std::to_string(patch.offset) +
                            " gives a number that is not finite; adapt the bundle again");
        }
        std::memcpy(place, &value, sizeof(value));
      }
    }
  }
}

}  // namespace bireid
