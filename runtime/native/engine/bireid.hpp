// The C++ face of bireid.h: handles that close themselves, errors as exceptions. Header only,
// C++17; what it calls are the functions of the C library, so any compiler may use any build of it.
//
//   bireid::Extractor extractor("bundle");
//   std::vector<float> a = extractor.Embed({pixels, width, height});
//   double alike = bireid::Similarity(a, b);
#ifndef BIREID_ENGINE_BIREID_HPP_
#define BIREID_ENGINE_BIREID_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bireid.h"
#include "bireid_classifier.h"
#include "bireid_detector.h"
#include "bireid_point_classifier.h"
#include "bireid_session.h"
#include "bireid_statistics.h"
#include "bireid_tracker.h"

namespace bireid {

// What a call of the library failed with: bireid_last_error(), and its status.
class Error : public std::runtime_error {
 public:
  explicit Error(bireid_status status) : std::runtime_error(bireid_last_error()), status_(status) {}

  bireid_status status() const { return status_; }

 private:
  bireid_status status_;
};

// Throws Error.
inline void Check(bireid_status status) {
  if (status != BIREID_OK) throw Error(status);
}

// Closes a handle of any kind.
struct Closer {
  void operator()(bireid_extractor* each) const { bireid_close(each); }
  void operator()(bireid_session* each) const { bireid_session_close(each); }
  void operator()(bireid_classifier* each) const { bireid_classifier_close(each); }
  void operator()(bireid_detector* each) const { bireid_detector_close(each); }
  void operator()(bireid_tracker* each) const { bireid_tracker_close(each); }
  void operator()(bireid_point_classifier* each) const { bireid_point_classifier_close(each); }
  void operator()(bireid_statistics* each) const { bireid_statistics_destroy(each); }
};

// Owns a handle of the C interface; `get()` is for its functions.
template <typename Handle>
using Owned = std::unique_ptr<Handle, Closer>;

// Opens a handle of any kind: Open(bireid_detector_open, "bundle"). Throws Error.
template <typename Handle>
Owned<Handle> Open(bireid_status (*open)(const char*, const bireid_options*, Handle**),
                   const std::string& directory, const bireid_options* options = nullptr) {
  Handle* opened = nullptr;
  Check(open(directory.c_str(), options, &opened));
  return Owned<Handle>(opened);
}

// Options with their size set and all else at its default.
inline bireid_options DefaultOptions() {
  bireid_options options{};
  options.size = sizeof(options);
  return options;
}

// A picture whose pixels belong to the caller.
struct Picture : bireid_picture {
  Picture(const std::uint8_t* picture_pixels, std::int32_t picture_width,
          std::int32_t picture_height, std::int32_t picture_format = BIREID_RGB8,
          std::int64_t picture_row_bytes = 0)
      : bireid_picture{picture_pixels,
                       picture_width,
                       picture_height,
                       picture_row_bytes,
                       picture_format,
                       nullptr,
                       0} {}

  static Picture Nv12(const std::uint8_t* luma, std::int64_t luma_row_bytes,
                      const std::uint8_t* chroma, std::int64_t chroma_row_bytes, std::int32_t width,
                      std::int32_t height) {
    Picture picture(luma, width, height, BIREID_NV12, luma_row_bytes);
    picture.chroma = chroma;
    picture.chroma_row_bytes = chroma_row_bytes;
    return picture;
  }
};

// -1 to 1, of embeddings of equal length and fingerprint. Throws std::invalid_argument.
inline double Similarity(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) throw std::invalid_argument("embeddings of different lengths");
  return bireid_similarity(a.data(), b.data(), static_cast<std::int32_t>(a.size()));
}

// Crops in, embeddings out. May be used from several threads, which wait for each other; Share() is
// for each thread's own.
class Extractor {
 public:
  // Throws Error.
  explicit Extractor(const std::string& directory, const bireid_options* options = nullptr)
      : handle_(Open(bireid_open, directory, options)) {}

  // A bundle in memory. The files may go when this returns. Throws Error.
  static Extractor FromMemory(const std::vector<bireid_file>& files,
                              bireid_options options = DefaultOptions(),
                              const std::string& name = "memory") {
    options.files = files.data();
    options.file_count = static_cast<std::int32_t>(files.size());
    return Extractor(name, &options);
  }

  // Another one with the same weights, which runs at the same time. Throws Error.
  Extractor Share() const {
    bireid_extractor* another = nullptr;
    Check(bireid_share(get(), &another));
    return Extractor(Owned<bireid_extractor>(another));
  }

  std::int32_t dim() const { return bireid_embedding_dim(get()); }
  std::string fingerprint() const { return bireid_fingerprint(get()); }
  std::string engine() const { return bireid_describe(get()); }

  // Size, mean and std of the network's input; arrays live as long as this. Throws Error.
  bireid_image_info input() const {
    bireid_image_info info{};
    info.size = sizeof(info);
    Check(bireid_input_image(get(), &info));
    return info;
  }

  // `dim()` numbers of unit length. Throws Error.
  std::vector<float> Embed(const Picture& picture) { return Embed(std::vector<Picture>{picture}); }

  // The same of several, behind one another. Throws Error.
  std::vector<float> Embed(const std::vector<Picture>& pictures) {
    const std::vector<bireid_picture> plain(pictures.begin(), pictures.end());
    std::vector<float> embeddings(plain.size() * static_cast<std::size_t>(dim()));
    if (plain.empty()) return embeddings;
    Check(bireid_embed_pictures(get(), plain.data(), static_cast<std::int32_t>(plain.size()),
                                embeddings.data(), dim()));
    return embeddings;
  }

  // Throws Error, of status BIREID_SELF_TEST_FAILED if this machine computes something else.
  void SelfTest() { Check(bireid_selftest(get(), nullptr, nullptr)); }

  // For the functions of bireid.h.
  bireid_extractor* get() const { return handle_.get(); }

 private:
  explicit Extractor(Owned<bireid_extractor> handle) : handle_(std::move(handle)) {}

  Owned<bireid_extractor> handle_;
};

}  // namespace bireid

#endif  // BIREID_ENGINE_BIREID_HPP_
