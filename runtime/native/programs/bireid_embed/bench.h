// Times of the engine on this machine.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_BENCH_H_
#define BIREID_PROGRAMS_BIREID_EMBED_BENCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "engine/bireid.h"

namespace bireid_embed {

struct BenchResult {
  std::string engine;
  int threads = 1;
  int runs = 0;
  int width = 0;  // of the crop
  int height = 0;
  double median_ms = 0;
  double p10_ms = 0;
  double p90_ms = 0;
  double load_ms = 0;
  double first_ms = 0;
  std::optional<int64_t> peak_rss_bytes;  // unknown where /proc is not mounted

  std::string ToJson() const;
  std::string ToText() const;
};

// Opens a bundle and runs it on a crop `runs` times, resizing included. Throws EngineError.
BenchResult RunBench(const std::string& bundle, const bireid_options& options, int runs);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_BENCH_H_
