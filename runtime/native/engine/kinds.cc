#include "engine/kinds.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "engine/errors.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr int64_t kMaxInputSide = 4096;
constexpr size_t kMaxChannels = 64;
constexpr int kColors = 3;
constexpr size_t kMaxClassCharacters = 200;
// An embedding is divided by its length in float32.
constexpr double kUnitTolerance = 0.01;

std::string JoinShape(const std::vector<int>& shape) {
  std::string text = "[null";
  for (const int size : shape) text += ", " + std::to_string(size);
  return text + "]";
}

std::vector<float> ToFloats(const std::vector<double>& numbers) {
  return {numbers.begin(), numbers.end()};
}

// Whether an image keeps its aspect ratio.
bool ReadFit(const JsonSection& preprocess) {
  const std::string fit = preprocess.Text("fit");
  if (fit == "letterbox") return true;
  if (fit == "stretch") return false;
  throw UnsupportedError(preprocess.source() + ": " + preprocess.Dotted("fit") + " is '" +
                         Printable(fit) + "'; this version supports stretch, letterbox");
}

void RequirePreparedShape(const JsonSection& section, const InputSpec& input,
                          const std::vector<int>& expected) {
  if (input.shape == expected) return;
  section.Fail("shape", "must be " + JoinShape(expected) + " to agree with preprocess");
}

ResizeKernel ReadKernel(const JsonSection& preprocess) {
  if (preprocess.Text("resize") == "bicubic") {
    preprocess.RequireTrue("antialias");
    return ResizeKernel::kBicubic;
  }
  preprocess.RequireText("resize", "bilinear");
  return preprocess.Boolean("antialias") ? ResizeKernel::kBilinear : ResizeKernel::kPlainBilinear;
}

void ReadImage(const JsonSection& section, InputSpec* input) {
  section.RequireText("layout", "NHWC");
  const JsonSection preprocess = section.Section("preprocess");
  // An option that is not understood would silently change every output.
  preprocess.RefuseUnknown(
      {"height", "width", "color_order", "resize", "antialias", "mean", "std", "fit"});
  Preprocess* read = &input->preprocess;
  read->mean = ToFloats(preprocess.Numbers("mean", kMaxChannels));
  read->std = ToFloats(preprocess.Numbers("std", kMaxChannels));
  if (read->mean.size() != read->std.size()) {
    preprocess.Fail("std", "must hold as many numbers as mean");
  }
  // As float32, which divides the pixels: a tiny double is 0 there.
  for (const float value : read->std) {
    if (!(value > 0)) preprocess.Fail("std", "must be positive");
  }
  read->height = static_cast<int>(preprocess.Integer("height", 1, kMaxInputSide));
  read->width = static_cast<int>(preprocess.Integer("width", 1, kMaxInputSide));
  read->kernel = ReadKernel(preprocess);
  preprocess.RequireText("color_order", read->channels() == kColors ? "RGB" : "channels");
  read->letterbox = preprocess.Has("fit") && ReadFit(preprocess);
  RequirePreparedShape(section, *input, {read->height, read->width, read->channels()});
}

void ReadPoints(const JsonSection& section, InputSpec* input) {
  section.RequireText("layout", "NHWC");
  const JsonSection preprocess = section.Section("preprocess");
  preprocess.RefuseUnknown({"points", "sample", "normalize", "up_axis"});
  preprocess.RequireText("sample", "even");
  preprocess.RequireText("normalize", "unit_sphere");
  // Nothing is turned here: it says to callers how clouds must stand.
  const std::string up_axis = preprocess.Text("up_axis");
  if (up_axis != "x" && up_axis != "y" && up_axis != "z") {
    preprocess.Fail("up_axis", "must be x, y or z");
  }
  input->points = static_cast<int>(preprocess.Integer("points", kMinPoints, kMaxInputPoints));
  RequirePreparedShape(section, *input, {input->points, 1, kAxes});
}

void ReadTensor(const JsonSection& section, InputSpec*) {
  if (section.Has("preprocess"))
    section.Fail("preprocess", "goes with kinds 'image' and 'points' only");
}

void RequireRow(const JsonSection& section, const OutputSpec& output) {
  if (output.shape.size() == 1) return;
  section.Fail("shape", "must be [null, N] for kind '" + std::string(output.kind->name) + "'");
}

void ReadEmbedding(const JsonSection& section, OutputSpec* output) {
  section.RequireTrue("normalized");
  section.RequireText("metric", "cosine");
  RequireRow(section, *output);
}

