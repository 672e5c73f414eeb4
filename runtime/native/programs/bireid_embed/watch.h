// The verb `watch`: frames from standard input, a line of JSON for each who was seen.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_WATCH_H_
#define BIREID_PROGRAMS_BIREID_EMBED_WATCH_H_

#include "engine/bireid.h"
#include "programs/bireid_embed/options.h"

namespace bireid_embed {

// Reads frames until the input ends or SIGTERM or SIGINT comes; then all tracks end. Problems with
// single frames are lines on standard error. `engine` is for both networks, without a camera.
// Throws EngineError, UsageError, also where no frame was found, and SystemError.
void Watch(const Options& options, const bireid_options& engine);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_WATCH_H_
