#include "engine/c_status.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/kinds.h"
#include "engine/text.h"
#include "kernels/dispatch.h"
#include "plan/profile_log.h"
#include "plan/thread_pool.h"
#include "plan/usable_cpus.h"

namespace bireid {
namespace {

constexpr int kColors = 3;
constexpr int32_t kMaxGivenFiles = 1024;

// An array, since a string could fail to grow while an error is being told.
thread_local char last_error[1024];

#define BIREID_TEXT_OF(number) #number
#define BIREID_TEXT(number) BIREID_TEXT_OF(number)
static_assert(std::string_view(BIREID_TEXT(BIREID_VERSION_MAJOR) "." BIREID_TEXT(
                  BIREID_VERSION_MINOR) "." BIREID_TEXT(BIREID_VERSION_PATCH)) == BIREID_VERSION,
              "bireid.h must say the version of pyproject.toml");

template <typename Spec>
std::string Names(const std::vector<Spec>& specs) {
  std::string names;
  for (const Spec& spec : specs) names += (names.empty() ? "" : ", ") + spec.name;
  return names;
}

// The function that opens a network of these kinds of input and output.
const char* FaceOf(const Session& session, const std::string& kind) {
  if (session.TakesClouds()) {
    return kind == kLogitsKind ? "bireid_point_classifier_open" : "bireid_session_open";
  }
  if (kind == kEmbeddingKind) return "bireid_open";
  if (kind == kBoxesKind) return "bireid_detector_open";
  if (kind == kCorrelationKind) return "bireid_tracker_open";
  return kind == kLogitsKind ? "bireid_classifier_open" : "bireid_session_open";
}

}  // namespace

bireid_status Fail(bireid_status status, const char* message) {
  std::snprintf(last_error, sizeof(last_error), "%s", message);
  // One line, whatever a file made a message contain.
  for (char* c = last_error; *c != '\0'; ++c) {
    if (*c == '\n' || *c == '\r') *c = ' ';
  }
  return status;
}

void Require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

SessionOptions ReadOptions(const bireid_options* given) {
  bireid_options options{};
  if (given != nullptr) {
    Require(given->size >= sizeof(size_t), "options.size is not set");
    std::memcpy(&options, given, std::min(given->size, sizeof(options)));
  }
  SessionOptions result;
  Require(options.threads >= 0 && options.threads <= kMaxThreads, "threads must be 1 to 64");
  result.threads = std::clamp(options.threads, 1, UsableCpus());
  const std::string isa = options.isa == nullptr ? "auto" : options.isa;
  result.kernels = FindKernels(isa);
  if (result.kernels == nullptr) {
    throw UnsupportedError("isa is '" + isa + "'; this CPU or this build has no such path");
  }
  const std::string stem = options.stem == nullptr ? "float32" : options.stem;
  Require(stem == "float32" || stem == "uint8", "stem must be float32 or uint8");
  result.uint8_stem = stem == "uint8";
  result.verify = options.skip_checksums == 0;
  if (options.profile != nullptr) {
    Require(CanKeepProfile(options.profile),
            "profile must be a file in a folder that can be written");
    result.profile = options.profile;
  }
  result.model = options.model;
  result.model_bytes = options.model_bytes;
  Require(options.file_count >= 0 && options.file_count <= kMaxGivenFiles,
          "file_count must be 0 to 1024");
  Require(options.files != nullptr || options.file_count == 0, "files is NULL");
  for (int32_t i = 0; i < options.file_count; ++i) {
    const bireid_file& file = options.files[i];
    Require(file.name != nullptr && (file.data != nullptr || file.bytes == 0),
            "a file has no name or no data");
    result.files.push_back({file.name, static_cast<const uint8_t*>(file.data), file.bytes});
  }
  Require(options.files == nullptr || options.file_count > 0, "file_count is 0");
  if (options.camera != nullptr) result.camera = options.camera;
  result.uncentred = options.uncentred != 0;
  return result;
}

int32_t CameraCount(const Session& session) {
  const auto& adaptation = session.manifest().adaptation;
  return adaptation ? static_cast<int32_t>(adaptation->cameras.size()) : 0;
}

const char* CameraName(const Session& session, int32_t index) {
  if (index < 0 || index >= CameraCount(session)) return nullptr;
  return session.manifest().adaptation->cameras[index].c_str();
}

bireid_status SelfTest(Session* session, double* max_difference, double* min_cosine) {
  const SelfTestResult result = session->SelfTest();
  if (max_difference != nullptr) *max_difference = result.max_difference;
  if (min_cosine != nullptr) *min_cosine = result.min_cosine;
  if (result.passed) return BIREID_OK;
  if (!result.other_decoding.empty()) {
    const std::string message = "the golden maps decode to something else here (" +
                                result.other_decoding + "); copy the bundle again";
    return Fail(BIREID_SELF_TEST_FAILED, message.c_str());
  }
  char cosine[40] = "";
  if (!std::isnan(result.min_cosine)) {
    std::snprintf(cosine, sizeof(cosine), ", smallest cosine %.6f", result.min_cosine);
  }
  char message[160];
  std::snprintf(message, sizeof(message),
                "the golden items give other outputs here: largest difference %.2e%s; copy the "
                "bundle again",
                result.max_difference, cosine);
  return Fail(BIREID_SELF_TEST_FAILED, message);
}

int OutputOfFace(const Session& session, const char* kind, const char* face, RawItem input) {
  const Manifest& manifest = session.manifest();
  int found = -1;
  int count = 0;
  std::string fitting = "bireid_session_open";
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    const std::string name = manifest.outputs[i].kind->name;
    if (i == 0 || fitting == "bireid_session_open") fitting = FaceOf(session, name);
    if (name != kind) continue;
    found = static_cast<int>(i);
    ++count;
  }
  const bool is_rgb = session.TakesImages() && manifest.inputs[0].preprocess.channels() == kColors;
  const bool has_input = input == RawItem::kCloud ? session.TakesClouds() : is_rgb;
  if (count == 1 && has_input) return found;
  const bool any_face = is_rgb || session.TakesClouds();
  if (!any_face || count > 1 || fitting == face) fitting = "bireid_session_open";
  throw UnsupportedError(session.directory() + ": holds a network of the task '" + manifest.task +
                         "' (inputs: " + Names(manifest.inputs) +
                         "; outputs: " + Names(manifest.outputs) + "); open it with " + fitting);
}

void RunOneImage(Session* session, int output, const ImageView& image, float* values) {
  std::vector<float*> outputs(session->manifest().outputs.size(), nullptr);
  outputs[output] = values;
  session->RunImages(&image, 1, outputs.data());
}

}  // namespace bireid

const char* bireid_version(void) { return BIREID_VERSION; }

const char* bireid_last_error(void) { return bireid::last_error; }
