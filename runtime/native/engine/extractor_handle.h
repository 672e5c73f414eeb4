// What stands behind bireid_extractor of the C interface.
#ifndef BIREID_ENGINE_EXTRACTOR_HANDLE_H_
#define BIREID_ENGINE_EXTRACTOR_HANDLE_H_

#include "engine/bireid.h"
#include "engine/c_status.h"
#include "engine/kinds.h"
#include "engine/session.h"

struct bireid_extractor {
  bireid::Session session;
  int output;

  explicit bireid_extractor(const bireid_extractor& other)
      : session(other.session, bireid::Sharing{}), output(other.output) {}

  bireid_extractor(const char* directory, const bireid_options* options)
      : session(directory, bireid::ReadOptions(options)),
        output(bireid::OutputOfFace(session, bireid::kEmbeddingKind, "bireid_open")) {}
};

#endif  // BIREID_ENGINE_EXTRACTOR_HANDLE_H_
