#include "engine/extractor.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/errors.h"
#include "engine/model_reader.h"
#include "engine/preprocess.h"
#include "engine/resize.h"

namespace bireid {
namespace {

constexpr int kChannels = 3;
constexpr int kMaxSide = 20000;
constexpr int kMaxImages = 1 << 20;
// An embedding is divided by its length in float32.
constexpr double kUnitTolerance = 0.01;

// The graph of the bundle's model, planned; the model's bytes are not needed any more.
std::unique_ptr<Plan> PlanModel(const Bundle& bundle, const ExtractorOptions& options) {
  const Manifest& manifest = bundle.manifest();
  const std::vector<uint8_t> model = bundle.ReadModel();
  const Graph graph = ReadModel(model.data(), model.size(), bundle.model_path());
  const auto shape_of = [&](int tensor) { return graph.tensors[tensor].shape; };
  if (shape_of(graph.inputs[0]) !=
          std::vector<int>{1, manifest.height, manifest.width, kChannels} ||
      shape_of(graph.outputs[0]) != std::vector<int>{1, 1, 1, manifest.embedding_dim}) {
    throw BundleError(bundle.model_path() +
                      ": its input or output is not that of the manifest; write the bundle again");
  }
  PlanOptions plan_options;
  plan_options.kernels = options.kernels;
  plan_options.threads = options.threads;
  if (options.uint8_stem) {
    plan_options.pixels.mean.assign(manifest.mean, manifest.mean + kChannels);
    plan_options.pixels.std.assign(manifest.std, manifest.std + kChannels);
  }
  try {
    return Plan::Build(graph, plan_options);
  } catch (const PlanError& error) {
    throw UnsupportedError(bundle.model_path() + ": " + error.what());
  }
}

}  // namespace

Extractor::Extractor(const std::string& directory, const ExtractorOptions& options)
    : bundle_(Bundle::Open(directory, options.verify)),
      description_(std::string("bireid " BIREID_VERSION " (") + options.kernels->name +
                   (options.uint8_stem ? ", uint8 stem)" : ")")),
      plan_(PlanModel(bundle_, options)) {
  const size_t values =
      static_cast<size_t>(bundle_.manifest().height) * bundle_.manifest().width * kChannels;
  resized_.resize(values);
  image_.resize(values);
}

void Extractor::EmbedRgb8(const uint8_t* pixels, int width, int height, int64_t row_bytes,
                          float* embedding) {
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
    throw std::invalid_argument("an image of " + std::to_string(width) + "x" +
                                std::to_string(height) + " pixels; a side has 1 to 20000");
  }
  if (row_bytes == 0) row_bytes = static_cast<int64_t>(width) * kChannels;
  if (row_bytes < static_cast<int64_t>(width) * kChannels) {
    throw std::invalid_argument("row_bytes is less than a row of pixels");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const Manifest& manifest = bundle_.manifest();
  ResizeBilinear(pixels, width, height, row_bytes, manifest.width, manifest.height,
                 resized_.data());
  Normalize(resized_.data(), static_cast<int>(resized_.size()), manifest.mean, manifest.std,
            image_.data());
  Run(image_.data(), 1, embedding);
}

void Extractor::EmbedImages(const float* images, int count, float* embeddings) {
  if (count < 0 || count > kMaxImages) {
    throw std::invalid_argument("count is " + std::to_string(count) + "; it must be 0 to 1048576");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (count > 0) Run(images, count, embeddings);
}

void Extractor::Run(const float* images, int count, float* embeddings) {
  const void* inputs[] = {images};
  void* outputs[] = {embeddings};
  if (const char* failure = plan_->Run(inputs, outputs, count)) {
    throw std::invalid_argument(failure);
  }
  for (int image = 0; image < count; ++image) {
    const float* embedding = embeddings + static_cast<int64_t>(image) * embedding_dim();
    double squares = 0;
    for (int i = 0; i < embedding_dim(); ++i) {
      squares += static_cast<double>(embedding[i]) * embedding[i];
    }
    // A comparison with NaN is false, so this finds every number that is not finite too.
    if (!(std::abs(std::sqrt(squares) - 1.0) <= kUnitTolerance)) {
      throw BundleError(bundle_.model_path() +
                        ": an embedding is not of unit length; convert the network again");
    }
  }
}

SelfTestResult Extractor::SelfTest() {
  const Golden golden = bundle_.ReadGolden();
  SelfTestResult result;
  std::vector<float> embedding(embedding_dim());
  for (size_t crop = 0; crop < golden.crops.size(); ++crop) {
    const Golden::Crop& image = golden.crops[crop];
    EmbedRgb8(image.pixels.data(), image.width, image.height, 0, embedding.data());
    const float* expected = golden.embeddings.data() + crop * embedding.size();
    double product = 0, own = 0, known = 0;
    for (size_t i = 0; i < embedding.size(); ++i) {
      const double a = embedding[i];
      const double b = expected[i];
      result.max_difference = std::max(result.max_difference, std::abs(a - b));
      product += a * b;
      own += a * a;
      known += b * b;
    }
    const double length = std::sqrt(own * known);
    result.min_cosine = std::min(result.min_cosine, length > 0 ? product / length : 0.0);
  }
  result.passed = result.max_difference <= golden.max_abs && result.min_cosine >= golden.min_cosine;
  return result;
}

}  // namespace bireid
