// Runs one layer of ResNet-18 at 256 x 128 between two marks, for count.py.
// Usage: layers LAYER ISA; layers list
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "kernels/dispatch.h"
#include "network_layers.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "list") {
    for (const bireid::Layer& layer : bireid::kLayers) {
      std::printf("%s\t%lld\n", layer.name, static_cast<long long>(layer.products()));
    }
    return 0;
  }
  if (argc != 3) {
    std::fprintf(stderr, "usage: layers LAYER ISA\n");
    return 2;
  }
  const bireid::KernelTable* kernels = bireid::FindKernels(argv[2]);
  if (kernels == nullptr) {
    std::fprintf(stderr, "this CPU or build lacks the instruction set %s\n", argv[2]);
    return 2;
  }
  for (const bireid::Layer& layer : bireid::kLayers) {
    if (std::string_view(argv[1]) != layer.name) continue;
    bireid::LayerRun run(layer, *kernels);
    getsid(0);
    run.Run();
    getsid(0);
    return 0;
  }
  std::fprintf(stderr, "no layer is called %s\n", argv[1]);
  return 2;
}
