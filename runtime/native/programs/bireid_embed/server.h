// `serve`: sessions over standard input and output, or over a Unix socket.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_SERVER_H_
#define BIREID_PROGRAMS_BIREID_EMBED_SERVER_H_

#include <string>

#include "programs/bireid_embed/camera_networks.h"

namespace bireid_embed {

// Until end of file, SIGTERM or SIGINT. Throws SystemError.
void ServeStdio(CameraNetworks& networks);

// Until SIGTERM or SIGINT, up to 8 clients at a time; more wait. A client that is silent in the
// middle of a request, or idle while others wait, for `patience_seconds` loses its place. The
// socket is for this user alone and is removed at the end. A line on standard error says when
// clients may connect. A socket that nobody listens on any more is replaced. Throws SystemError or
// UsageError.
void ServeSocket(const std::string& path, int patience_seconds, CameraNetworks& networks);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_SERVER_H_
