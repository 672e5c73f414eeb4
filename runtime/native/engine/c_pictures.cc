#include "engine/c_pictures.h"

#include <algorithm>
#include <cstring>

#include "engine/c_status.h"

namespace bireid {

std::vector<Picture> ReadPictures(const bireid_picture* pictures, int32_t count) {
  Require(count >= 0, "the number of pictures is negative");
  std::vector<Picture> read;
  for (int32_t i = 0; i < count; ++i) {
    const bireid_picture& given = pictures[i];
    Require(given.format >= BIREID_RGB8 && given.format <= BIREID_NV12,
            "format must be BIREID_RGB8, BIREID_BGR8 or BIREID_NV12");
    Picture picture;
    picture.image = {given.pixels, given.width, given.height, given.row_bytes};
    picture.format = static_cast<PixelFormat>(given.format);
    picture.chroma = given.chroma;
    picture.chroma_row_bytes = given.chroma_row_bytes;
    read.push_back(picture);
  }
  return read;
}

void TellImage(const Session& session, bireid_image_info* info) {
  Require(info != nullptr, "info is NULL");
  Require(info->size >= sizeof(size_t), "info.size is not set");
  if (!session.TakesImages()) {
    throw UnsupportedError(session.directory() + ": the network takes other inputs than one image");
  }
  const Preprocess& preprocess = session.manifest().inputs[0].preprocess;
  bireid_image_info filled{};
  filled.size = info->size;
  filled.width = preprocess.width;
  filled.height = preprocess.height;
  filled.channels = preprocess.channels();
  filled.letterbox = preprocess.letterbox ? 1 : 0;
  filled.mean = preprocess.mean.data();
  filled.std = preprocess.std.data();
  // An older caller has less space.
  std::memcpy(info, &filled, std::min(info->size, sizeof(filled)));
}

}  // namespace bireid
