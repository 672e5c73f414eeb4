#include "engine/matching.h"

#include <string>

namespace bireid {
namespace {

constexpr int kMaxStride = 1024;
constexpr int kMaxCells = 1024;
constexpr int kMaxScales = 9;
constexpr int kMaxUpsampling = 32;
constexpr int kMaxResponse = 2048;
constexpr double kMaxBias = 1000;

void Check(const JsonSection& decode, const Matching& matching, int rows) {
  const std::string beyond = "reaches beyond the " + std::to_string(rows) + " rows of the map";
  if (matching.scales % 2 == 0) decode.Fail("scales", "must be odd");
  if (matching.exemplar_cells > matching.search_cells) {
    decode.Fail("exemplar_cells", "is more than search_cells");
  }
  if (matching.exemplar_first + matching.exemplar_cells > rows) {
    decode.Fail("exemplar_cells", beyond);
  }
  if (matching.search_first + matching.search_cells > rows) decode.Fail("search_cells", beyond);
  if (2 * matching.exemplar_first + matching.exemplar_cells !=
      2 * matching.search_first + matching.search_cells) {
    decode.Fail("exemplar_first", "does not put the exemplar amid the search");
  }
  if (matching.response_side() < 3 || matching.response_side() > kMaxResponse) {
    decode.Fail("upsampling",
                "makes responses outside 3.." + std::to_string(kMaxResponse) + " rows");
  }
}

}  // namespace

Matching ReadMatching(const JsonSection& decode, int rows) {
  decode.RefuseUnknown({"stride", "exemplar_first", "exemplar_cells", "search_first",
                        "search_cells", "search_scale", "context", "scales", "scale_step",
                        "scale_penalty", "scale_rate", "window_weight", "upsampling",
                        "response_scale", "response_bias"});
  const auto whole = [&decode](const char* key, int least, int most) {
    return static_cast<int>(decode.Integer(key, least, most));
  };
  Matching read;
  read.stride = whole("stride", 1, kMaxStride);
  read.exemplar_first = whole("exemplar_first", 0, kMaxCells);
  read.exemplar_cells = whole("exemplar_cells", 1, kMaxCells);
  read.search_first = whole("search_first", 0, kMaxCells);
  read.search_cells = whole("search_cells", 1, kMaxCells);
  read.search_scale = decode.Number("search_scale", 1, 8);
  read.context = decode.Number("context", 0, 2);
  read.scales = whole("scales", 1, kMaxScales);
  read.scale_step = decode.Number("scale_step", 1, 2);
  read.scale_penalty = decode.Number("scale_penalty", 0, 1);
  read.scale_rate = decode.Number("scale_rate", 0, 1);
  read.window_weight = decode.Number("window_weight", 0, 1);
  read.upsampling = whole("upsampling", 1, kMaxUpsampling);
  read.response_scale = decode.Number("response_scale", 1e-9, 1e3);
  read.response_bias = decode.Number("response_bias", -kMaxBias, kMaxBias);
  Check(decode, read, rows);
  return read;
}

}  // namespace bireid
