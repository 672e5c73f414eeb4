#include "engine/network.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "engine/kinds.h"
#include "engine/model_reader.h"

namespace bireid {
namespace {

[[noreturn]] void FailToBind(const ModelFile& file, const std::string& problem) {
  throw BundleError(file.path + ": " + problem + "; write the bundle again");
}

// Tensors of the model in the order of the manifest: by name, or the only one there is.
template <typename Spec>
std::vector<int> Bind(const std::vector<Spec>& specs, const std::vector<ModelEnd>& ends,
                      const char* end_name, const ModelFile& file) {
  if (specs.size() != ends.size()) {
    FailToBind(file, "it has " + std::to_string(ends.size()) + " " + end_name +
                         "s, the manifest says " + std::to_string(specs.size()));
  }
  std::vector<int> tensors;
  for (const Spec& spec : specs) {
    const auto end = std::find_if(ends.begin(), ends.end(), [&](const ModelEnd& each) {
      return each.name.empty() || each.name == spec.name;
    });
    if (end == ends.end()) FailToBind(file, std::string("it has no ") + end_name + " " + spec.name);
    if (end->shape != spec.shape) {
      FailToBind(file, std::string("the shape of its ") + end_name + " " + spec.name +
                           " is not that of the manifest");
    }
    tensors.push_back(end->tensor);
  }
  return tensors;
}

}  // namespace

std::unique_ptr<Plan> PlanNetwork(const Manifest& manifest, const ModelFile& file,
                                  const NetworkOptions& options) {
  Model model = ReadModel(file.data, file.bytes, file.path);
  model.graph.inputs = Bind(manifest.inputs, model.inputs, "input", file);
  model.graph.outputs = Bind(manifest.outputs, model.outputs, "output", file);
  PlanOptions plan_options;
  plan_options.kernels = options.kernels;
  plan_options.threads = options.threads;
  plan_options.profile = !options.profile.empty();
  if (options.uint8_stem) {
    if (manifest.inputs.size() != 1 || manifest.inputs[0].kind->raw != RawItem::kImage) {
      throw UnsupportedError(file.path + ": stem uint8 needs one input of kind image");
    }
    plan_options.pixels.mean = manifest.inputs[0].preprocess.mean;
    plan_options.pixels.std = manifest.inputs[0].preprocess.std;
  }
  try {
    return Plan::Build(model.graph, plan_options);
  } catch (const PlanError& error) {
    throw UnsupportedError(file.path + ": " + error.what());
  }
}

}  // namespace bireid
