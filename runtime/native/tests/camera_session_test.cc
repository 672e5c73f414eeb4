// Bundles that are adapted to cameras, through the C interface.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/centring.h"
#include "tests/session_handles.h"

namespace bireid {
namespace {

bireid_options Options(const char* camera) {
  bireid_options options{};
  options.size = sizeof(options);
  options.camera = camera;
  return options;
}

// Two cameras with factors for the weights of each class, and a mean of the embedding.
class CameraSession : public testing::Test {
 protected:
  CameraSession() {
    const Floats image = Values(kImage), shift = {1, -2, 0.5f};
    const std::vector<uint8_t> file = [&] {
      const TemporaryDirectory plain;
      bundle_.Write(plain);
      return plain.Read("model.lce.tflite");
    }();
    const std::string text = BytesOf(bundle_.weights);
    const std::vector<uint8_t> bytes(text.begin(), text.end());
    const auto found = std::search(file.begin(), file.end(), bytes.begin(), bytes.end());
    const std::string offset = std::to_string(found - file.begin());
    bundle_.adaptation =
        "\"cameras\": [{\"name\": \"a\", \"crops\": 4}, {\"name\": \"b\", \"crops\": 5}], "
        "\"embedding\": \"mean\", \"patches\": {\"model.lce.tflite\": [{\"offset\": " +
        offset + ", \"kind\": \"scale\", \"rows\": 4, \"row\": 3}]}";
    bundle_.numbers = {{"mean/0", "F32", "[3]", BytesOf<float>({0.5f, 0, 0})},
                       {"mean/1", "F32", "[3]", BytesOf<float>({0, 0, -1})},
                       {"patch/0/model.lce.tflite", "F32", "[4]", BytesOf<float>({2, 1, 1, 1})},
                       {"patch/1/model.lce.tflite", "F32", "[4]", BytesOf<float>({1, 1, 3, -1})}};
    const SessionBundle::Expected plain = bundle_.Compute(image, shift);
    for (int camera = 0; camera < 2; ++camera) {
      expected_[camera] = plain;
      const Floats factors = camera == 0 ? Floats{2, 1, 1, 1} : Floats{1, 1, 3, -1};
      for (int i = 0; i < kSessionClasses; ++i) expected_[camera].logits[i] *= factors[i];
      const float mean[] = {camera == 0 ? 0.5f : 0, 0, camera == 0 ? 0 : -1.0f};
      Centre(mean, nullptr, kChannels, expected_[camera].embedding.data());
    }
    bundle_.golden_cameras = "[\"b\", \"a\"]";
    bundle_.items = 2;
    image_ = image;
    shift_ = shift;
  }

  void Write() { bundle_.Write(directory_); }

  Owned<bireid_session> Open(const bireid_options& options) {
    bireid_session* session = nullptr;
    status_ = bireid_session_open(directory_.path().c_str(), &options, &session);
    return Owned<bireid_session>(session);
  }

  struct Results {
    Floats embedding = Floats(kChannels);
    Floats logits = Floats(kSessionClasses);
  };

  Results Run(bireid_session* session) const {
    Results results;
    const float* inputs[] = {image_.data(), shift_.data()};
    float* outputs[] = {results.embedding.data(), results.logits.data(), nullptr};
    EXPECT_EQ(bireid_session_run(session, inputs, 1, outputs), BIREID_OK) << bireid_last_error();
    return results;
  }

  static void ExpectNear(const Floats& actual, const Floats& expected) {
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-5) << i;
  }

  void ExpectRefused(const char* camera, const std::string& message) {
    EXPECT_EQ(Open(Options(camera)), nullptr);
    EXPECT_EQ(status_, BIREID_INVALID_ARGUMENT);
    EXPECT_NE(std::string(bireid_last_error()).find(message), std::string::npos)
        << bireid_last_error();
  }