size_t CharactersOf(const std::string& text) {
  // Each has one byte that is no continuation.
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void ReadClasses(const JsonSection& section, int64_t count, OutputSpec* output) {
  output->classes = section.Texts("classes");
  if (static_cast<int64_t>(output->classes.size()) != count) {
    section.Fail("classes", "must hold " + std::to_string(count) +
                                " names to agree with shape, not " +
                                std::to_string(output->classes.size()));
  }
  std::set<std::string> seen;
  for (const std::string& name : output->classes) {
    if (CharactersOf(name) > kMaxClassCharacters) {
      section.Fail("classes", "holds a name of more than 200 characters");
    }
    if (!seen.insert(name).second) {
      section.Fail("classes", "holds '" + Printable(name) + "' twice");
    }
  }
}

void ReadLogits(const JsonSection& section, OutputSpec* output) {
  RequireRow(section, *output);
  ReadClasses(section, output->elements, output);
}

void ReadBoxes(const JsonSection& section, OutputSpec* output) {
  const std::vector<int>& shape = output->shape;
  if (shape.size() != 3 || shape[2] <= kBoxSides) {
    section.Fail("shape", "must be null, rows, columns and 4 channels more than classes");
  }
  ReadClasses(section, shape[2] - kBoxSides, output);
  const JsonSection decode = section.Section("decode");
  decode.RefuseUnknown({"stride", "score_threshold", "iou_threshold", "max_boxes"});
  output->decoding.stride = static_cast<int>(decode.Integer("stride", 1, kMaxStride));
  output->decoding.score_threshold = decode.Number("score_threshold", 0, 1);
  output->decoding.iou_threshold = decode.Number("iou_threshold", 0, 1);
  output->decoding.max_boxes = static_cast<int>(decode.Integer("max_boxes", 1, kMaxBoxes));
}

void ReadCorrelation(const JsonSection& section, OutputSpec* output) {
  const std::vector<int>& shape = output->shape;
  if (shape.size() != 3 || shape[0] != shape[1]) {
    section.Fail("shape", "must be null, rows, as many columns, and channels");
  }
  output->matching = ReadMatching(section.Section("decode"), shape[0]);
}

void ReadNothing(const JsonSection&, OutputSpec*) {}

const char* NotOfUnitLength(const float* values, int64_t count) {
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) squares += static_cast<double>(values[i]) * values[i];
  // A comparison with NaN is false, so this finds every number that is not finite too.
  const bool is_unit = std::abs(std::sqrt(squares) - 1.0) <= kUnitTolerance;
  return is_unit ? nullptr : "an embedding is not of unit length; convert the network again";
}

bool AreFinite(const float* values, int64_t count) {
  return std::all_of(values, values + count, [](float value) { return std::isfinite(value); });
}

const char* LogitNotFinite(const float* values, int64_t count) {
  return AreFinite(values, count) ? nullptr : "a logit is not finite; convert the network again";
}

const char* BoxNotFinite(const float* values, int64_t count) {
  return AreFinite(values, count)
             ? nullptr
             : "a number of the boxes is not finite; convert the network again";
}

const char* FeatureNotFinite(const float* values, int64_t count) {
  return AreFinite(values, count) ? nullptr : "a feature is not finite; convert the network again";
}

const char* NoProblem(const float*, int64_t) { return nullptr; }

constexpr InputKind kInputKinds[] = {
    {"image", ReadImage, RawItem::kImage},
    {kPointsKind, ReadPoints, RawItem::kCloud},
    {"tensor", ReadTensor, RawItem::kNone},
};

constexpr OutputKind kOutputKinds[] = {
    {kEmbeddingKind, ReadEmbedding, NotOfUnitLength, true, nullptr},
    {kLogitsKind, ReadLogits, LogitNotFinite, false, nullptr},
    {kBoxesKind, ReadBoxes, BoxNotFinite, false, &kBoxesDecoder},
    {kCorrelationKind, ReadCorrelation, FeatureNotFinite, false, &kCorrelationDecoder},
    {"tensor", ReadNothing, NoProblem, false, nullptr},
};

template <typename Kind, size_t kCount>
const Kind& Find(const Kind (&kinds)[kCount], const JsonSection& section) {
  const std::string name = section.Text("kind");
  std::string known;
  for (const Kind& kind : kinds) {
    if (name == kind.name) return kind;
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  throw UnsupportedError(section.source() + ": " + section.Dotted("kind") + " is '" +
                         Printable(name) + "'; this version knows " + known);
}

}  // namespace

const InputKind& FindInputKind(const JsonSection& section) { return Find(kInputKinds, section); }

const OutputKind& FindOutputKind(const JsonSection& section) { return Find(kOutputKinds, section); }

}  // namespace bireid
