// Embeds one crop of a person with LiteRT's C API and the delegate of bireid-runtime:
//
//   embed MODEL DELEGATE PIXELS
//
// MODEL is the model.lce.tflite of a bundle, DELEGATE is libbireid_delegate.so, PIXELS holds the
// crop as height * width * 3 bytes, RGB, row by row, already resized to the network's input. Prints
// the embedding, one number a line; on an error, one line on stderr, and the exit code is 1.
#include <dlfcn.h>
#include <tensorflow/lite/c/c_api.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// "preprocess" in the bundle's manifest.json, for red, green and blue.
constexpr float kMean[] = {0.485f, 0.456f, 0.406f};
constexpr float kStd[] = {0.229f, 0.224f, 0.225f};

constexpr int kThreads = 2;

template <typename T>
using Owner = std::unique_ptr<T, void (*)(T*)>;

void Require(bool condition, const std::string& otherwise) {
  if (!condition) throw std::runtime_error(otherwise);
}

Owner<TfLiteDelegate> LoadDelegate(const char* path) {
  // Never closed: the delegate's threads live as long as the process.
  void* library = dlopen(path, RTLD_NOW);
  if (library == nullptr) throw std::runtime_error(dlerror());
  using Create = TfLiteDelegate*(const char* const* keys, const char* const* values, size_t count,
                                 void (*report_error)(const char*));
  using Destroy = void(TfLiteDelegate*);
  auto* create = reinterpret_cast<Create*>(dlsym(library, "tflite_plugin_create_delegate"));
  auto* destroy = reinterpret_cast<Destroy*>(dlsym(library, "tflite_plugin_destroy_delegate"));
  Require(create != nullptr && destroy != nullptr, std::string(path) + ": not a LiteRT delegate");
  static std::string error;  // static, because the callback is told nothing but the message
  const auto report = [](const char* message) { error = message; };
  // No options: the threads are the interpreter's. delegate/options.h lists keys and values.
  Owner<TfLiteDelegate> delegate(create(nullptr, nullptr, 0, report), destroy);
  Require(delegate != nullptr, error);
  return delegate;
}

// Reads exactly `count` bytes and normalizes them: (pixel / 255 - mean) / std.
std::vector<float> ReadPixels(const char* path, size_t count) {
  std::vector<unsigned char> pixels(count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(pixels.data()), static_cast<std::streamsize>(count));
  Require(file && file.peek() == std::ifstream::traits_type::eof(),
          std::string(path) + ": not a file of " + std::to_string(count) + " bytes");
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = (pixels[i] / 255.0f - kMean[i % 3]) / kStd[i % 3];
  return values;
}

std::vector<float> Embed(const std::string& model_path, const char* delegate_path,
                         const char* pixels_path) {
  const Owner<TfLiteModel> model(TfLiteModelCreateFromFile(model_path.c_str()), TfLiteModelDelete);
  Require(model != nullptr, model_path + ": not a model that LiteRT can read");
  // Before the interpreter, hence destroyed after it.
  const Owner<TfLiteDelegate> delegate = LoadDelegate(delegate_path);
  const Owner<TfLiteInterpreterOptions> options(TfLiteInterpreterOptionsCreate(),
                                                TfLiteInterpreterOptionsDelete);
  TfLiteInterpreterOptionsSetNumThreads(options.get(), kThreads);
  TfLiteInterpreterOptionsAddDelegate(options.get(), delegate.get());
  const Owner<TfLiteInterpreter> interpreter(TfLiteInterpreterCreate(model.get(), options.get()),
                                             TfLiteInterpreterDelete);
  Require(interpreter != nullptr, model_path + ": LiteRT and this delegate cannot run it");
  Require(TfLiteInterpreterAllocateTensors(interpreter.get()) == kTfLiteOk,
          model_path + ": its tensors cannot be allocated");

  TfLiteTensor* image = TfLiteInterpreterGetInputTensor(interpreter.get(), 0);
  Require(image != nullptr && TfLiteTensorType(image) == kTfLiteFloat32,
          model_path + ": its input is not float32");
  const size_t image_bytes = TfLiteTensorByteSize(image);
  const std::vector<float> values = ReadPixels(pixels_path, image_bytes / sizeof(float));
  Require(TfLiteTensorCopyFromBuffer(image, values.data(), image_bytes) == kTfLiteOk,
          "LiteRT refuses the input");
  Require(TfLiteInterpreterInvoke(interpreter.get()) == kTfLiteOk, model_path + ": a run failed");

  const TfLiteTensor* output = TfLiteInterpreterGetOutputTensor(interpreter.get(), 0);
  Require(output != nullptr && TfLiteTensorType(output) == kTfLiteFloat32,
          model_path + ": its output is not float32");
  const size_t output_bytes = TfLiteTensorByteSize(output);
  std::vector<float> embedding(output_bytes / sizeof(float));
  Require(TfLiteTensorCopyToBuffer(output, embedding.data(), output_bytes) == kTfLiteOk,
          "LiteRT refuses to give the output");
  return embedding;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Require(argc == 4, "usage: embed MODEL DELEGATE PIXELS");
    for (const float number : Embed(argv[1], argv[2], argv[3])) std::printf("%.9g\n", number);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "embed: %s\n", error.what());
    return 1;
  }
  return 0;
}
