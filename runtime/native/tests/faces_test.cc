// Extractor and classifier over one session, through the C interface.
#include <gtest/gtest.h>

#include <cstdint>

#include "engine/preprocess.h"
#include "tests/session_handles.h"

namespace bireid {
namespace {

TEST(Faces, ClassifyAndEmbed) {
  const uint8_t pixels[] = {0, 255, 16, 128, 64, 32};
  const TemporaryDirectory directory;
  SessionBundle bundle(kChannels, false);
  bundle.Write(directory);
  ImageWorkspace workspace(*ScalarResizeKernels());
  Floats image(kImage);
  ImagePreparer({kSessionHeight, kSessionWidth, {0, 0.1f, 0.2f}, {0.25f, 0.5f, 0.5f}})
      .Prepare({pixels, 2, 1, 0}, &workspace, image.data());
  const auto expected = bundle.Compute(image, {});

  bireid_classifier* opened = nullptr;
  ASSERT_EQ(bireid_classifier_open(directory.path().c_str(), nullptr, &opened), BIREID_OK);
  const Owned<bireid_classifier> classifier(opened);
  ASSERT_EQ(bireid_class_count(classifier.get()), 4);
  EXPECT_STREQ(bireid_class_name(classifier.get(), 0), "a");
  EXPECT_EQ(bireid_class_name(classifier.get(), 4), nullptr);
  Floats logits(4);
  ASSERT_EQ(bireid_classify_rgb8(classifier.get(), pixels, 2, 1, 0, logits.data(), 4), BIREID_OK);
  ExpectNear(logits.data(), expected.logits);
  ExpectFailure(bireid_classify_rgb8(classifier.get(), pixels, 2, 1, 0, logits.data(), 3),
                BIREID_INVALID_ARGUMENT, "classes is 3; there are 4");

  bireid_extractor* extracting = nullptr;
  ASSERT_EQ(bireid_open(directory.path().c_str(), nullptr, &extracting), BIREID_OK);
  const Owned<bireid_extractor> extractor(extracting);
  ASSERT_EQ(bireid_embedding_dim(extractor.get()), 3);
  Floats embedding(3);
  ASSERT_EQ(bireid_embed_rgb8(extractor.get(), pixels, 2, 1, 0, embedding.data(), 3), BIREID_OK);
  ExpectNear(embedding.data(), expected.embedding);
  Floats prepared(3);
  ASSERT_EQ(bireid_embed_images(extractor.get(), image.data(), 1, prepared.data(), 3), BIREID_OK);
  EXPECT_EQ(prepared, embedding);
  ExpectFailure(bireid_embed_rgb8(extractor.get(), pixels, 2, 1, 0, embedding.data(), 2),
                BIREID_INVALID_ARGUMENT, "dim is 2; an embedding has 3");
}

TEST(Faces, AnotherNetworkNamesTheFaceThatFits) {
  const auto open = [](const SessionBundle& bundle, bool classifies) {
    const TemporaryDirectory directory;
    bundle.Write(directory);
    const char* path = directory.path().c_str();
    bireid_extractor* extractor = nullptr;
    bireid_classifier* classifier = nullptr;
    const bireid_status status = classifies ? bireid_classifier_open(path, nullptr, &classifier)
                                            : bireid_open(path, nullptr, &extractor);
    EXPECT_EQ(extractor, nullptr);
    EXPECT_EQ(classifier, nullptr);
    return status;
  };
  SessionBundle logits(kChannels, false);
  logits.KeepOutput(1);
  logits.task = "classification";
  ExpectFailure(open(logits, false), BIREID_UNSUPPORTED,
                "holds a network of the task 'classification' (inputs: image; outputs: class); "
                "open it with bireid_classifier_open");
  SessionBundle embedding(kChannels, false);
  embedding.KeepOutput(0);
  ExpectFailure(open(embedding, true), BIREID_UNSUPPORTED, "open it with bireid_open");
  SessionBundle map(kChannels, false);
  map.KeepOutput(2);
  ExpectFailure(open(map, true), BIREID_UNSUPPORTED, "open it with bireid_session_open");
  ExpectFailure(open(SessionBundle(), false), BIREID_UNSUPPORTED,
                "(inputs: image, shift; outputs: embedding, class, map); open it with "
                "bireid_session_open");
  ExpectFailure(open(SessionBundle(1, false), true), BIREID_UNSUPPORTED,
                "open it with bireid_session_open");
}

}  // namespace
}  // namespace bireid
