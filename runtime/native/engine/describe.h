// A session in words.
#ifndef BIREID_ENGINE_DESCRIBE_H_
#define BIREID_ENGINE_DESCRIBE_H_

#include <string>

#include "engine/session.h"

namespace bireid {

// One JSON object on one line: name, task, fingerprint, engine, threads, inputs, outputs.
std::string DescribeAsJson(const Session& session);

}  // namespace bireid

#endif  // BIREID_ENGINE_DESCRIBE_H_
