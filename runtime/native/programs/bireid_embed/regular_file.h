// Files of a caller.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_REGULAR_FILE_H_
#define BIREID_PROGRAMS_BIREID_EMBED_REGULAR_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "programs/bireid_embed/file_descriptor.h"
#include "programs/bireid_embed/memory_budget.h"

namespace bireid_embed {

// Opens a file to be read, and nothing else: a pipe that nobody writes to would be waited for.
// Throws SystemError, and UsageError if it is no file.
FileDescriptor OpenRegular(const std::string& path);

// Reads it whole. Throws the same, and ImageError if it has more than `limit` bytes or becomes
// shorter meanwhile.
std::vector<uint8_t> ReadRegularFile(const std::string& path, size_t limit,
                                     const MemoryCheck& check = {});

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_REGULAR_FILE_H_
