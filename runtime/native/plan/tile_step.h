// Steps whose values plain C++ computes, a few pixels at a time, for the stages to go on with.
#ifndef BIREID_PLAN_TILE_STEP_H_
#define BIREID_PLAN_TILE_STEP_H_

#include <cstdint>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan/step.h"

namespace bireid {

class TileStep : public Step {
 public:
  TileStep(const KernelTable& kernels, int pixels, int channels);
  void Run(const StepContext& context) const final;
  size_t scratch_bytes() const final;

 protected:
  // Writes output pixels [begin, end), at most kTilePixels of them, to `tile`, one by one.
  virtual void Compute(const StepContext& context, int begin, int end, float* tile) const = 0;

  int channels() const { return channels_; }
  // From a tile to every output pixel in it.
  const int32_t* tile_offsets() const { return tile_offsets_.data(); }

 private:
  const KernelTable& kernels_;
  int channels_;
  std::vector<int32_t> tile_offsets_;  // of every output pixel in its tile
};

// Pixels of a map without its border.
inline int PixelsOf(const MapLayout& layout) { return layout.height * layout.width; }

// An operator on one map whose pixels depend on themselves alone.
class PixelwiseStep : public TileStep {
 public:
  // One pixel of `channels` values.
  using Function = void (*)(const float* input, int channels, float* output);

  PixelwiseStep(const KernelTable& kernels, Function function, const MapReference& input);

 protected:
  void Compute(const StepContext& context, int begin, int end, float* tile) const override;

 private:
  Function function_;
  MapReference input_;
};

}  // namespace bireid

#endif  // BIREID_PLAN_TILE_STEP_H_
