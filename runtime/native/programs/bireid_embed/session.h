// The protocol of `serve`, with one client.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_SESSION_H_
#define BIREID_PROGRAMS_BIREID_EMBED_SESSION_H_

#include "programs/bireid_embed/camera_networks.h"
#include "programs/bireid_embed/connection.h"
#include "programs/bireid_embed/memory_budget.h"

namespace bireid_embed {

// Answers requests to the end of the input. A request that fails is answered by its error.
void Serve(Connection& connection, CameraNetworks& networks, MemoryBudget& budget);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_SESSION_H_
