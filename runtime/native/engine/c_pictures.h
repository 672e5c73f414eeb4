// What functions of the C interface say and take of pictures.
#ifndef BIREID_ENGINE_C_PICTURES_H_
#define BIREID_ENGINE_C_PICTURES_H_

#include <cstdint>
#include <vector>

#include "engine/bireid.h"
#include "engine/pixel_formats.h"
#include "engine/session.h"

namespace bireid {

// Throws std::invalid_argument for a format that there is not, or a negative count.
std::vector<Picture> ReadPictures(const bireid_picture* pictures, int32_t count);

// Fills as much of `info` as its size has room for. Throws std::invalid_argument, or
// UnsupportedError of a network that takes no single image.
void TellImage(const Session& session, bireid_image_info* info);

}  // namespace bireid

#endif  // BIREID_ENGINE_C_PICTURES_H_
