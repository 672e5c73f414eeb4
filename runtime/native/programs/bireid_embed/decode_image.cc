#include "programs/bireid_embed/decode_image.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "programs/bireid_embed/errors.h"

namespace {

// The largest block that the image being decoded justifies: a few bytes of a PNG may stand for
// gigabytes.
thread_local size_t largest_block = 0;

void* Allocate(size_t bytes) { return bytes > largest_block ? nullptr : std::malloc(bytes); }

void* Reallocate(void* block, size_t bytes) {
  return bytes > largest_block ? nullptr : std::realloc(block, bytes);
}

}  // namespace

#define STBI_MALLOC(size) Allocate(size)
#define STBI_REALLOC(block, size) Reallocate(block, size)
#define STBI_FREE(block) std::free(block)
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_FAILURE_USERMSG
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>

namespace bireid_embed {
namespace {

// What decoding takes beside the pixels, tables and rows rounded up to blocks.
constexpr size_t kFixedBytes = size_t{4} << 20;
// A pixel of a PNG has up to 8 bytes, and a buffer that grows doubles.
constexpr size_t kMaxPixelBytes = 16;
// Of a usual image, while it is decoded, copied and turned upright.
constexpr size_t kHeldPixelBytes = 12;

// A file as stb_image reads it. A decoder of JPEG goes on with zeros where the file ends; this
// notices.
class Reader {
 public:
  explicit Reader(const std::vector<uint8_t>& file) : file_(file) {}

  static stbi_io_callbacks Callbacks() {
    stbi_io_callbacks callbacks;
    callbacks.read = [](void* reader, char* data, int size) {
      return static_cast<Reader*>(reader)->Read(data, size);
    };
    callbacks.skip = [](void* reader, int bytes) { static_cast<Reader*>(reader)->Skip(bytes); };
    callbacks.eof = [](void* reader) { return static_cast<Reader*>(reader)->left() == 0 ? 1 : 0; };
    return callbacks;
  }

  bool read_past_end() const { return read_past_end_; }

 private:
  size_t left() const { return file_.size() - position_; }

  int Read(char* data, int size) {
    const size_t count = std::min(static_cast<size_t>(size), left());
    if (count == 0 && size > 0) read_past_end_ = true;
    std::copy_n(file_.data() + position_, count, data);
    position_ += count;
    return static_cast<int>(count);
  }

  // A negative number goes back.
  void Skip(int bytes) {
    if (bytes < 0) {
      position_ -= std::min(static_cast<size_t>(-static_cast<int64_t>(bytes)), position_);
    } else {
      position_ += std::min(static_cast<size_t>(bytes), left());
    }
  }

  const std::vector<uint8_t>& file_;
  size_t position_ = 0;
  bool read_past_end_ = false;
};

}  // namespace

Image DecodeImage(const std::vector<uint8_t>& file, const std::string& source,
                  const MemoryCheck& check) {
  const stbi_io_callbacks callbacks = Reader::Callbacks();
  Image image;
  int channels = 0;
  Reader header(file);
  largest_block = kFixedBytes;
  if (stbi_info_from_callbacks(&callbacks, &header, &image.width, &image.height, &channels) == 0) {
    throw ImageError(source + ": not a PNG, JPEG or BMP image");
  }
  CheckSize(image.width, image.height, source);
  if (check) check(static_cast<size_t>(image.width) * image.height * kHeldPixelBytes);
  largest_block += static_cast<size_t>(image.width) * image.height * kMaxPixelBytes;
  largest_block += 2 * file.size();
  Reader reader(file);
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_callbacks(&callbacks, &reader, &image.width, &image.height, &channels,
                               kChannels),
      stbi_image_free);
  if (reader.read_past_end()) throw ImageError(source + ": the image is cut off");
  if (pixels == nullptr) {
    throw ImageError(source + ": cannot be read as an image: " + stbi_failure_reason());
  }
  image.pixels.assign(pixels.get(), pixels.get() + BytesOf(image.width, image.height));
  return image;
}

}  // namespace bireid_embed
