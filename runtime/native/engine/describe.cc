#include "engine/describe.h"

#include <vector>

#include "engine/json_text.h"
#include "engine/kinds.h"

namespace bireid {
namespace {

template <typename Elements, typename Write>
std::string JoinJson(const Elements& elements, Write write) {
  std::string text;
  for (const auto& element : elements) text += (text.empty() ? "" : ", ") + write(element);
  return "[" + text + "]";
}

template <typename Spec>
std::string Describe(const Spec& spec) {
  std::string shape = "null";
  for (const int size : spec.shape) shape += ", " + std::to_string(size);
  return "{\"name\": " + JsonString(spec.name) + ", \"kind\": " + JsonString(spec.kind->name) +
         ", \"shape\": [" + shape + "]";
}

std::string Cameras(const Session& session) {
  const auto& adaptation = session.manifest().adaptation;
  if (!adaptation) return "";
  const std::string camera =
      session.camera() < 0 ? "null" : JsonString(adaptation->cameras[session.camera()]);
  return ", \"cameras\": " + JoinJson(adaptation->cameras, JsonString) + ", \"camera\": " + camera;
}

}  // namespace

std::string DescribeAsJson(const Session& session) {
  const Manifest& manifest = session.manifest();
  const auto input = [](const InputSpec& spec) { return Describe(spec) + "}"; };
  const auto output = [](const OutputSpec& spec) {
    const std::string classes =
        spec.classes.empty() ? "" : ", \"classes\": " + JoinJson(spec.classes, JsonString);
    return Describe(spec) + classes + "}";
  };
  return "{\"name\": " + JsonString(manifest.name) + ", \"task\": " + JsonString(manifest.task) +
         ", \"fingerprint\": " + JsonString(manifest.fingerprint) +
         ", \"engine\": " + JsonString(session.description()) +
         ", \"threads\": " + std::to_string(session.threads()) +
         ", \"inputs\": " + JoinJson(manifest.inputs, input) +
         ", \"outputs\": " + JoinJson(manifest.outputs, output) + Cameras(session) + "}";
}

}  // namespace bireid
