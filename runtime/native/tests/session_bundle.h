// Whole bundles with a small network, written to a directory.
#ifndef BIREID_TESTS_SESSION_BUNDLE_H_
#define BIREID_TESTS_SESSION_BUNDLE_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/sha256.h"
#include "tests/manifest_text.h"
#include "tests/model_writer.h"
#include "tests/safetensors_writer.h"
#include "tests/temporary_directory.h"

namespace bireid {

constexpr int kSessionHeight = 4;
constexpr int kSessionWidth = 2;
constexpr int kSessionClasses = 4;

// One input or output as the manifest has it.
struct WrittenEnd {
  std::string name;
  std::string json;   // kind, shape and what the kind needs
  std::string shape;  // of a golden item, as in "[2, 3]"
  uint32_t tensor;
  std::vector<std::vector<float>> golden;  // one per item
};

// mean = mean of all pixels; sum = mean + shift, if there is a shift; then
// class = weights * sum, embedding = sum / |sum|, map = the image in another shape.
class SessionBundle {
 public:
  explicit SessionBundle(int channels = 3, bool has_shift = true) : channels_(channels) {
    using tflite::BuiltinOperator;
    using tflite::TensorType;
    const int image =
        model.AddTensor(TensorType::FLOAT32, {1, kSessionHeight, kSessionWidth, channels});
    const int axes = model.AddConstant(TensorType::INT32, {2}, std::vector<int32_t>{1, 2});
    int sum = model.AddOperator(BuiltinOperator::MEAN, {image, axes}, Row(channels));
    model.inputs = {image};
    inputs = {Image(image)};
    if (has_shift) {
      const int shift = Row(channels);
      sum = model.AddOperatorWith(
          [](ModelWriter::Builder& builder) { return tflite::CreateAddOptions(builder); },
          BuiltinOperator::ADD, {sum, shift}, Row(channels));
      model.inputs = {shift, image};
      inputs.push_back({"shift",
                        "\"kind\": \"tensor\", \"shape\": [null, " + std::to_string(channels) + "]",
                        "[" + std::to_string(channels) + "]",
                        static_cast<uint32_t>(shift),
                        {}});
    }
    for (int i = 0; i < kSessionClasses * channels; ++i) {
      weights.push_back(static_cast<float>(i % 5) - 2);
    }
    const int logits = model.AddOperatorWith(
        [](ModelWriter::Builder& builder) { return tflite::CreateFullyConnectedOptions(builder); },
        BuiltinOperator::FULLY_CONNECTED,
        {sum, model.AddConstant(TensorType::FLOAT32, {kSessionClasses, channels}, weights), -1},
        Row(kSessionClasses));
    const int embedding = model.AddOperatorWith(
        [](ModelWriter::Builder& builder) { return tflite::CreateL2NormOptions(builder); },
        BuiltinOperator::L2_NORMALIZATION, {sum}, Row(channels));
    const int map = model.AddOperator(
        BuiltinOperator::RESHAPE, {image},
        model.AddTensor(TensorType::FLOAT32, {1, 2, 2, 1, channels, kSessionWidth}));
    // Another order than the manifest's.
    model.outputs = {map, logits, embedding};
    outputs = {
        {"embedding",
         "\"kind\": \"embedding\", \"metric\": \"cosine\", \"normalized\": true, \"shape\": "
         "[null, " +
             std::to_string(channels) + "]",
         "[" + std::to_string(channels) + "]",
         static_cast<uint32_t>(embedding),
         {}},
        {"class",
         "\"kind\": \"logits\", \"classes\": [\"a\", \"b\", \"c\", \"ä\"], \"shape\": "
         "[null, 4]",
         "[4]",
         static_cast<uint32_t>(logits),
         {}},
        {"map",
         "\"kind\": \"tensor\", \"shape\": [null, 2, 2, 1, " + std::to_string(channels) + ", 2]",
         "[2, 2, 1, " + std::to_string(channels) + ", 2]",
         static_cast<uint32_t>(map),
         {}}};
  }

  // Leaves one output, by its place.
  void KeepOutput(size_t kept) {
    outputs = {outputs[kept]};
    model.outputs = {static_cast<int>(outputs[0].tensor)};
  }

  // What the network computes of one item.
  struct Expected {
    std::vector<float> embedding, logits, map;
  };

  Expected Compute(const std::vector<float>& image, const std::vector<float>& shift) const {
    std::vector<double> sum(shift.begin(), shift.end());
    sum.resize(channels_);
    for (size_t i = 0; i < image.size(); ++i) {
      sum[i % channels_] += static_cast<double>(image[i]) / (kSessionHeight * kSessionWidth);
    }
    double squares = 0;
    for (const double value : sum) squares += value * value;
    Expected expected;
    for (const double value : sum) {
      expected.embedding.push_back(static_cast<float>(value / std::sqrt(squares)));
    }
    for (int row = 0; row < kSessionClasses; ++row) {
      double logit = 0;
      for (int c = 0; c < channels_; ++c) logit += weights[row * channels_ + c] * sum[c];
      expected.logits.push_back(static_cast<float>(logit));
    }
    expected.map = image;
    return expected;
  }

