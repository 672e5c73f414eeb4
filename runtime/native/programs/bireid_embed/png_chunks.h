// The outer structure of a PNG file.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_PNG_CHUNKS_H_
#define BIREID_PROGRAMS_BIREID_EMBED_PNG_CHUNKS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bireid_embed {

bool IsPng(const std::vector<uint8_t>& file);

// Checks the chunks of a PNG file and their checksums, which stb_image does not look at; other
// files are left alone. Throws ImageError, naming `source`.
void CheckPng(const std::vector<uint8_t>& file, const std::string& source);

struct Bytes {
  const uint8_t* data;
  size_t size;
};

// The first chunk of a type, such as "eXIf", in a file that CheckPng found sound; empty if none.
Bytes FindPngChunk(const std::vector<uint8_t>& file, const char* type);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_PNG_CHUNKS_H_
