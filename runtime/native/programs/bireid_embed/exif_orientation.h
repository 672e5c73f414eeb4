// How a camera was held.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_EXIF_ORIENTATION_H_
#define BIREID_PROGRAMS_BIREID_EMBED_EXIF_ORIENTATION_H_

#include <cstdint>
#include <vector>

namespace bireid_embed {

// The EXIF orientation, 1 (upright) to 8, of a JPEG file or of a PNG file that CheckPng found
// sound. 1 if there is none, if it is malformed, and for other files.
int ExifOrientation(const std::vector<uint8_t>& file);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_EXIF_ORIENTATION_H_