  void Write(const TemporaryDirectory& directory) const {
    ModelWriter written = model;
    if (has_signature) written.signatures = {{"serving_default", Names(inputs), Names(outputs)}};
    const std::vector<uint8_t> file = written.Write();
    WrittenTensors tensors = golden_images;
    for (const WrittenEnd& end : inputs) AppendGolden("input", end, &tensors);
    for (const WrittenEnd& end : outputs) AppendGolden("output", end, &tensors);
    const std::vector<uint8_t> golden = Safetensors(tensors);
    const std::string manifest = Manifest(file, golden);
    WriteBytes(directory, "model.lce.tflite", file);
    WriteBytes(directory, "golden.safetensors", golden);
    directory.Write("manifest.json", manifest);
    std::string sums = Line("model.lce.tflite", file) + Line("golden.safetensors", golden) +
                       Line("manifest.json", {manifest.begin(), manifest.end()});
    if (!adaptation.empty()) {
      WriteBytes(directory, "adaptation.safetensors", Safetensors(numbers));
      sums += Line("adaptation.safetensors", Safetensors(numbers));
    }
    directory.Write("SHA256SUMS", sums);
  }

  ModelWriter model;
  std::vector<float> weights;  // [class][channel]
  std::vector<WrittenEnd> inputs;
  std::vector<WrittenEnd> outputs;
  std::string task = "reid";
  WrittenTensors golden_images;
  int items = 1;
  std::string max_abs = "1e-5";
  bool has_signature = true;
  std::string adaptation;      // cameras, embedding and patches of the manifest; empty: none
  WrittenTensors numbers;      // of the cameras
  std::string golden_cameras;  // as in "[\"a\"]"

 private:
  int Row(int elements) { return model.AddTensor(tflite::TensorType::FLOAT32, {1, elements}); }

  WrittenEnd Image(int tensor) const {
    std::string mean, std;
    for (int c = 0; c < channels_; ++c) {
      mean += (c > 0 ? ", 0." : "0.") + std::to_string(c % 10);
      std += c > 0 ? ", 0.5" : "0.25";
    }
    return {"image",
            "\"kind\": \"image\", \"layout\": \"NHWC\", \"shape\": [null, 4, 2, " +
                std::to_string(channels_) +
                "], \"preprocess\": {\"height\": 4, \"width\": 2, \"resize\": \"bilinear\", "
                "\"antialias\": true, \"color_order\": \"" +
                (channels_ == 3 ? "RGB" : "channels") + "\", \"mean\": [" + mean + "], \"std\": [" +
                std + "]}",
            "",
            static_cast<uint32_t>(tensor),
            {}};
  }

  static std::vector<std::pair<std::string, uint32_t>> Names(const std::vector<WrittenEnd>& ends) {
    std::vector<std::pair<std::string, uint32_t>> names;
    for (const WrittenEnd& end : ends) names.emplace_back(end.name, end.tensor);
    return names;
  }

  static void AppendGolden(const std::string& side, const WrittenEnd& end,
                           WrittenTensors* tensors) {
    for (size_t i = 0; i < end.golden.size(); ++i) {
      tensors->push_back({side + "/" + end.name + "/" + std::to_string(i), "F32", end.shape,
                          BytesOf(end.golden[i])});
    }
  }

  static std::string Ends(const std::vector<WrittenEnd>& ends) {
    std::string json;
    for (const WrittenEnd& end : ends) {
      json += (json.empty() ? "" : ", ") + ("{\"name\": \"" + end.name) +
              "\", \"dtype\": \"float32\", " + end.json + "}";
    }
    return "[" + json + "]";
  }

  std::string Manifest(const std::vector<uint8_t>& file, const std::vector<uint8_t>& golden) const {
    std::string tolerances;
    for (const WrittenEnd& end : outputs) {
      tolerances += (tolerances.empty() ? "" : ", ") + ("\"" + end.name) +
                    "\": {\"max_abs\": " + max_abs + ", \"min_cosine\": 0.9}";
    }
    return "{\"schema_version\": 2, \"task\": \"" + task +
           "\", \"name\": \"a network\", \"fingerprint\": \"sha256:" + std::string(64, 'a') +
           "\", \"inputs\": " + Ends(inputs) + ", \"outputs\": " + Ends(outputs) +
           ", \"files\": {\"model.lce.tflite\": {\"format\": \"lce\", " + Identity(file) +
           "}}, \"golden\": {\"file\": \"golden.safetensors\", " + Identity(golden) +
           ", \"items\": " + std::to_string(items) +
           (adaptation.empty() ? "" : ", \"cameras\": " + golden_cameras) + ", \"tolerances\": {" +
           tolerances + "}}, " + Adaptation() +
           "\"training\": {}, \"metrics\": [], \"parity\": {}, \"binarisation\": {}, "
           "\"toolchain\": {}, \"licences\": {}}";
  }

  std::string Adaptation() const {
    if (adaptation.empty()) return "";
    return "\"adaptation\": {\"file\": \"adaptation.safetensors\", " +
           Identity(Safetensors(numbers)) + ", " + adaptation + "}, ";
  }

  static std::string Identity(const std::vector<uint8_t>& file) {
    return "\"sha256\": \"" + Sha256Hex(file.data(), file.size()) +
           "\", \"bytes\": " + std::to_string(file.size());
  }

  static std::string Line(const std::string& name, const std::vector<uint8_t>& file) {
    return Sha256Hex(file.data(), file.size()) + "  " + name + "\n";
  }

  static void WriteBytes(const TemporaryDirectory& directory, const std::string& name,
                         const std::vector<uint8_t>& bytes) {
    directory.Write(name, std::string(bytes.begin(), bytes.end()));
  }

  int channels_;
};

}  // namespace bireid

#endif  // BIREID_TESTS_SESSION_BUNDLE_H_
