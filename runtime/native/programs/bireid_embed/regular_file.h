// Files of a caller, read whole.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_REGULAR_FILE_H_
#define BIREID_PROGRAMS_BIREID_EMBED_REGULAR_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "programs/bireid_embed/memory_budget.h"

namespace bireid_embed {

// Throws ImageError, also if it is no file (such as a pipe) or has more than `limit` bytes.
std::vector<uint8_t> ReadRegularFile(const std::string& path, size_t limit,
                                     const MemoryCheck& check = {});

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_REGULAR_FILE_H_
