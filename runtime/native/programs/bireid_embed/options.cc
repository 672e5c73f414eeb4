#include "programs/bireid_embed/options.h"

#include <getopt.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/image.h"
#include "programs/bireid_embed/tracker_handle.h"

namespace bireid_embed {

namespace {

constexpr int kMaxThreads = 64;
constexpr int kMaxBenchRuns = 1'000'000;

enum Code {
  kRaw = 256,
  kBinary,
  kDescribe,
  kSelfTest,
  kBench,
  kJson,
  kThreads,
  kIsa,
  kStem,
  kCamera,
  kBox,
  kStdio,
  kSocket,
  kPatience,
  kFormat,
  kSize,
  kFps,
  kClass,
  kAgainst,
  kBoxes
};

constexpr option kOptions[] = {
    {"raw", required_argument, nullptr, kRaw},
    {"binary", no_argument, nullptr, kBinary},
    {"describe", no_argument, nullptr, kDescribe},
    {"selftest", no_argument, nullptr, kSelfTest},
    {"bench", optional_argument, nullptr, kBench},
    {"json", no_argument, nullptr, kJson},
    {"threads", required_argument, nullptr, kThreads},
    {"isa", required_argument, nullptr, kIsa},
    {"stem", required_argument, nullptr, kStem},
    {"camera", required_argument, nullptr, kCamera},
    {"box", required_argument, nullptr, kBox},
    {"stdio", no_argument, nullptr, kStdio},
    {"socket", required_argument, nullptr, kSocket},
    {"patience", required_argument, nullptr, kPatience},
    {"format", required_argument, nullptr, kFormat},
    {"size", required_argument, nullptr, kSize},
    {"fps", required_argument, nullptr, kFps},
    {"class", required_argument, nullptr, kClass},
    {"against", required_argument, nullptr, kAgainst},
    {"boxes", no_argument, nullptr, kBoxes},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'V'},
    {nullptr, 0, nullptr, 0},
};

void Require(bool condition, const char* otherwise) {
  if (!condition) throw UsageError(otherwise);
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// What was seen beside the fields of Options.
struct Seen {
  bool stdio = false;
  bool socket = false;
  bool patience = false;
  bool raw = false;
  bool of_watch = false;  // an option of that verb alone
  int actions = 0;
};

void SetAction(Action action, Options* options, Seen* seen) {
  options->action = action;
  ++seen->actions;
}

// The value WxH of an option.
void ReadSize(const std::string& option, int* width, int* height) {
  const std::string size = optarg;
  const size_t cross = std::min(size.find('x'), size.size());
  *width = ParseInteger(size.substr(0, cross), 1, kMaxSide, "W of " + option + " WxH");
  const std::string after = cross < size.size() ? size.substr(cross + 1) : "";
  *height = ParseInteger(after, 1, kMaxSide, "H of " + option + " WxH");
}

// A rate such as 25 or 29.97.
double ParseRate(const std::string& text) {
  constexpr double kMinRate = 0.001, kMaxRate = 1000;
  // strtod would also take blanks, hexadecimal numbers, "inf" and "nan".
  if (text.find_first_not_of("0123456789.") == std::string::npos) {
    char* end = nullptr;
    const double rate = std::strtod(text.c_str(), &end);
    if (!text.empty() && *end == '\0' && rate >= kMinRate && rate <= kMaxRate) return rate;
  }
  throw UsageError("--fps must be a number from 0.001 to 1000, not '" + text + "'");
}

// An option of `watch` alone; false if it is none.
bool ReadWatchOption(int code, Options* options) {
  switch (code) {
    case kFormat:
      options->format = FindFrameFormat(optarg);
      if (options->format == nullptr) {
        throw UsageError("--format is one of " + FrameFormatNames() + ", not '" + optarg + "'");
      }
      return true;
    case kSize:
      ReadSize("--size", &options->frame_width, &options->frame_height);
      if (!bireid::IsFrameSize(options->frame_width, options->frame_height)) {
        throw UsageError("--size: " +
                         bireid::NoFrameSize(options->frame_width, options->frame_height));
      }
      return true;
    case kFps:
      options->fps = ParseRate(optarg);
      return true;
    case kClass:
      options->class_name = optarg;
      return true;
    case kAgainst:
      options->against = optarg;
      Require(!options->against.empty(), "--against needs a file");
      return true;
    case kBoxes:
      options->boxes = true;
      return true;
    default:
      return false;
  }
}

void ReadOption(int code, int argc, char** argv, Options* options, Seen* seen) {
  switch (code) {
    case kRaw:
      ReadSize("--raw", &options->raw_width, &options->raw_height);
      seen->raw = true;
      break;
    case kBinary:
      options->binary = true;
      break;
    case kDescribe:
      SetAction(Action::kDescribe, options, seen);
      break;
    case kSelfTest:
      SetAction(Action::kSelfTest, options, seen);
      break;
    case kBench: {
      SetAction(Action::kBench, options, seen);
      const char* next = optind < argc ? argv[optind] : "";
      const char* runs = optarg != nullptr ? optarg : IsNumber(next) ? argv[optind++] : nullptr;
      if (runs != nullptr) options->bench_runs = ParseInteger(runs, 1, kMaxBenchRuns, "--bench");
      break;
    }
    case kJson:
      options->json = true;
      break;
    case kThreads:
      options->threads = ParseInteger(optarg, 1, kMaxThreads, "--threads");
      break;
    case kIsa:
      options->isa = optarg;
      break;
    case kStem:
      options->stem = optarg;
      break;
    case kCamera:
      options->camera = optarg;
      // To the engine it would mean any.
      Require(!options->camera->empty(), "--camera needs a name");
      break;
    case kBox:
      options->box = ParseBox(optarg, "--box");
      break;
    case kStdio:
      seen->stdio = true;
      break;
    case kSocket:
      seen->socket = true;
      options->socket = optarg;
      break;
    case kPatience:
      seen->patience = true;
      options->patience = ParseInteger(optarg, 1, 3600, "--patience");
      break;
    default:
      seen->of_watch = true;
      if (ReadWatchOption(code, options)) break;
      throw UsageError(std::string(argv[optind - 1]) +
                       ": unknown, or its value is missing; see bireid-embed --help");
  }
}

void CheckWatch(const Options& options, const Seen& seen) {
  const bool watches = options.action == Action::kWatch;
  Require(watches || !seen.of_watch,
          "--format, --size, --fps, --class, --against and --boxes go with watch only");
  if (!watches) return;
  Require(!options.bundle.empty(), "watch needs two bundles, DETECTOR and BUNDLE");
  const bool has_size = options.frame_width > 0;
  Require(has_size || !options.format->needs_size, "--format rgb24 and nv12 need --size WxH");
  Require(!has_size || options.format->needs_size, "--size goes with --format rgb24 and nv12 only");
}

void CheckCombination(const Options& options, const Seen& seen) {
  Require(seen.actions <= 1, "--describe, --selftest, --bench, serve and watch exclude each other");
  CheckWatch(options, seen);
  Require(!options.bundle.empty(), "name a bundle; see bireid-embed --help");
  const bool embeds = options.action == Action::kEmbed;
  const bool serves = options.action == Action::kServe;
  Require(embeds || options.images.empty(),
          "images go with neither --describe, --selftest, --bench, serve nor watch");
  Require(!embeds || !options.images.empty(), "name at least one image");
  Require(embeds || (!options.binary && !seen.raw), "--binary and --raw go with images only");
  Require(!options.box || (embeds && !options.binary), "--box goes with images and JSON only");
  const bool reports = options.action == Action::kSelfTest || options.action == Action::kBench;
  Require(!options.json || reports, "--json goes with --selftest and --bench only");
  Require(!seen.patience || seen.socket, "--patience goes with --socket only");
  if (serves) {
    Require(seen.stdio != seen.socket, "serve needs either --stdio or --socket PATH");
    Require(!seen.socket || !options.socket.empty(), "--socket needs a path");
  } else {
    Require(!seen.stdio && !seen.socket, "--stdio and --socket go with serve only");
  }
}

}  // namespace

int ParseInteger(const std::string& text, int least, int most, const std::string& what) {
  constexpr size_t kMaxDigits = 9;  // which an int holds
  if (IsNumber(text) && text.size() <= kMaxDigits) {
    const int number = std::stoi(text);
    if (number >= least && number <= most) return number;
  }
  throw UsageError(what + " must be a number from " + std::to_string(least) + " to " +
                   std::to_string(most) + ", not '" + text + "'");
}

Options ParseOptions(int argc, char** argv) {
  Options options;
  Seen seen;
  opterr = 0;
  for (int code; (code = getopt_long(argc, argv, "hV", kOptions, nullptr)) != -1;) {
    if (code == 'h' || code == 'V') {
      options.action = code == 'h' ? Action::kHelp : Action::kVersion;
      return options;
    }
    ReadOption(code, argc, argv, &options, &seen);
  }
  std::vector<std::string> names(argv + optind, argv + argc);
  if (!names.empty() && names[0] == "serve") {
    SetAction(Action::kServe, &options, &seen);
    names.erase(names.begin());
  } else if (!names.empty() && names[0] == "watch") {
    SetAction(Action::kWatch, &options, &seen);
    if (options.format == nullptr) options.format = FindFrameFormat("mjpeg");
    if (names.size() > 1) options.detector = names[1];
    names.erase(names.begin(), names.begin() + std::min<size_t>(names.size(), 2));
  }
  if (!names.empty()) {
    options.bundle = names[0];
    options.images.assign(names.begin() + 1, names.end());
  }
  CheckCombination(options, seen);
  return options;
}

}  // namespace bireid_embed
