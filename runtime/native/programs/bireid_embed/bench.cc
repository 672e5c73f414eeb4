#include "programs/bireid_embed/bench.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include "engine/json_text.h"
#include "programs/bireid_embed/cloud.h"
#include "programs/bireid_embed/item.h"
#include "programs/bireid_embed/network_handle.h"

namespace bireid_embed {
namespace {

constexpr int kWidth = 128;
constexpr int kHeight = 256;
constexpr int kPoints = 2048;
constexpr int kWarmUpRuns = 5;

template <typename Function>
double MillisecondsOf(Function function) {
  const auto start = std::chrono::steady_clock::now();
  function();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

uint8_t Noise(size_t index) { return static_cast<uint8_t>((index * 2654435761u) >> 13); }

// Any picture or cloud will do: no time depends on the numbers.
Item AnyItem(bool is_cloud) {
  Item item;
  if (is_cloud) {
    item.points.resize(static_cast<size_t>(kPoints) * kAxes);
    for (size_t i = 0; i < item.points.size(); ++i) item.points[i] = Noise(i);
    return item;
  }
  item.image = {kWidth, kHeight, std::vector<uint8_t>(BytesOf(kWidth, kHeight))};
  for (size_t i = 0; i < item.image.pixels.size(); ++i) item.image.pixels[i] = Noise(i);
  return item;
}

// Between the two nearest values, as numpy.percentile does.
double Percentile(const std::vector<double>& sorted, double percent) {
  const double position = percent / 100 * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::optional<int64_t> PeakRssBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    long long kilobytes;
    if (std::sscanf(line.c_str(), "VmHWM: %lld kB", &kilobytes) == 1) return kilobytes * 1024;
  }
  return std::nullopt;
}

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

}  // namespace

std::string BenchResult::ToJson() const {
  return "{\"engine\": " + bireid::JsonString(engine) +
         Format(
             ", \"threads\": %d, \"runs\": %d, \"width\": %d, \"height\": %d, \"median_ms\": %.4f, "
             "\"p10_ms\": %.4f, \"p90_ms\": %.4f, \"load_ms\": %.3f, \"first_ms\": %.3f, "
             "\"peak_rss_bytes\": ",
             threads, runs, width, height, median_ms, p10_ms, p90_ms, load_ms, first_ms) +
         (peak_rss_bytes ? std::to_string(*peak_rss_bytes) : "null") + "}";
}

std::string BenchResult::ToText() const {
  const std::string subject = width > 0 ? Format("crop of %dx%d pixels", width, height)
                                        : Format("cloud of %d points", kPoints);
  return engine + Format(", %d thread(s), %d runs, ", threads, runs) + subject +
         Format("\nmedian %.3f ms (p10 %.3f, p90 %.3f), load %.1f ms, first %.3f ms, peak memory ",
                median_ms, p10_ms, p90_ms, load_ms, first_ms) +
         (peak_rss_bytes ? Format("%.1f MB", static_cast<double>(*peak_rss_bytes) / 1e6)
                         : "unknown");
}

BenchResult RunBench(const std::string& bundle, const bireid_options& options, int runs) {
  BenchResult result;
  result.threads = options.threads;
  result.runs = runs;
  std::unique_ptr<NetworkHandle> network;
  result.load_ms =
      MillisecondsOf([&] { network = std::make_unique<NetworkHandle>(bundle, options); });
  const Item item = AnyItem(network->takes_clouds());
  result.width = item.image.width;
  result.height = item.image.height;
  const auto run = [&] { network->Run(item); };
  result.first_ms = MillisecondsOf(run);
  for (int i = 0; i < kWarmUpRuns; ++i) run();
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) times.push_back(MillisecondsOf(run));
  std::sort(times.begin(), times.end());
  result.median_ms = Percentile(times, 50);
  result.p10_ms = Percentile(times, 10);
  result.p90_ms = Percentile(times, 90);
  result.peak_rss_bytes = PeakRssBytes();
  result.engine = network->description();
  return result;
}

}  // namespace bireid_embed
