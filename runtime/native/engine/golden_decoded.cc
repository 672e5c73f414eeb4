#include "engine/golden_decoded.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "engine/decoders.h"
#include "engine/errors.h"
#include "engine/kinds.h"
#include "engine/safetensors.h"

namespace bireid {
namespace {

int CountOf(const Manifest& manifest, const OutputSpec& spec) {
  if (spec.kind->decoder == nullptr) return 0;
  return spec.kind->decoder->per_item ? manifest.golden.items : 1;
}

[[noreturn]] void Fail(const std::string& source, const std::string& problem) {
  throw BundleError(source + ": " + problem + "; copy the bundle again");
}

std::vector<float> ReadRows(const std::map<std::string, StoredTensor>& tensors,
                            const OutputSpec& spec, int item, const std::string& source) {
  const std::string name = "decoded/" + spec.name + "/" + std::to_string(item);
  const auto found = tensors.find(name);
  if (found == tensors.end()) Fail(source, name + ": it is missing");
  const StoredTensor& tensor = found->second;
  const Decoder& decoder = *spec.kind->decoder;
  const std::vector<int64_t> most = {decoder.most_rows(spec), decoder.columns};
  if (tensor.type != "F32" || tensor.shape.size() != 2 || tensor.shape[0] > most[0] ||
      tensor.shape[1] != most[1]) {
    Fail(source, name + ": expected " + StoredTensor{"F32", most, nullptr, 0}.Describe() +
                     " or fewer rows, got " + tensor.Describe());
  }
  std::vector<float> rows(tensor.bytes / sizeof(float));
  if (!rows.empty()) std::memcpy(rows.data(), tensor.data, tensor.bytes);
  if (!std::all_of(rows.begin(), rows.end(), [](float value) { return std::isfinite(value); })) {
    Fail(source, name + ": not all numbers are finite");
  }
  return rows;
}

}  // namespace

DecodedGolden ParseDecodedGolden(const std::vector<uint8_t>& file, const Manifest& manifest,
                                 const std::string& source) {
  const std::map<std::string, StoredTensor> tensors = ParseSafetensors(file, source);
  DecodedGolden decoded;
  size_t read = 0;
  for (const OutputSpec& spec : manifest.outputs) {
    decoded.emplace_back();
    for (int i = 0; i < CountOf(manifest, spec); ++i, ++read) {
      decoded.back().push_back(ReadRows(tensors, spec, i, source));
    }
  }
  // If none was missing, none may be too much.
  if (read == tensors.size()) return decoded;
  Fail(source,
       std::to_string(tensors.size()) + " tensors, the manifest gives " + std::to_string(read));
}

std::string FindOtherDecoding(const Manifest& manifest, const Golden& golden,
                              const DecodedGolden& expected) {
  const InputSpec& input = manifest.inputs[0];
  const bool takes_image = manifest.inputs.size() == 1 && input.kind->raw == RawItem::kImage;
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    const OutputSpec& spec = manifest.outputs[i];
    for (int item = 0; item < CountOf(manifest, spec); ++item) {
      ShownImage shown;
      if (takes_image) {
        shown.image = {golden.inputs[0][item].width, golden.inputs[0][item].height};
        shown.content = ContentSize(input.preprocess, shown.image);
      }
      if (spec.kind->decoder->decode(spec, golden.outputs[i], item,
                                     takes_image ? &shown : nullptr) == expected[i][item]) {
        continue;
      }
      return "output '" + spec.name + "', item " + std::to_string(item);
    }
  }
  return "";
}

}  // namespace bireid
