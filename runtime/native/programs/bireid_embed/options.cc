#include "programs/bireid_embed/options.h"

#include <getopt.h>

#include <algorithm>
#include <string>

#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/image.h"
#include "programs/bireid_embed/tracker_handle.h"

namespace bireid_embed {

const char kHelp[] =
    R"(Usage: bireid-embed [OPTION]... BUNDLE IMAGE...
       bireid-embed [OPTION]... BUNDLE --describe | --selftest | --bench [N]
       bireid-embed [OPTION]... serve BUNDLE --stdio | --socket PATH

Embeds crops of people with a bundle's 1-bit network, classifies pictures, finds things in them, or
follows one from frame to frame, or classifies point clouds, whichever the network does. Prints one
line of JSON an image:
{"image": PATH, "embedding": [NUMBER, ...]}, or
{"image": PATH, "class": NAME, "probability": NUMBER, "logits": [NUMBER, ...]}, or
{"image": PATH, "boxes": [{"class": NAME, "score": NUMBER, "box": [LEFT, TOP, RIGHT, BOTTOM]}]}, or
{"image": PATH, "box": [LEFT, TOP, WIDTH, HEIGHT], "score": NUMBER}, or
{"cloud": PATH, "class": NAME, "probability": NUMBER, "logits": [NUMBER, ...]}.
An IMAGE is a PNG, JPEG or BMP file of at most 64 MiB, 20000 pixels a side and 100 million pixels;
its EXIF orientation is applied. Where the network takes point clouds it is a .npy file of floats
(M, 3) or a .ply file, text or little endian, of 3 to 2^24 points.

  --raw WxH      every IMAGE holds W * H * 3 bytes, RGB, row by row
  --box X,Y,W,H  where the target is in the first IMAGE, in pixels, 0 at its edge; the others are
                 the frames that follow
  --binary       print float32 rows, little endian, instead of JSON; of boxes the map
  --describe     print as JSON what the network takes and gives, its task and its fingerprint
  --selftest     run the bundle's own items and compare; exit code 3 if they differ too much
  --bench [N]    time N runs (default 100) on a crop of 128x256 pixels
  --json         print the self-test or the timings as JSON
  --camera NAME  whose crops come in, where the bundle is adapted to cameras: needed to embed
                 images; --selftest tests all of them
  --threads N    threads of one image, 1 to 64 (default 1)
  --isa NAME     auto (default), scalar, avx2, avx512f, avx512, amx or neon
  --stem KIND    float32 (default) or uint8: the first layer on 8-bit pixels, faster, not as exact
  --help         print this
  --version      print the version

serve answers requests, one a line, until it gets end of file, SIGTERM or SIGINT. A request is the
path of an image, or "raw W H" followed by W * H * 3 bytes; of a network on point clouds the path
of one, or "raw N" followed by N * 3 float32, little endian; where the bundle is adapted to cameras
and --camera names none, with "camera NAME " before it; of a tracker with "box X,Y,W,H " before the
frame in which a target is taken. An answer is a line of JSON, {"embedding": [NUMBER, ...]},
{"class": NAME, "probability": NUMBER, "logits": [NUMBER, ...]}, {"boxes": [...]},
{"box": [...], "score": NUMBER} or {"error": TEXT}.

  --stdio        requests on standard input, answers on standard output
  --socket PATH  a Unix socket for this user, of up to 8 clients at a time
  --patience N   with --socket: a client loses its place that is silent within a request, or idle
                 while others wait, for N seconds, 1 to 3600 (default 30)

Exit codes: 0 ok, 1 bug, 2 usage (command line, image or bundle), 3 a check failed, 6 unsupported.
)";

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
  kPatience
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
  int actions = 0;
};

void SetAction(Action action, Options* options, Seen* seen) {
  options->action = action;
  ++seen->actions;
}

void ReadOption(int code, int argc, char** argv, Options* options, Seen* seen) {
  switch (code) {
    case kRaw: {
      const std::string size = optarg;
      const size_t cross = std::min(size.find('x'), size.size());
      options->raw_width = ParseInteger(size.substr(0, cross), 1, kMaxSide, "W of --raw WxH");
      const std::string height = cross < size.size() ? size.substr(cross + 1) : "";
      options->raw_height = ParseInteger(height, 1, kMaxSide, "H of --raw WxH");
      seen->raw = true;
      break;
    }
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
      throw UsageError(std::string(argv[optind - 1]) +
                       ": unknown, or its value is missing; see bireid-embed --help");
  }
}

void CheckCombination(const Options& options, const Seen& seen) {
  Require(!options.bundle.empty(), "name a bundle; see bireid-embed --help");
  Require(seen.actions <= 1, "--describe, --selftest, --bench and serve exclude each other");
  const bool embeds = options.action == Action::kEmbed;
  const bool serves = options.action == Action::kServe;
  Require(embeds || options.images.empty(),
          "images go with neither --describe, --selftest, --bench nor serve");
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
  }
  if (!names.empty()) {
    options.bundle = names[0];
    options.images.assign(names.begin() + 1, names.end());
  }
  CheckCombination(options, seen);
  return options;
}

}  // namespace bireid_embed
