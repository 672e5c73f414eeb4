// Networks with any inputs and outputs, through the C interface.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "engine/preprocess.h"
#include "tests/session_handles.h"

namespace bireid {
namespace {

bireid_options Options(int threads) {
  bireid_options options{};
  options.size = sizeof(options);
  options.threads = threads;
  return options;
}

Owned<bireid_session> Open(const TemporaryDirectory& directory, int threads = 1) {
  const bireid_options options = Options(threads);
  bireid_session* session = nullptr;
  EXPECT_EQ(bireid_session_open(directory.path().c_str(), &options, &session), BIREID_OK)
      << bireid_last_error();
  return Owned<bireid_session>(session);
}

TEST(Session, DescribesItself) {
  const TemporaryDirectory directory;
  SessionBundle().Write(directory);
  const auto session = Open(directory, 2);
  EXPECT_STREQ(bireid_session_task(session.get()), "reid");
  EXPECT_EQ(bireid_session_fingerprint(session.get()), "sha256:" + std::string(64, 'a'));
  ASSERT_EQ(bireid_session_input_count(session.get()), 2);
  ASSERT_EQ(bireid_session_output_count(session.get()), 3);
  bireid_tensor_info info{};
  info.size = sizeof(info);
  ASSERT_EQ(bireid_session_input(session.get(), 0, &info), BIREID_OK);
  EXPECT_STREQ(info.name, "image");
  EXPECT_STREQ(info.kind, "image");
  EXPECT_EQ(info.rank, 3);
  EXPECT_EQ((std::vector<int64_t>(info.shape, info.shape + 4)), (std::vector<int64_t>{4, 2, 3, 0}));
  EXPECT_EQ(info.elements, kImage);
  ASSERT_EQ(bireid_session_output(session.get(), 2, &info), BIREID_OK);
  EXPECT_STREQ(info.name, "map");
  EXPECT_EQ(info.rank, 5);
  EXPECT_EQ(bireid_session_class_count(session.get(), 1), 4);
  EXPECT_STREQ(bireid_session_class_name(session.get(), 1, 3), "ä");
  EXPECT_EQ(bireid_session_class_name(session.get(), 1, 4), nullptr);
  EXPECT_EQ(bireid_session_class_name(session.get(), 1, -1), nullptr);
  EXPECT_EQ(bireid_session_class_count(session.get(), 0), 0);
  EXPECT_EQ(bireid_session_class_count(session.get(), 3), 0);
  const std::string engine = bireid_session_describe(session.get());
  EXPECT_EQ(engine.substr(0, 7), "bireid ");
  EXPECT_EQ(
      bireid_session_describe_json(session.get()),
      "{\"name\": \"a network\", \"task\": \"reid\", \"fingerprint\": \"sha256:" +
          std::string(64, 'a') + "\", \"engine\": \"" + engine +
          "\", \"threads\": 2, \"inputs\": [{\"name\": \"image\", \"kind\": \"image\", "
          "\"shape\": [null, 4, 2, 3]}, {\"name\": \"shift\", \"kind\": \"tensor\", "
          "\"shape\": [null, 3]}], \"outputs\": [{\"name\": \"embedding\", \"kind\": "
          "\"embedding\", \"shape\": [null, 3]}, {\"name\": \"class\", \"kind\": \"logits\", "
          "\"shape\": [null, 4], \"classes\": [\"a\", \"b\", \"c\", \"\\u00e4\"]}, {\"name\": "
          "\"map\", \"kind\": \"tensor\", \"shape\": [null, 2, 2, 1, 3, 2]}]}");
}

TEST(Session, AnOlderCallerGetsLessOfAnInfo) {
  const TemporaryDirectory directory;
  SessionBundle().Write(directory);
  const auto session = Open(directory);
  bireid_tensor_info info{};
  info.elements = 77;
  info.size = offsetof(bireid_tensor_info, elements);
  ASSERT_EQ(bireid_session_input(session.get(), 1, &info), BIREID_OK);
  EXPECT_STREQ(info.name, "shift");
  EXPECT_EQ(info.elements, 77);
  info.size = 0;
  ExpectFailure(bireid_session_input(session.get(), 0, &info), BIREID_INVALID_ARGUMENT,
                "info.size is not set");
  info.size = sizeof(info);
  for (const int index : {-1, 2}) {
    ExpectFailure(bireid_session_input(session.get(), index, &info), BIREID_INVALID_ARGUMENT,
                  "there is no such index");
  }
}

// Any number of items and threads, with and without each output.
TEST(Session, BindsInputsAndOutputsByName) {
  const TemporaryDirectory directory;
  const SessionBundle bundle;
  bundle.Write(directory);
  for (const int threads : {1, 3}) {
    const auto session = Open(directory, threads);
    for (const int items : {0, 1, 2, 7}) {
      const Floats images = Values(items * kImage, 1);
      const Floats shifts = Values(items * kChannels, 2);
      const float* inputs[] = {images.data(), shifts.data()};
      for (int wanted = 0; wanted < 8; ++wanted) {
        Floats embeddings(items * kChannels), logits(items * kSessionClasses), maps(items * kImage);
        float* outputs[] = {wanted & 1 ? embeddings.data() : nullptr,
                            wanted & 2 ? logits.data() : nullptr,
                            wanted & 4 ? maps.data() : nullptr};
        // A vector without elements may have no address.
        if (items == 0) continue;
        ASSERT_EQ(bireid_session_run(session.get(), inputs, items, outputs), BIREID_OK)
            << bireid_last_error();
        for (int item = 0; item < items; ++item) {
          const auto expected = bundle.Compute(
              Floats(images.begin() + item * kImage, images.begin() + (item + 1) * kImage),
              Floats(shifts.begin() + item * kChannels, shifts.begin() + (item + 1) * kChannels));
          if (wanted & 1) ExpectNear(embeddings.data() + item * kChannels, expected.embedding);
          if (wanted & 2) ExpectNear(logits.data() + item * kSessionClasses, expected.logits);
          if (wanted & 4) ExpectNear(maps.data() + item * kImage, expected.map);
        }
      }
    }
  }
}

TEST(Session, WithoutASignatureOneInputAndOneOutputAreEnough) {
  const TemporaryDirectory directory;
  SessionBundle bundle(kChannels, false);
  bundle.KeepOutput(1);
  bundle.has_signature = false;
  bundle.Write(directory);
  const auto session = Open(directory);
  const Floats image = Values(kImage, 3);
  Floats logits(kSessionClasses);
  const float* inputs[] = {image.data()};
  float* outputs[] = {logits.data()};
  ASSERT_EQ(bireid_session_run(session.get(), inputs, 1, outputs), BIREID_OK);
  ExpectNear(logits.data(), bundle.Compute(image, {}).logits);
}

TEST(Session, AManifestOfAnotherModelIsRefused) {
  const auto refuse = [](const SessionBundle& bundle, const std::string& part) {
    const TemporaryDirectory directory;
    bundle.Write(directory);
    bireid_session* session = nullptr;
    ExpectFailure(bireid_session_open(directory.path().c_str(), nullptr, &session),
                  BIREID_BAD_BUNDLE, part);
    EXPECT_EQ(session, nullptr);
  };
  SessionBundle fewer;
  fewer.outputs.pop_back();
  fewer.model.outputs = {fewer.model.outputs[2], fewer.model.outputs[1]};
  fewer.model.outputs.push_back(static_cast<int>(fewer.inputs[0].tensor));
  refuse(fewer, "its signature does not name every output");
  SessionBundle shape;
  shape.outputs[2].json = "\"kind\": \"tensor\", \"shape\": [null, 24]";
  refuse(shape, "the shape of its output map is not that of the manifest; write the bundle again");
  SessionBundle input;
  input.inputs.pop_back();
  refuse(input, "its signature does not name every input");
}

// As many channels as the manifest says, of images of any size.
TEST(Session, RunsImagesOfAnyNumberOfChannels) {
  for (const int channels : {1, 3, 4, 64}) {
    const TemporaryDirectory directory;
    SessionBundle bundle(channels, false);
    bundle.Write(directory);
    const int elements = kSessionHeight * kSessionWidth * channels;
    Preprocess preprocess{kSessionHeight, kSessionWidth, {}, {}};
    for (int c = 0; c < channels; ++c) {
      preprocess.mean.push_back(static_cast<float>(c % 10) / 10);
      preprocess.std.push_back(c > 0 ? 0.5f : 0.25f);
    }
    std::vector<std::vector<uint8_t>> pixels;
    std::vector<bireid_image> images;
    for (const auto& [width, height] : {std::pair(2, 4), std::pair(9, 5), std::pair(1, 1)}) {
      auto& image = pixels.emplace_back(width * height * channels);
      for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<uint8_t>(i * 37 + 11);
      images.push_back({image.data(), width, height, 0});
    }
    for (const int threads : {1, 2}) {
      const auto session = Open(directory, threads);
      Floats embeddings(3 * channels), maps(3 * elements);
      float* outputs[] = {embeddings.data(), nullptr, maps.data()};
      ASSERT_EQ(bireid_session_run_images(session.get(), images.data(), 3, outputs), BIREID_OK)
          << bireid_last_error();
      for (int i = 0; i < 3; ++i) {
        ImageWorkspace workspace(*ScalarResizeKernels());
        Floats prepared(elements);
        ImagePreparer(preprocess)
            .Prepare({images[i].pixels, images[i].width, images[i].height, 0}, &workspace,
                     prepared.data());
        EXPECT_EQ(Floats(maps.begin() + i * elements, maps.begin() + (i + 1) * elements), prepared);
        ExpectNear(embeddings.data() + i * channels, bundle.Compute(prepared, {}).embedding);
      }
    }
  }
}

TEST(Session, BadCallsAreRefused) {
  const TemporaryDirectory directory;
  SessionBundle(kChannels, false).Write(directory);
  const auto session = Open(directory);
  const uint8_t pixels[3] = {1, 2, 3};
  Floats map(kImage);
  float* outputs[] = {nullptr, nullptr, map.data()};
  const auto refuse = [&](const bireid_image& image, int count, const char* part) {
    ExpectFailure(bireid_session_run_images(session.get(), &image, count, outputs),
                  BIREID_INVALID_ARGUMENT, part);
  };
  refuse({pixels, 0, 1, 0}, 1, "an image of 0x1 pixels; a side has 1 to 20000");
  refuse({pixels, 20001, 1, 0}, 1, "an image of 20001x1 pixels");
  refuse({pixels, 1, 1, 2}, 1, "row_bytes is less than a row of pixels");
  refuse({nullptr, 1, 1, 0}, 1, "the pixels of an image are NULL");
  refuse({pixels, 1, 1, 0}, -1, "the number of items is -1; it must be 0 to 1048576");
  const float* inputs[] = {nullptr};
  ExpectFailure(bireid_session_run(session.get(), inputs, 1, outputs), BIREID_INVALID_ARGUMENT,
                "an input is NULL");
  ExpectFailure(bireid_session_run(session.get(), nullptr, 1, outputs), BIREID_INVALID_ARGUMENT,
                "a pointer is NULL");
  ExpectFailure(bireid_session_run(nullptr, inputs, 1, outputs), BIREID_INVALID_ARGUMENT,
                "a pointer is NULL");
  bireid_session* other = nullptr;
  for (const int threads : {-1, 65}) {
    const bireid_options options = Options(threads);
    ExpectFailure(bireid_session_open(directory.path().c_str(), &options, &other),
                  BIREID_INVALID_ARGUMENT, "threads must be 1 to 64");
  }
  EXPECT_NE(Open(directory, 64), nullptr);
  const TemporaryDirectory two;
  SessionBundle().Write(two);
  const bireid_image image{pixels, 1, 1, 0};
  ExpectFailure(bireid_session_run_images(Open(two).get(), &image, 1, outputs), BIREID_UNSUPPORTED,
                "the network takes other inputs than one image; run it on tensors");
}

TEST(Session, TheModelMayBeTheCallers) {
  const TemporaryDirectory directory;
  SessionBundle bundle;
  bundle.Write(directory);
  bundle.model.signatures = {};
  ModelWriter written = bundle.model;
  written.signatures = {{"serving_default",
                         {{"image", bundle.inputs[0].tensor}, {"shift", bundle.inputs[1].tensor}},
                         {{"embedding", bundle.outputs[0].tensor},
                          {"class", bundle.outputs[1].tensor},
                          {"map", bundle.outputs[2].tensor}}}};
  const std::vector<uint8_t> model = written.Write();
  directory.Write("model.lce.tflite", "nothing to be read");
  bireid_options options = Options(1);
  bireid_session* session = nullptr;
  ExpectFailure(bireid_session_open(directory.path().c_str(), &options, &session),
                BIREID_BAD_BUNDLE, "model.lce.tflite: 18 bytes");
  options.model = model.data();
  options.model_bytes = model.size();
  ASSERT_EQ(bireid_session_open(directory.path().c_str(), &options, &session), BIREID_OK)
      << bireid_last_error();
  bireid_session_close(session);
  // An older caller does not have the fields: what lies behind is not read.
  options.size = offsetof(bireid_options, model);
  ExpectFailure(bireid_session_open(directory.path().c_str(), &options, &session),
                BIREID_BAD_BUNDLE, "model.lce.tflite: 18 bytes");
}

// Golden items whose outputs are right, but for `error` in one logit.
SessionBundle WithGolden(float error) {
  SessionBundle bundle;
  bundle.items = 2;
  const std::string pixels("\x00\xff\x10\x80\x40\x20", 6);
  const Preprocess preprocess{kSessionHeight, kSessionWidth, {0, 0.1f, 0.2f}, {0.25f, 0.5f, 0.5f}};
  for (int item = 0; item < 2; ++item) {
    const int width = item == 0 ? 2 : 1;
    bundle.golden_images.push_back({"input/image/" + std::to_string(item), "U8",
                                    "[1, " + std::to_string(width) + ", 3]",
                                    pixels.substr(0, 3 * width)});
    ImageWorkspace workspace(*ScalarResizeKernels());
    Floats image(kImage);
    ImagePreparer(preprocess)
        .Prepare({reinterpret_cast<const uint8_t*>(pixels.data()), width, 1, 0}, &workspace,
                 image.data());
    bundle.inputs[1].golden.push_back(Values(kChannels, item));
    const auto expected = bundle.Compute(image, bundle.inputs[1].golden[item]);
    bundle.outputs[0].golden.push_back(expected.embedding);
    bundle.outputs[1].golden.push_back(expected.logits);
    bundle.outputs[2].golden.push_back(expected.map);
  }
  bundle.outputs[1].golden[1][2] += error;
  return bundle;
}

TEST(Session, TestsItself) {
  const TemporaryDirectory directory;
  WithGolden(0).Write(directory);
  double difference = -1, cosine = -1;
  const auto session = Open(directory);
  ASSERT_EQ(bireid_session_selftest(session.get(), &difference, &cosine), BIREID_OK)
      << bireid_last_error();
  EXPECT_LT(difference, 1e-5);
  EXPECT_GT(cosine, 0.999999);
  EXPECT_EQ(bireid_session_selftest(session.get(), nullptr, nullptr), BIREID_OK);
  const TemporaryDirectory other;
  WithGolden(0.5f).Write(other);
  ExpectFailure(bireid_session_selftest(Open(other).get(), &difference, &cosine),
                BIREID_SELF_TEST_FAILED, "the golden items give other outputs here: largest diff");
  EXPECT_NEAR(difference, 0.5, 1e-4);
  EXPECT_GT(cosine, 0.999999);  // of the embedding, while it is a logit that is wrong
}

TEST(Session, OutputsMustBeWhatTheirKindPromises) {
  const TemporaryDirectory directory;
  SessionBundle().Write(directory);
  const auto session = Open(directory);
  const Floats image(kImage, 0.0f);
  Floats shift(kChannels, 0.0f), embedding(kChannels), logits(kSessionClasses);
  const float* inputs[] = {image.data(), shift.data()};
  float* outputs[] = {embedding.data(), logits.data(), nullptr};
  // Zero has no direction.
  ExpectFailure(bireid_session_run(session.get(), inputs, 1, outputs), BIREID_BAD_BUNDLE,
                "an embedding is not of unit length; convert the network again");
  const TemporaryDirectory other;
  SessionBundle one_output;
  one_output.KeepOutput(1);
  one_output.Write(other);
  shift[0] = std::numeric_limits<float>::infinity();
  float* one[] = {logits.data()};
  ExpectFailure(bireid_session_run(Open(other).get(), inputs, 1, one), BIREID_BAD_BUNDLE,
                "a logit is not finite");
}

TEST(Session, NullIsNoSession) {
  EXPECT_EQ(bireid_session_input_count(nullptr), 0);
  EXPECT_EQ(bireid_session_output_count(nullptr), 0);
  EXPECT_EQ(bireid_session_class_count(nullptr, 0), 0);
  EXPECT_STREQ(bireid_session_task(nullptr), "");
  EXPECT_STREQ(bireid_session_fingerprint(nullptr), "");
  EXPECT_STREQ(bireid_session_describe(nullptr), "");
  EXPECT_STREQ(bireid_session_describe_json(nullptr), "");
  bireid_session_close(nullptr);
  bireid_classifier_close(nullptr);
}

TEST(Session, WritesTheProfileWhenItIsClosed) {
  const TemporaryDirectory directory;
  SessionBundle().Write(directory);
  const std::string path = directory.path() + "/profile.json";
  bireid_options options = Options(2);
  options.profile = path.c_str();
  bireid_session* session = nullptr;
  ASSERT_EQ(bireid_session_open(directory.path().c_str(), &options, &session), BIREID_OK);
  const Floats image = Values(kImage, 1);
  const Floats shift = Values(kChannels, 2);
  const float* inputs[] = {image.data(), shift.data()};
  float* outputs[] = {nullptr, nullptr, nullptr};
  for (int run = 0; run < 3; ++run) {
    ASSERT_EQ(bireid_session_run(session, inputs, 1, outputs), BIREID_OK);
  }
  EXPECT_FALSE(std::ifstream(path).is_open());
  bireid_session_close(session);
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text.find("[\n {\"name\": \""), 0u) << text;
  EXPECT_NE(text.find("\"runs\": 3, \"nanoseconds\": "), std::string::npos) << text;
}

TEST(Session, RefusesAProfileThatCannotBeWritten) {
  const TemporaryDirectory directory;
  SessionBundle().Write(directory);
  for (const char* path : {"/no/such/folder/profile.json", "", "/tmp/"}) {
    bireid_options options = Options(1);
    options.profile = path;
    bireid_session* session = nullptr;
    ExpectFailure(bireid_session_open(directory.path().c_str(), &options, &session),
                  BIREID_INVALID_ARGUMENT, "profile must be a file in a folder");
  }
}

}  // namespace
}  // namespace bireid