  const TemporaryDirectory directory_;
  SessionBundle bundle_;
  SessionBundle::Expected expected_[2];
  Floats image_, shift_;
  bireid_status status_ = BIREID_OK;
};

TEST_F(CameraSession, EveryCameraHasItsNumbers) {
  Write();
  for (int camera = 0; camera < 2; ++camera) {
    const auto session = Open(Options(camera == 0 ? "a" : "b"));
    ASSERT_NE(session, nullptr) << bireid_last_error();
    const Results found = Run(session.get());
    ExpectNear(found.embedding, expected_[camera].embedding);
    ExpectNear(found.logits, expected_[camera].logits);
    ASSERT_EQ(bireid_session_camera_count(session.get()), 2);
    EXPECT_STREQ(bireid_session_camera_name(session.get(), 1), "b");
    EXPECT_EQ(bireid_session_camera_name(session.get(), 2), nullptr);
    EXPECT_EQ(bireid_session_camera_name(session.get(), -1), nullptr);
    const std::string json = bireid_session_describe_json(session.get());
    const std::string told = "\"cameras\": [\"a\", \"b\"], \"camera\": \"";
    EXPECT_NE(json.find(told + (camera == 0 ? "a" : "b")), std::string::npos) << json;
  }
}

TEST_F(CameraSession, FromMemoryEveryCameraIsTheSame) {
  Write();
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<bireid_file> files;
  const char* names[] = {"manifest.json", "model.lce.tflite", "golden.safetensors",
                         "adaptation.safetensors"};
  for (const char* name : names) bytes.push_back(directory_.Read(name));
  for (size_t i = 0; i < bytes.size(); ++i) {
    files.push_back({names[i], bytes[i].data(), bytes[i].size()});
  }
  bireid_options options = Options("b");
  options.files = files.data();
  options.file_count = static_cast<int32_t>(files.size());
  bireid_session* opened = nullptr;
  ASSERT_EQ(bireid_session_open("a name", &options, &opened), BIREID_OK) << bireid_last_error();
  const Owned<bireid_session> session(opened);
  // What it needs of them it has by now.
  for (std::vector<uint8_t>& each : bytes) std::fill(each.begin(), each.end(), 0);
  ExpectNear(Run(session.get()).logits, expected_[1].logits);
}

TEST_F(CameraSession, FilesInMemoryAreThoseOfTheManifest) {
  Write();
  std::vector<uint8_t> manifest = directory_.Read("manifest.json");
  std::vector<uint8_t> model = directory_.Read("model.lce.tflite");
  const auto refused = [&](std::vector<bireid_file> files, const std::string& part) {
    bireid_options options = Options("");
    options.files = files.data();
    options.file_count = static_cast<int32_t>(files.size());
    bireid_session* session = nullptr;
    EXPECT_NE(bireid_session_open("a name", &options, &session), BIREID_OK);
    EXPECT_EQ(session, nullptr);
    const std::string message = bireid_last_error();
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  const bireid_file json = {"manifest.json", manifest.data(), manifest.size()};
  refused({{"x", model.data(), model.size()}}, "no file manifest.json is given");
  refused({json}, "no file model.lce.tflite is given");
  refused({json, {"model.lce.tflite", model.data(), model.size() - 1}}, "the manifest says");
  refused({json, {"model.lce.tflite", model.data(), model.size()}},
          "no file adaptation.safetensors was given");
  refused({json, {nullptr, model.data(), 1}}, "a file has no name");
  model[model.size() / 2] ^= 1;
  refused({json, {"model.lce.tflite", model.data(), model.size()}}, "SHA-256 mismatch");
}

TEST_F(CameraSession, SharedHandlesRunAtTheSameTimeAndOutliveEachOther) {
  Write();
  auto first = Open(Options("b"));
  ASSERT_NE(first, nullptr) << bireid_last_error();
  std::vector<Owned<bireid_session>> sessions;
  for (int i = 0; i < 3; ++i) {
    bireid_session* another = nullptr;
    ASSERT_EQ(bireid_session_share(first.get(), &another), BIREID_OK) << bireid_last_error();
    sessions.emplace_back(another);
  }
  first.reset();
  std::vector<Results> found(sessions.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < sessions.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int run = 0; run < 50; ++run) found[i] = Run(sessions[i].get());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Results& each : found) {
    ExpectNear(each.logits, expected_[1].logits);
    EXPECT_EQ(each.embedding, found[0].embedding);
  }
}

TEST_F(CameraSession, TheFirstCameraServesWhoeverAsksForAny) {
  Write();
  const auto session = Open(Options(""));
  ASSERT_NE(session, nullptr) << bireid_last_error();
  ExpectNear(Run(session.get()).logits, expected_[0].logits);
}

TEST_F(CameraSession, OtherCamerasAreRefused) {
  Write();
  ExpectRefused(nullptr, "adapted to single cameras; name one: a, b");
  ExpectRefused("c", "no camera 'c'; choose one of: a, b");
  bundle_.adaptation.clear();
  Write();
  ExpectRefused("a", "not adapted to cameras, so there is no camera 'a' in it");
  const auto session = Open(Options(""));
  ASSERT_NE(session, nullptr) << bireid_last_error();
  EXPECT_EQ(bireid_session_camera_count(session.get()), 0);
}

TEST_F(CameraSession, AnOlderCallerHasNoCamera) {
  Write();
  bireid_options options = Options("a");
  options.size = offsetof(bireid_options, camera);
  EXPECT_EQ(Open(options), nullptr);
  EXPECT_NE(std::string(bireid_last_error()).find("name one: a, b"), std::string::npos);
}

TEST_F(CameraSession, AModelThatTheCallerBringsRunsAsItIs) {
  Write();
  const std::vector<uint8_t> model = directory_.Read("model.lce.tflite");
  bireid_options options = Options(nullptr);
  options.model = model.data();
  options.model_bytes = model.size();
  const auto plain = Open(options);
  ASSERT_NE(plain, nullptr) << bireid_last_error();
  const SessionBundle::Expected expected = bundle_.Compute(image_, shift_);
  ExpectNear(Run(plain.get()).embedding, expected.embedding);
  ExpectNear(Run(plain.get()).logits, expected.logits);
  options.camera = "b";
  const auto adapted = Open(options);
  ASSERT_NE(adapted, nullptr) << bireid_last_error();
  ExpectNear(Run(adapted.get()).logits, expected_[1].logits);
  EXPECT_EQ(model, directory_.Read("model.lce.tflite"));
}

TEST_F(CameraSession, ChangedNumbersAreRefused) {
  Write();
  std::vector<uint8_t> numbers = directory_.Read("adaptation.safetensors");
  numbers.back() ^= 1;
  directory_.Write("adaptation.safetensors", std::string(numbers.begin(), numbers.end()));
  EXPECT_EQ(Open(Options("a")), nullptr);
  EXPECT_EQ(status_, BIREID_BAD_BUNDLE);
  EXPECT_NE(std::string(bireid_last_error()).find("SHA-256 mismatch"), std::string::npos);
  bireid_options options = Options("a");
  options.skip_checksums = 1;
  EXPECT_NE(Open(options), nullptr) << bireid_last_error();
}

// A network of images alone with an embedding alone, and golden items of both cameras.
class CameraExtractor : public CameraSession {
 protected:
  CameraExtractor() {
    bundle_ = SessionBundle(kChannels, false);
    bundle_.KeepOutput(0);
    bundle_.adaptation =
        "\"cameras\": [{\"name\": \"a\", \"crops\": 4}, {\"name\": \"b\", \"crops\": 5}], "
        "\"embedding\": \"mean_and_deviation\", \"patches\": {}";
    bundle_.numbers = {{"mean/0", "F32", "[3]", BytesOf<float>({0.5f, 0, 0})},
                       {"mean/1", "F32", "[3]", BytesOf<float>({0, 0, -1})},
                       {"deviation/0", "F32", "[3]", BytesOf<float>({1, 2, 0.5f})},
                       {"deviation/1", "F32", "[3]", BytesOf<float>({3, 2, 1})}};
    bundle_.golden_cameras = "[\"b\", \"a\"]";
    bundle_.items = 2;
    const std::string pixels = "abcdefghijklmnopqrstuvwx";
    const uint8_t* data = reinterpret_cast<const uint8_t*>(pixels.data());
    bundle_.golden_images = {{"input/image/0", "U8", "[4, 2, 3]", pixels},
                             {"input/image/1", "U8", "[4, 2, 3]", pixels}};
    for (int i = 0; i < 2; ++i) bundle_.outputs[0].golden.push_back({1, 0, 0});
    Write();
    for (const char* camera : {"b", "a"}) {
      Floats row(kChannels);
      const auto extractor = OpenExtractor(Options(camera));
      EXPECT_EQ(bireid_embed_rgb8(extractor.get(), data, 2, 4, 0, row.data(), kChannels), BIREID_OK)
          << bireid_last_error();
      rows_.push_back(row);
    }
    bundle_.outputs[0].golden = rows_;
    Write();
    pixels_ = pixels;
  }

