#include "engine/session.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string_view>

#include "engine/centring.h"
#include "engine/errors.h"
#include "engine/kinds.h"
#include "engine/text.h"
#include "plan/thread_pool.h"

namespace bireid {
namespace {

constexpr int kMaxItems = 1 << 20;

std::string JoinNames(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined;
}

Bundle OpenBundle(const std::string& directory, const SessionOptions& options) {
  if (!options.files.empty()) {
    return Bundle::OpenInMemory(directory, options.files, options.verify, options.model,
                                options.model_bytes);
  }
  if (options.model == nullptr) return Bundle::Open(directory, options.verify);
  return Bundle::OpenAround(directory, options.model, options.model_bytes);
}

// Position of the camera, or -1: the network is run as it is.
int ChooseCamera(const Bundle& bundle, const SessionOptions& options) {
  const auto& adaptation = bundle.manifest().adaptation;
  if (!options.camera) {
    if (!adaptation || options.model != nullptr) return -1;
    throw std::invalid_argument(bundle.directory() + ": adapted to single cameras; name one: " +
                                JoinNames(adaptation->cameras));
  }
  if (options.camera->empty()) return adaptation ? 0 : -1;
  const std::string shown = Printable(*options.camera);
  if (!adaptation) {
    throw std::invalid_argument(bundle.directory() +
                                ": not adapted to cameras, so there is no camera '" + shown +
                                "' in it; leave the camera out");
  }
  const int camera = adaptation->FindCamera(*options.camera);
  if (camera >= 0) return camera;
  throw std::invalid_argument(bundle.directory() + ": no camera '" + shown +
                              "'; choose one of: " + JoinNames(adaptation->cameras));
}

SessionOptions Kept(SessionOptions options) {
  options.model = nullptr;
  options.model_bytes = 0;
  options.files.clear();
  return options;
}

void CheckItems(int items) {
  if (items >= 0 && items <= kMaxItems) return;
  throw std::invalid_argument("the number of items is " + std::to_string(items) +
                              "; it must be 0 to 1048576");
}

// Adds one output of one item to the result.
void Compare(const float* actual, const float* expected, const OutputSpec& output,
             const Tolerance& tolerance, SelfTestResult* result) {
  double difference = 0, product = 0, own = 0, known = 0;
  for (int64_t i = 0; i < output.elements; ++i) {
    const double a = actual[i];
    const double b = expected[i];
    // Not std::max, which NaN slips through.
    if (!(std::abs(a - b) <= difference)) {
      difference = std::isnan(a) ? std::numeric_limits<double>::infinity() : std::abs(a - b);
    }
    product += a * b;
    own += a * a;
    known += b * b;
  }
  result->max_difference = std::max(result->max_difference, difference);
  if (difference > tolerance.max_abs) result->passed = false;
  if (!output.kind->has_cosine) return;
  const double length = std::sqrt(own * known);
  double cosine = own == known ? 1.0 : 0.0;  // of zeros
  if (length > 0) cosine = product / length;
  if (!(cosine >= -1)) cosine = -1;  // NaN
  // Not std::min: of NaN, which it starts as, and a number this is the number.
  result->min_cosine = std::fmin(result->min_cosine, cosine);
  if (cosine < tolerance.min_cosine) result->passed = false;
}

}  // namespace

Session::Session(const std::string& directory, const SessionOptions& options)
    : Session(OpenBundle(directory, options), options) {}

Session::Session(Bundle bundle, const SessionOptions& options)
    : options_(Kept(options)),
      camera_(ChooseCamera(bundle, options)),
      numbers_(camera_ < 0 ? CameraNumbers{} : bundle.ReadCamera(camera_)),
      description_(std::string("bireid " BIREID_VERSION " (") + options.kernels->name +
                   (options.uint8_stem ? ", uint8 stem)" : ")")),
      plan_(PlanNetwork(bundle.manifest(), bundle.TakeModel(numbers_), options)),
      resize_kernels_(&ResizeKernelsOf(*options.kernels)),
      unwanted_(bundle.manifest().outputs.size()) {
  bundle_ = std::make_shared<const Bundle>(std::move(bundle));
  for (const InputSpec& input : manifest().inputs) {
    preparers_.push_back(input.kind->raw == RawItem::kImage
                             ? std::make_shared<const ImagePreparer>(input.preprocess)
                             : nullptr);
  }
  if (!options.profile.empty()) profile_ = std::make_unique<ProfileLog>(options.profile);
}

Session::Session(const Session& other, Sharing)
    : options_(other.options_),
      bundle_(other.bundle_),
      camera_(other.camera_),
      numbers_(other.numbers_),
      description_(other.description_),
      plan_(other.plan_->Share()),
      preparers_(other.preparers_),
      resize_kernels_(other.resize_kernels_),
      unwanted_(other.manifest().outputs.size()) {}

Session::~Session() {
  if (profile_ == nullptr) return;
  try {
    profile_->Add(plan_->Profile());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bireid: the profile is not kept: %s\n", error.what());
  }
}

bool Session::TakesImages() const {
  return manifest().inputs.size() == 1 && manifest().inputs[0].kind->raw == RawItem::kImage;
}

bool Session::TakesClouds() const {
  return manifest().inputs.size() == 1 && manifest().inputs[0].kind->raw == RawItem::kCloud;
}

void Session::Run(const float* const* inputs, int items, float* const* outputs) {
  CheckItems(items);
  const std::lock_guard<ForkMutex> lock(mutex_);
  RunLocked(inputs, items, outputs);
}

// All at once, or where an output is not wanted as many at a time as there are threads.
void Session::RunLocked(const float* const* inputs, int items, float* const* outputs) {
  const size_t output_count = manifest().outputs.size();
  const bool all = std::find(outputs, outputs + output_count, nullptr) == outputs + output_count;
  const int at_once = all ? items : threads();
  for (int begin = 0; begin < items; begin += at_once) {
    std::vector<const void*> part_inputs;
    for (size_t i = 0; i < manifest().inputs.size(); ++i) {
      part_inputs.push_back(inputs[i] + begin * manifest().inputs[i].elements);
    }
    Pointers part_outputs;
    for (size_t i = 0; i < output_count; ++i) {
      const int64_t elements = manifest().outputs[i].elements;
      if (outputs[i] == nullptr) {
        unwanted_[i].resize(static_cast<size_t>(elements) * threads());
        part_outputs.push_back(unwanted_[i].data());
      } else {
        part_outputs.push_back(outputs[i] + begin * elements);
      }
    }
    RunPart(part_inputs, std::min(at_once, items - begin), part_outputs);
  }
}

void Session::RunPart(const std::vector<const void*>& inputs, int items, const Pointers& outputs) {
  const std::vector<void*> places(outputs.begin(), outputs.end());
  if (const char* failure = plan_->Run(inputs.data(), places.data(), items)) {
    throw std::invalid_argument(failure);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const OutputSpec& spec = manifest().outputs[i];
    const bool centres = !numbers_.mean.empty() && !options_.uncentred &&
                         spec.kind->name == std::string_view(kEmbeddingKind);
    for (int item = 0; item < items; ++item) {
      float* values = outputs[i] + item * spec.elements;
      if (centres) {
        const float* deviation = numbers_.deviation.empty() ? nullptr : numbers_.deviation.data();
        Centre(numbers_.mean.data(), deviation, spec.elements, values);
      }
      const char* problem = spec.kind->problem(values, spec.elements);
      if (problem != nullptr) throw BundleError(directory() + ": " + problem);
    }
  }
}

void Session::RunImages(const ImageView* images, int count, float* const* outputs) {
  CheckItems(count);
  RequireImages();
  const InputSpec& input = manifest().inputs[0];
  for (int i = 0; i < count; ++i) CheckImage(images[i], input.preprocess.channels());
  const std::lock_guard<ForkMutex> lock(mutex_);
  RunRawImages(count, outputs, [&](int item, ImageWorkspace* workspace, float* output) {
    preparers_[0]->Prepare(images[item], workspace, output);
  });
}

void Session::RunPictures(const Picture* pictures, int count, float* const* outputs) {
  CheckItems(count);
  RequireImages();
  const InputSpec& input = manifest().inputs[0];
  for (int i = 0; i < count; ++i) CheckPicture(pictures[i], input.preprocess.channels());
  const std::lock_guard<ForkMutex> lock(mutex_);
  RunRawImages(count, outputs, [&](int item, ImageWorkspace* workspace, float* output) {
    const Picture& picture = pictures[item];
    ImageView image = picture.image;
    if (picture.format == PixelFormat::kNv12) {
      Nv12ToRgb(picture, &workspace->converted);
      image = {workspace->converted.data(), image.width, image.height, 0};
    }
    preparers_[0]->Prepare(image, workspace, output, picture.format == PixelFormat::kBgr);
  });
}

void Session::RequireImages() const {
  if (TakesImages()) return;
  throw UnsupportedError(directory() +
                         ": the network takes other inputs than one image; run it on tensors");
}

void Session::RunRawImages(int count, float* const* outputs, const PrepareImage& prepare) {
  const size_t slots = static_cast<size_t>(std::min(threads(), count));
  while (workspaces_.size() < slots) workspaces_.emplace_back(*resize_kernels_);
  RunRaw(count, outputs,
         [&](int item, int slot, float* output) { prepare(item, &workspaces_[slot], output); });
}

void Session::RunClouds(const CloudView* clouds, int count, float* const* outputs) {
  CheckItems(count);
  if (!TakesClouds()) {
    throw UnsupportedError(directory() +
                           ": the network takes other inputs than one cloud; run it on tensors");
  }
  const int points = manifest().inputs[0].points;
  for (int i = 0; i < count; ++i) CheckCloud(clouds[i], points);
  const std::lock_guard<ForkMutex> lock(mutex_);
  RunRaw(count, outputs,
         [&](int item, int, float* output) { PrepareCloud(clouds[item], points, output); });
}

// As many items at a time as there are threads.
void Session::RunRaw(int count, float* const* outputs, const Prepare& prepare) {
  Pointers part_outputs(outputs, outputs + manifest().outputs.size());
  for (int begin = 0; begin < count; begin += threads()) {
    const int part = std::min(threads(), count - begin);
    PrepareItems(begin, part, prepare);
    const float* inputs[] = {prepared_.data()};
    RunLocked(inputs, part, part_outputs.data());
    for (size_t i = 0; i < part_outputs.size(); ++i) {
      if (part_outputs[i] != nullptr) part_outputs[i] += part * manifest().outputs[i].elements;
    }
  }
}

// At most as many as there are threads, to prepared_.
void Session::PrepareItems(int begin, int count, const Prepare& prepare) {
  const int64_t elements = manifest().inputs[0].elements;
  prepared_.resize(std::max(prepared_.size(), static_cast<size_t>(count * elements)));
  std::vector<std::exception_ptr> failures(count);
  RunParts(count, [&](const Part& part) {
    for (int i = part.number; i < count; i += part.count) {
      try {
        prepare(begin + i, i, prepared_.data() + i * elements);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure != nullptr) std::rethrow_exception(failure);
  }
}

void Session::RunGolden(const Golden& golden, int item, const Pointers& outputs) {
  std::vector<std::vector<float>> prepared(golden.inputs.size());
  std::vector<const float*> inputs;
  for (size_t i = 0; i < golden.inputs.size(); ++i) {
    const GoldenInput& input = golden.inputs[i][item];
    const InputSpec& spec = manifest().inputs[i];
    if (spec.kind->raw == RawItem::kNone) {
      inputs.push_back(input.values.data());
      continue;
    }
    prepared[i].resize(spec.elements);
    if (spec.kind->raw == RawItem::kCloud) {
      const auto count = static_cast<int64_t>(input.values.size() / kAxes);
      PrepareCloud({input.values.data(), count}, spec.points, prepared[i].data());
    } else {
      ImageWorkspace workspace(*resize_kernels_);
      preparers_[i]->Prepare({input.pixels.data(), input.width, input.height, 0}, &workspace,
                             prepared[i].data());
    }
    inputs.push_back(prepared[i].data());
  }
  Run(inputs.data(), 1, outputs.data());
}

void Session::CompareItem(const Golden& golden, int item, SelfTestResult* result) {
  std::vector<std::vector<float>> outputs;
  Pointers pointers;
  for (const OutputSpec& spec : manifest().outputs) outputs.emplace_back(spec.elements);
  for (std::vector<float>& output : outputs) pointers.push_back(output.data());
  RunGolden(golden, item, pointers);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const OutputSpec& spec = manifest().outputs[i];
    Compare(outputs[i].data(), golden.outputs[i].data() + item * spec.elements, spec,
            manifest().golden.tolerances[i], result);
  }
}

std::unique_ptr<Session> Session::OpenFor(int camera) const {
  SessionOptions options = options_;
  options.camera = manifest().adaptation->cameras[camera];
  options.uncentred = false;
  options.profile.clear();
  if (!bundle_->in_memory()) return std::make_unique<Session>(directory(), options);
  return std::unique_ptr<Session>(new Session(bundle_->Reopen(), options));
}

SelfTestResult Session::SelfTest() {
  const Golden golden = bundle_->ReadGolden();
  const std::vector<int>& cameras = manifest().golden.cameras;
  SelfTestResult result;
  std::set<int> tested;
  for (int item = 0; item < manifest().golden.items; ++item) {
    if (cameras.empty()) {
      CompareItem(golden, item, &result);
      continue;
    }
    // One camera after the other, with all of its items.
    const int camera = cameras[item];
    if (!tested.insert(camera).second) continue;
    std::unique_ptr<Session> other;
    if (camera != camera_ || options_.uncentred) other = OpenFor(camera);
    Session& running = other == nullptr ? *this : *other;
    for (int own = item; own < manifest().golden.items; ++own) {
      if (cameras[own] == camera) running.CompareItem(golden, own, &result);
    }
  }
  if (manifest().golden.decoded) {
    result.other_decoding = FindOtherDecoding(manifest(), golden, bundle_->ReadDecodedGolden());
    if (!result.other_decoding.empty()) result.passed = false;
  }
  return result;
}

}  // namespace bireid
