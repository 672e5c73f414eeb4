#include "programs/bireid_embed/watch.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/finder.h"
#include "programs/bireid_embed/frame_formats.h"
#include "programs/bireid_embed/known_people.h"
#include "programs/bireid_embed/network_handle.h"
#include "programs/bireid_embed/standard_streams.h"
#include "programs/bireid_embed/stop_signal.h"
#include "programs/bireid_embed/watch_lines.h"
#include "watching/unit_mean.h"
#include "watching/watcher.h"

namespace bireid_embed {
namespace {

// The network of a camera; where a bundle is adapted to none, a camera is but a name.
std::unique_ptr<NetworkHandle> OpenEmbedder(const std::string& bundle, bireid_options engine,
                                            const std::optional<std::string>& camera) {
  engine.camera = "";
  auto network = std::make_unique<NetworkHandle>(bundle, engine);
  if (!network->Embeds()) {
    throw EngineError(BIREID_UNSUPPORTED,
                      bundle + ": embeds nothing; the second bundle of watch is a Re-ID network");
  }
  if (network->FirstCamera().empty()) return network;
  engine.camera = camera ? camera->c_str() : nullptr;
  return std::make_unique<NetworkHandle>(bundle, engine);
}

double Now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// One camera, from its first frame to its last.
class Camera {
 public:
  Camera(const Options& options, const bireid_options& engine, StandardOutput& output)
      : options_(options),
        output_(output),
        finder_(options.detector, engine, options.class_name),
        embedder_(OpenEmbedder(options.bundle, engine, options.camera)) {
    if (options.against.empty()) return;
    people_ = std::make_unique<KnownPeople>(options.against, embedder_->fingerprint(),
                                            embedder_->elements());
  }

  // Takes in what the stream has next.
  void Take(bireid::StreamedFrame frame) {
    if (!frame.is_counted) {
      std::fprintf(stderr, "bireid-embed: after frame %lld: %s\n", Number(), frame.problem.c_str());
      return;
    }
    ++number_;
    const std::string source = "frame " + std::to_string(number_);
    if (!frame.problem.empty()) return Leave(source + ": " + frame.problem);
    Item item;
    try {
      item.image = options_.format->decode(std::move(frame), source);
    } catch (const ImageError& error) {
      return Leave(error.what());
    }
    ++counts_.frames;
    const double at = options_.fps > 0 ? static_cast<double>(number_ - 1) / options_.fps : Now();
    const Image& image = item.image;
    const bireid::FrameView view{image.pixels.data(), image.width, image.height};
    bireid::Watched watched = watcher_.Update(view, finder_.Find(item), at, number_);
    if (options_.boxes) {
      for (const bireid::TrackBox& box : watched.boxes) output_.Write(ToLine(box));
    }
    Print(std::move(watched.ended));
  }

  // Ends all tracks.
  void Close() {
    Print(watcher_.Close());
    output_.Write(ToLine(counts_, watcher_.refused()));
  }

  bool has_seen_frames() const { return counts_.frames > 0; }

 private:
  long long Number() const { return number_; }

  // A frame that cannot be read.
  void Leave(const std::string& problem) {
    ++counts_.broken;
    std::fprintf(stderr, "bireid-embed: %s\n", problem.c_str());
  }

  void Print(std::vector<bireid::WatchedTrack> ended) {
    for (bireid::WatchedTrack& track : ended) {
      Sighting sighting{options_.camera, embedder_->fingerprint(), Embed(track), std::nullopt};
      if (people_ != nullptr) sighting.match = people_->Best(sighting.embedding);
      ++counts_.tracks;
      output_.Write(ToLine(track, sighting));
    }
  }

  // The mean of the embeddings of its crops, whose pixels are taken.
  std::vector<float> Embed(bireid::WatchedTrack& track) {
    constexpr double kLeastLength = 1e-6;
    bireid::EmbeddingSum sum(embedder_->elements());
    std::vector<float> best;
    for (bireid::BestCrop& crop : track.crops) {
      const std::vector<float> row =
          embedder_->Run({{crop.width, crop.height, std::move(crop.pixels)}, {}});
      if (best.empty()) best = row;
      sum.Add(row.data());
    }
    const std::vector<float> mean = sum.UnitMean(kLeastLength);
    // Embeddings that cancel out have no direction: then that of the best crop stands.
    return mean.empty() ? best : mean;
  }

  const Options& options_;
  StandardOutput& output_;
  Finder finder_;
  std::unique_ptr<NetworkHandle> embedder_;
  std::unique_ptr<KnownPeople> people_;
  bireid::Watcher watcher_;
  Counts counts_;
  int64_t number_ = 0;  // of the last frame
};

void ReadFrames(bireid::FrameStream& stream, const StandardInput& input, Camera& camera) {
  bireid::StreamedFrame frame;
  while (stream.Next(&frame)) {
    // What is cut off then is no fault of the input.
    if (input.is_stopped()) return;
    camera.Take(std::move(frame));
  }
}

// Prints the tracks that a failure leaves open. The failure is what counts, so nothing is thrown.
void CloseAfterFailure(Camera& camera) {
  try {
    camera.Close();
  } catch (const OutputClosed&) {
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bireid-embed: open tracks are lost: %s\n", error.what());
  }
}

}  // namespace

void Watch(const Options& options, const bireid_options& engine) {
  const StopSignal stop;
  StandardInput input(stop);
  StandardOutput output(stop);
  Camera camera(options, engine, output);
  const auto stream = options.format->open(input, options.frame_width, options.frame_height);
  try {
    try {
      ReadFrames(*stream, input, camera);
    } catch (const OutputError&) {
      throw;  // there is nowhere to print to
    } catch (const std::exception&) {
      CloseAfterFailure(camera);
      throw;
    }
    camera.Close();
  } catch (const OutputClosed&) {
    return;
  }
  if (!camera.has_seen_frames() && !input.is_stopped()) {
    throw UsageError(std::string("standard input held no frame of the format ") +
                     options.format->name + "; name another one with --format");
  }
}

}  // namespace bireid_embed
