// Point clouds of files.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_CLOUD_H_
#define BIREID_PROGRAMS_BIREID_EMBED_CLOUD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bireid_embed {

constexpr int kAxes = 3;
constexpr int kMaxPoints = 1 << 24;
constexpr size_t kMaxCloudBytes = size_t{1} << 30;

// Reads x, y and z of each point of a .npy file of floats (M, 3), or of a .ply file, text or binary
// with the least significant byte first, whose first element is `vertex`. What the numbers are is
// the engine's to check. Throws ImageError, and as OpenRegular.
std::vector<float> ReadCloudFile(const std::string& path);

// Of the bytes of such files; `source` is named in messages. Throws ImageError.
std::vector<float> ParseNpy(const std::vector<uint8_t>& file, const std::string& source);
std::vector<float> ParsePly(const std::vector<uint8_t>& file, const std::string& source);

// What float32 cannot hold becomes infinite, which the engine refuses.
float ToFloat(double value);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_CLOUD_H_
