// Times the layers of ResNet-18 at 256 x 128 on one path, for kernel_speed.py.
// Usage: kernel_speed; kernel_speed ISA
// Without an argument it writes what there is to time, as JSON. With one, it answers every number
// of runs on standard input by a line of JSON: per layer and run the seconds that it took and the
// clock of the CPU around it, in hertz.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <string>

#include "kernels/dispatch.h"
#include "network_layers.h"

namespace bireid {
namespace {

constexpr const char* kPaths[] = {"amx", "avx512", "avx2", "neon", "scalar"};
constexpr const char* kKinds[] = {"binary", "float", "pixel"};

template <typename Function>
double SecondsOf(Function function) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point began = Clock::now();
  function();
  return std::chrono::duration<double>(Clock::now() - began).count();
}

// The clock of the CPU, 0 where it cannot be measured. A multiplication waits for the one before
// it: 3 cycles each on x86-64 of Intel since 2008 and of AMD since 2017. The fastest of a few
// chains counts: an interruption slows one, and the first after vector code loses microseconds.
double Hertz() {
#if defined(__x86_64__)
  constexpr int kChains = 3;
  constexpr int kSteps = 4000;
  constexpr int kUnrolled = 8;
  double hertz = 0.0;
  for (int chain = 0; chain < kChains; ++chain) {
    const double seconds = SecondsOf([] {
      uint64_t x = 3;
      for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < kUnrolled; ++j) asm volatile("imul %0, %0" : "+r"(x));
      }
    });
    hertz = std::max(hertz, 3.0 * kSteps * kUnrolled / seconds);
  }
  return hertz;
#else
  return 0.0;
#endif
}

void Describe() {
  std::printf("{\"paths\": [");
  const char* separator = "";
  for (const char* path : kPaths) {
    if (FindKernels(path) == nullptr) continue;
    std::printf("%s\"%s\"", separator, path);
    separator = ", ";
  }
  std::printf("], \"layers\": [");
  separator = "";
  for (const Layer& layer : kLayers) {
    std::printf("%s{\"layer\": \"%s\", \"kind\": \"%s\", \"products\": %lld}", separator,
                layer.name, kKinds[static_cast<int>(layer.kind)],
                static_cast<long long>(layer.products()));
    separator = ", ";
  }
  std::printf("]}\n");
}

void Time(int runs, LayerRun* layer) {
  layer->Run();  // brings its maps and weights back into the caches
  for (int run = 0; run < runs; ++run) {
    // The clock may change from one millisecond to the next.
    const double before = Hertz();
    const double seconds = SecondsOf([&] { layer->Run(); });
    const double hertz = std::max(before, Hertz());
    std::printf("%s{\"seconds\": %.9f, \"hertz\": %.0f}", run == 0 ? "" : ", ", seconds, hertz);
  }
}

void Serve(const KernelTable& kernels) {
  std::deque<LayerRun> layers;
  for (const Layer& layer : kLayers) layers.emplace_back(layer, kernels);
  int runs = 0;
  while (std::scanf("%d", &runs) == 1) {
    const char* separator = "[[";
    for (LayerRun& layer : layers) {
      std::printf("%s", separator);
      Time(runs, &layer);
      separator = "], [";
    }
    std::printf("]]\n");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace bireid

int main(int argc, char** argv) {
  if (argc == 1) {
    bireid::Describe();
    return 0;
  }
  const bireid::KernelTable* kernels = argc == 2 ? bireid::FindKernels(argv[1]) : nullptr;
  if (kernels == nullptr) {
    std::fprintf(stderr, "usage: kernel_speed [ISA], with one that this CPU and build have\n");
    return 2;
  }
  bireid::Serve(*kernels);
  return 0;
}