  Owned<bireid_extractor> OpenExtractor(const bireid_options& options) {
    bireid_extractor* extractor = nullptr;
    status_ = bireid_open(directory_.path().c_str(), &options, &extractor);
    return Owned<bireid_extractor>(extractor);
  }

  std::vector<Floats> rows_;  // of camera b, then of a
  std::string pixels_;
};

TEST_F(CameraExtractor, TheSelfTestRunsEveryCamera) {
  EXPECT_NE(rows_[0], rows_[1]);
  for (const char* camera : {"a", "b"}) {
    const auto extractor = OpenExtractor(Options(camera));
    ASSERT_NE(extractor, nullptr) << bireid_last_error();
    EXPECT_EQ(bireid_camera_count(extractor.get()), 2);
    EXPECT_STREQ(bireid_camera_name(extractor.get(), 0), "a");
    EXPECT_EQ(bireid_selftest(extractor.get(), nullptr, nullptr), BIREID_OK) << bireid_last_error();
  }
  std::swap(bundle_.outputs[0].golden[0], bundle_.outputs[0].golden[1]);
  Write();
  const auto extractor = OpenExtractor(Options("a"));
  EXPECT_EQ(bireid_selftest(extractor.get(), nullptr, nullptr), BIREID_SELF_TEST_FAILED);
}

// The items of the other camera need the bundle once more, whose bytes have gone by then.
TEST_F(CameraExtractor, FromMemoryAndSharedItIsTestedUnderEveryCamera) {
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<bireid_file> files;
  for (const char* name :
       {"manifest.json", "model.lce.tflite", "golden.safetensors", "adaptation.safetensors"}) {
    bytes.push_back(directory_.Read(name));
    files.push_back({name, bytes.back().data(), bytes.back().size()});
  }
  bireid_options options = Options("b");
  options.files = files.data();
  options.file_count = static_cast<int32_t>(files.size());
  bireid_extractor* opened = nullptr;
  ASSERT_EQ(bireid_open("a name", &options, &opened), BIREID_OK) << bireid_last_error();
  Owned<bireid_extractor> first(opened);
  for (std::vector<uint8_t>& each : bytes) std::fill(each.begin(), each.end(), 0);
  ASSERT_EQ(bireid_share(first.get(), &opened), BIREID_OK) << bireid_last_error();
  const Owned<bireid_extractor> shared(opened);
  first.reset();
  EXPECT_EQ(bireid_selftest(shared.get(), nullptr, nullptr), BIREID_OK) << bireid_last_error();
}

TEST_F(CameraExtractor, StatisticsGoOnFromTheBundle) {
  bireid_options options = Options("a");
  options.uncentred = 1;
  const auto raw = OpenExtractor(options);
  ASSERT_NE(raw, nullptr) << bireid_last_error();
  EXPECT_EQ(bireid_selftest(raw.get(), nullptr, nullptr), BIREID_OK) << bireid_last_error();
  Floats row(kChannels);
  const uint8_t* data = reinterpret_cast<const uint8_t*>(pixels_.data());
  ASSERT_EQ(bireid_embed_rgb8(raw.get(), data, 2, 4, 0, row.data(), kChannels), BIREID_OK);
  bireid_statistics* created = nullptr;
  ASSERT_EQ(bireid_statistics_of(raw.get(), &created), BIREID_OK) << bireid_last_error();
  const Owned<bireid_statistics> statistics(created);
  int64_t count = 0;
  Floats mean(kChannels), deviation(kChannels);
  ASSERT_EQ(bireid_statistics_get(created, &count, mean.data(), deviation.data()), BIREID_OK);
  EXPECT_EQ(count, 4);
  EXPECT_EQ(mean, (Floats{0.5f, 0, 0}));
  ExpectNear(deviation, {1, 2, 0.5f});
  Floats centred = row;
  ASSERT_EQ(bireid_statistics_apply(created, 1, centred.data(), 1), BIREID_OK);
  ExpectNear(centred, rows_[1]);
  ASSERT_EQ(bireid_statistics_add(created, row.data(), 1), BIREID_OK);
  ASSERT_EQ(bireid_statistics_get(created, &count, nullptr, nullptr), BIREID_OK);
  EXPECT_EQ(count, 5);
}

TEST_F(CameraExtractor, StatisticsRefuseWhatTheyCannotCount) {
  bireid_statistics* statistics = nullptr;
  EXPECT_EQ(bireid_statistics_create(0, &statistics), BIREID_INVALID_ARGUMENT);
  EXPECT_EQ(statistics, nullptr);
  EXPECT_EQ(bireid_statistics_create(1, nullptr), BIREID_INVALID_ARGUMENT);
  EXPECT_EQ(bireid_statistics_of(nullptr, &statistics), BIREID_INVALID_ARGUMENT);
  EXPECT_EQ(bireid_statistics_add(nullptr, nullptr, 1), BIREID_INVALID_ARGUMENT);
  bundle_.adaptation.clear();
  Write();
  const auto plain = OpenExtractor(Options(nullptr));
  ASSERT_NE(plain, nullptr) << bireid_last_error();
  EXPECT_EQ(bireid_statistics_of(plain.get(), &statistics), BIREID_INVALID_ARGUMENT);
  EXPECT_NE(std::string(bireid_last_error()).find("bireid_statistics_create"), std::string::npos);
  bireid_statistics_destroy(nullptr);
}

}  // namespace
}  // namespace bireid
