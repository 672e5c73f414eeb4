// ZIP archives whose members are stored as they are, such as numpy.savez writes.
#ifndef BIREID_ENGINE_ZIP_H_
#define BIREID_ENGINE_ZIP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bireid {

struct ZipMember {
  std::string name;
  const uint8_t* data;  // in the archive
  size_t bytes;
};

// Reads an archive of at most `max_members` members, one behind the other without gaps, and checks
// their CRC-32. `source` is the file, for messages. Throws BundleError for anything else, and
// UnsupportedError for members that are compressed or encrypted.
std::vector<ZipMember> ReadStoredZip(const std::vector<uint8_t>& archive, size_t max_members,
                                     const std::string& source);

}  // namespace bireid

#endif  // BIREID_ENGINE_ZIP_H_
