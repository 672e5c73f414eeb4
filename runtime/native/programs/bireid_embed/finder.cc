#include "programs/bireid_embed/finder.h"

#include <algorithm>

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {
namespace {

constexpr char kPerson[] = "person";
constexpr double kUnsure = 0.1;

// The position of a class.
int32_t PositionOf(const std::vector<std::string>& classes, const std::string& name,
                   const std::string& bundle) {
  constexpr size_t kListed = 8;
  const auto found = std::find(classes.begin(), classes.end(), name);
  if (found != classes.end()) return static_cast<int32_t>(found - classes.begin());
  std::string known;
  for (size_t i = 0; i < std::min(classes.size(), kListed); ++i) {
    known += (i > 0 ? ", " : "") + classes[i];
  }
  throw EngineError(BIREID_UNSUPPORTED, bundle + ": has no class '" + name + "', but " + known);
}

}  // namespace

Finder::Finder(const std::string& bundle, const bireid_options& engine,
               const std::optional<std::string>& class_name)
    : network_(bundle, engine) {
  if (!network_.Detects()) {
    throw EngineError(BIREID_UNSUPPORTED,
                      bundle + ": finds no boxes; the first bundle of watch is a detector");
  }
  const std::vector<std::string> classes = network_.Classes();
  const std::string usual = classes.size() == 1 ? classes[0] : kPerson;
  label_ = PositionOf(classes, class_name.value_or(usual), bundle);
}

std::vector<bireid::FoundBox> Finder::Find(const Item& image) {
  std::vector<bireid::FoundBox> found;
  for (const bireid_box& box : network_.Boxes(network_.Run(image), image.image, kUnsure)) {
    if (box.class_index != label_) continue;
    found.push_back({{box.left, box.top, box.right, box.bottom}, box.score});
  }
  return found;
}

}  // namespace bireid_embed
