// The steps that a plan consists of.
#ifndef BIREID_PLAN_STEP_H_
#define BIREID_PLAN_STEP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/binary_convolution.h"
#include "kernels/float_convolution.h"
#include "kernels/geometry.h"
#include "kernels/kernel_table.h"
#include "kernels/pixel_convolution.h"

namespace bireid {

// What a worker has while it does a part of a step for one image.
struct StepContext {
  char* const* values;  // memory of every value
  void* scratch;        // this worker's own, 64-byte aligned; what a part left there is lost
  int part;             // in [0, parts)
  int parts;
  // Of the run: a step that finds an input wrong leaves here what is wrong with it.
  std::atomic<const char*>* failure;
};

// A map that steps read or write: where it is, and how it lies there.
struct MapReference {
  int value = -1;
  MapLayout layout;
  const int32_t* offsets = nullptr;  // of pixels; null if there is no border

  static MapReference Of(int value, const MapLayout& layout, const int32_t* offsets) {
    return {value, layout, layout.border.empty() ? nullptr : offsets};
  }
};

// A stage whose map is known only at run time.
struct BoundStage {
  Stage stage;
  int value;  // -1: stage.map is set already, or not needed
};

// Plans of one graph share its steps: they keep nothing of a run.
class Step {
 public:
  virtual ~Step() = default;
  // Does one part of one image. All parts are done before the next step begins.
  virtual void Run(const StepContext& context) const = 0;
  // Of every thread, made when the plan is: Run allocates nothing, for it cannot fail.
  virtual size_t scratch_bytes() const { return 0; }

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  // At most kMaxStages.
  void set_stages(std::vector<BoundStage> stages) { stages_ = std::move(stages); }
  const std::vector<BoundStage>& stages() const { return stages_; }

 protected:
  // Writes the stages with the addresses of this run; returns how many there are.
  int Bind(const StepContext& context, Stage* stages) const;

 private:
  std::string name_;
  std::vector<BoundStage> stages_;
};

class BinaryConvolutionStep : public Step {
 public:
  BinaryConvolutionStep(std::unique_ptr<BinaryConvolution> convolution, int input)
      : convolution_(std::move(convolution)), input_(input) {}
  void Run(const StepContext& context) const override;
  size_t scratch_bytes() const override { return convolution_->scratch_bytes(); }

 private:
  std::unique_ptr<BinaryConvolution> convolution_;
  int input_;
};

// A convolution with float results.
class FloatConvolutionStep : public Step {
 public:
  FloatConvolutionStep(std::unique_ptr<Convolution> convolution, int input)
      : convolution_(std::move(convolution)), input_(input) {}
  void Run(const StepContext& context) const override;

 private:
  std::unique_ptr<Convolution> convolution_;
  int input_;
};

struct PoolSpec {
  PoolKind kind = PoolKind::kMax;
  Extent vertical;
  Extent horizontal;
  int channels = 0;
};

class PoolStep : public Step {
 public:
  PoolStep(const KernelTable& kernels, const PoolSpec& spec, const MapReference& input)
      : kernels_(kernels), spec_(spec), input_(input) {}
  void Run(const StepContext& context) const override;
  size_t scratch_bytes() const override;

 private:
  const KernelTable& kernels_;
  PoolSpec spec_;
  MapReference input_;
};

// Stages on a float map.
class MapStep : public Step {
 public:
  MapStep(const KernelTable& kernels, const MapReference& input)
      : kernels_(kernels), input_(input) {}
  void Run(const StepContext& context) const override;

 private:
  const KernelTable& kernels_;
  MapReference input_;
};

// Copies a map into one with a border.
class CopyStep : public Step {
 public:
  CopyStep(const MapReference& input, const MapReference& output, int element_bytes)
      : input_(input), output_(output), element_bytes_(element_bytes) {}
  void Run(const StepContext& context) const override;

 private:
  MapReference input_;
  MapReference output_;
  int element_bytes_;
};

// Finds the 8-bit pixels that a normalised image was made of, for a PixelConvolution.
class PixelStep : public Step {
 public:
  // `input` is a float map, `output` an int16 map with a border.
  PixelStep(const KernelTable& kernels, const PixelNormalization& normalization,
            const MapReference& input, const MapReference& output);
  void Run(const StepContext& context) const override;

 private:
  const KernelTable& kernels_;
  std::vector<float> slope_;   // of every value of a row
  std::vector<float> offset_;  // of every value of a row
  MapReference input_;
  MapReference output_;
};

}  // namespace bireid

#endif  // BIREID_PLAN_STEP_H_
