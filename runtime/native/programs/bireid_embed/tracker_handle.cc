#include "programs/bireid_embed/tracker_handle.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {
namespace {

void Check(bireid_status status) {
  if (status != BIREID_OK) throw EngineError(status, bireid_last_error());
}

// As short as it may be and still the same double.
std::string Shortest(double value) {
  char text[32];
  // Fewer digits would write 140 as 1.4e+02.
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return text;
}

}  // namespace

TrackerHandle::TrackerHandle(const std::string& bundle, const bireid_options& options)
    : tracker_(nullptr, bireid_tracker_close) {
  bireid_tracker* opened = nullptr;
  Check(bireid_tracker_open(bundle.c_str(), &options, &opened));
  tracker_.reset(opened);
}

bireid_tracked_box TrackerHandle::Start(const Image& frame, bireid_tracked_box box) {
  Check(bireid_tracker_start_rgb8(tracker_.get(), frame.pixels.data(), frame.width, frame.height, 0,
                                  &box));
  box.score = 1;
  return box;
}

bireid_tracked_box TrackerHandle::Update(const Image& frame) {
  bireid_tracked_box box{};
  Check(bireid_tracker_update_rgb8(tracker_.get(), frame.pixels.data(), frame.width, frame.height,
                                   0, &box));
  return box;
}

bireid_tracked_box ParseBox(const std::string& text, const std::string& what) {
  double sides[4] = {};
  const char* at = text.c_str();
  // strtod would also take blanks, hexadecimal numbers, "inf" and "nan".
  bool is_box = text.find_first_not_of("0123456789+-.eE,") == std::string::npos;
  for (int i = 0; i < 4 && is_box; ++i) {
    char* end = nullptr;
    sides[i] = std::strtod(at, &end);
    is_box = end != at && *end == (i < 3 ? ',' : '\0') && std::isfinite(sides[i]);
    at = end + 1;
  }
  if (!is_box) throw UsageError(what + " must be four numbers X,Y,W,H, not '" + text + "'");
  return {sides[0], sides[1], sides[2], sides[3], 0};
}

std::string ToJson(const bireid_tracked_box& box) {
  return "\"box\": [" + Shortest(box.left) + ", " + Shortest(box.top) + ", " + Shortest(box.width) +
         ", " + Shortest(box.height) + "], \"score\": " + Shortest(box.score);
}

}  // namespace bireid_embed
