// bireid-embed: embeddings of people from the command line, over the C API alone.
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "engine/bireid.h"
#include "engine/json_text.h"
#include "programs/bireid_embed/bench.h"
#include "programs/bireid_embed/camera_networks.h"
#include "programs/bireid_embed/cloud.h"
#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/item.h"
#include "programs/bireid_embed/network_handle.h"
#include "programs/bireid_embed/options.h"
#include "programs/bireid_embed/server.h"
#include "programs/bireid_embed/tracker_handle.h"
#include "programs/bireid_embed/watch.h"

namespace bireid_embed {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "--binary promises little endian");

void Print(const void* bytes, size_t size) {
  if (std::fwrite(bytes, 1, size, stdout) != size || std::fflush(stdout) != 0) {
    throw OutputError(errno);
  }
}

void Print(const std::string& text) { Print(text.data(), text.size()); }

bireid_options EngineOptions(const Options& options) {
  bireid_options engine = {};
  engine.size = sizeof(engine);
  engine.threads = options.threads;
  engine.isa = options.isa.c_str();
  engine.stem = options.stem.c_str();
  const bool any_camera = options.action == Action::kDescribe ||
                          options.action == Action::kSelfTest || options.action == Action::kBench;
  if (options.camera) {
    engine.camera = options.camera->c_str();
  } else if (any_camera) {
    engine.camera = "";
  }
  return engine;
}

NetworkHandle Open(const Options& options) {
  return NetworkHandle(options.bundle, EngineOptions(options));
}

int PrintAndEnd(const std::string& text) {
  Print(text);
  return kOk;
}

Item ReadItem(const Options& options, const std::string& path, bool is_cloud) {
  const bool is_raw = options.raw_width > 0;
  if (is_cloud) {
    if (is_raw) throw UsageError("--raw goes with images; a cloud is a .npy or a .ply file");
    return {{}, ReadCloudFile(path)};
  }
  if (is_raw) return {ReadRawFile(path, options.raw_width, options.raw_height), {}};
  return {ReadImageFile(path), {}};
}

// The first image shows the target in the box.
int RunFrames(const Options& options) {
  TrackerHandle tracker(options.bundle, EngineOptions(options));
  bool first = true;
  for (const std::string& path : options.images) {
    const Image frame = ReadItem(options, path, false).image;
    const bireid_tracked_box box =
        first ? tracker.Start(frame, *options.box) : tracker.Update(frame);
    first = false;
    Print("{\"image\": " + bireid::JsonString(path) + ", \"fingerprint\": " +
          bireid::JsonString(tracker.fingerprint()) + ", " + ToJson(box) + "}\n");
  }
  return kOk;
}

int RunItems(const Options& options) {
  if (options.box) return RunFrames(options);
  NetworkHandle network = Open(options);
  if (network.Tracks() && !options.binary) {
    throw UsageError(options.bundle + " follows a target: say with --box X,Y,W,H where it is in " +
                     options.images[0]);
  }
  const std::string what = network.takes_clouds() ? "cloud" : "image";
  for (const std::string& path : options.images) {
    const Item item = ReadItem(options, path, network.takes_clouds());
    const std::vector<float> values = network.Run(item);
    if (options.binary) {
      Print(values.data(), values.size() * sizeof(float));
    } else {
      Print("{\"" + what + "\": " + bireid::JsonString(path) +
            ", \"fingerprint\": " + bireid::JsonString(network.fingerprint()) + ", " +
            network.ToJson(values, item) + "}\n");
    }
  }
  return kOk;
}

std::string Formatted(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof(text), format, number);
  return text;
}

int RunSelfTest(const Options& options) {
  NetworkHandle network = Open(options);
  const SelfTest result = network.RunSelfTest();
  const bool passed = result.failure.empty();
  const std::string engine = network.description();
  const bool has_cosine = !std::isnan(result.min_cosine);
  if (options.json) {
    const std::string cosine = has_cosine ? Formatted("%.9g", result.min_cosine) : "null";
    // Of an output that is not finite, so is the difference, which JSON has no number for.
    const std::string difference =
        std::isfinite(result.max_difference) ? Formatted("%.9g", result.max_difference) : "null";
    Print("{\"engine\": " + bireid::JsonString(engine) +
          ", \"passed\": " + (passed ? "true" : "false") + ", \"max_difference\": " + difference +
          ", \"min_cosine\": " + cosine + "}\n");
  } else {
    const std::string cosine =
        has_cosine ? ", min cosine " + Formatted("%.6f", result.min_cosine) : "";
    Print(engine + ": self-test " + (passed ? "passed" : "failed") + ", max difference " +
          Formatted("%.3g", result.max_difference) + cosine + "\n");
  }
  if (passed) return kOk;
  std::fprintf(stderr, "bireid-embed: %s\n", result.failure.c_str());
  return kCheckFailed;
}

int Bench(const Options& options) {
  const BenchResult result = RunBench(options.bundle, EngineOptions(options), options.bench_runs);
  return PrintAndEnd((options.json ? result.ToJson() : result.ToText()) + "\n");
}

int Serve(const Options& options) {
  CameraNetworks networks(options.bundle, EngineOptions(options));
  if (options.socket.empty()) {
    ServeStdio(networks);
  } else {
    ServeSocket(options.socket, options.patience, networks);
  }
  return kOk;
}

int Run(const Options& options) {
  switch (options.action) {
    case Action::kHelp:
      return PrintAndEnd(kHelp);
    case Action::kVersion:
      return PrintAndEnd(std::string("bireid-embed ") + bireid_version() + "\n");
    case Action::kBench:
      return Bench(options);
    case Action::kDescribe:
      return PrintAndEnd(Open(options).json() + "\n");
    case Action::kSelfTest:
      return RunSelfTest(options);
    case Action::kServe:
      return Serve(options);
    case Action::kWatch: {
      bireid_options engine = EngineOptions(options);
      engine.camera = nullptr;
      Watch(options, engine);
      return kOk;
    }
    case Action::kEmbed:
      return RunItems(options);
  }
  return kBug;
}

int Fail(const std::exception& error, int exit_code) {
  std::fprintf(stderr, "bireid-embed: %s\n", error.what());
  return exit_code;
}

}  // namespace
}  // namespace bireid_embed

int main(int argc, char** argv) {
  using namespace bireid_embed;
  try {
    return Run(ParseOptions(argc, argv));
  } catch (const EngineError& error) {
    return Fail(error, error.exit_code());
  } catch (const UsageError& error) {
    return Fail(error, kUsage);
  } catch (const ImageError& error) {
    return Fail(error, kUsage);
  } catch (const SystemError& error) {
    return Fail(error, kUsage);
  } catch (const std::exception& error) {
    return Fail(error, kBug);
  }
}
