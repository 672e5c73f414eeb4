// Between packed maps and maps of other types, one whole map after the other.
#ifndef BIREID_OPERATORS_PACKED_CONVERSION_H_
#define BIREID_OPERATORS_PACKED_CONVERSION_H_

#include <cstdint>

#include "plan/plan_builder.h"
#include "plan/step.h"

namespace bireid {

class ConvertStep : public Step {
 public:
  enum class Kind : uint8_t { kPackInt8, kPackBool, kUnpackFloat, kUnpackInt8, kUnpackBool };

  // `unpacked` is the tensor that is not packed, input or output.
  ConvertStep(Kind kind, const Tensor& unpacked, const MapReference& input,
              const MapReference& output)
      : kind_(kind),
        channels_(unpacked.shape[3]),
        scale_(unpacked.scale),
        zero_point_(unpacked.zero_point),
        input_(input),
        output_(output) {}
  void Run(const StepContext& context) const override;

 private:
  Kind kind_;
  int channels_;
  float scale_;
  int32_t zero_point_;
  MapReference input_;
  MapReference output_;
};

// Adds one for node `n`.
void AddConversion(int n, ConvertStep::Kind kind, const Tensor& unpacked, PlanBuilder* builder);

}  // namespace bireid

#endif  // BIREID_OPERATORS_PACKED_CONVERSION_H_
