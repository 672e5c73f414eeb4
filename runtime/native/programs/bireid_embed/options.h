// The command line.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_OPTIONS_H_
#define BIREID_PROGRAMS_BIREID_EMBED_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/bireid_tracker.h"
#include "programs/bireid_embed/frame_formats.h"

namespace bireid_embed {

enum class Action { kEmbed, kDescribe, kSelfTest, kBench, kServe, kWatch, kHelp, kVersion };

struct Options {
  Action action = Action::kEmbed;
  std::string bundle;
  std::vector<std::string> images;
  int raw_width = 0;  // of images without a header; 0: they are image files
  int raw_height = 0;
  bool binary = false;
  bool json = false;
  int bench_runs = 100;
  std::string socket;  // empty: standard input and output
  int patience = 30;   // seconds
  int threads = 1;
  std::string isa = "auto";
  std::string stem = "float32";
  std::optional<std::string> camera;      // whose crops come in
  std::optional<bireid_tracked_box> box;  // of the target in the first image
  // Of `watch`, whose `bundle` is the one that embeds.
  std::string detector;
  const FrameFormat* format = nullptr;  // of the input
  int frame_width = 0;                  // where the format needs them
  int frame_height = 0;
  double fps = 0;                         // 0: times are those of the clock
  std::optional<std::string> class_name;  // that is watched
  bool boxes = false;                     // print them
  std::string against;                    // file of people; empty: none
};

extern const char kHelp[];

// Throws UsageError.
Options ParseOptions(int argc, char** argv);

// A whole decimal number from `least` to `most`; throws UsageError naming `what`.
int ParseInteger(const std::string& text, int least, int most, const std::string& what);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_OPTIONS_H_
