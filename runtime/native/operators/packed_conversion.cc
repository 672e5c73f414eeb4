#include "operators/packed_conversion.h"

#include <memory>

#include "kernels/packing.h"
#include "plan/worker_share.h"

namespace bireid {

void ConvertStep::Run(const StepContext& context) const {
  const bool packs = kind_ == Kind::kPackInt8 || kind_ == Kind::kPackBool;
  const Int8Signs signs =
      kind_ == Kind::kUnpackInt8 ? Int8Signs::Of(scale_, zero_point_) : Int8Signs{};
  const Share share = ShareOf(context, input_.layout.height * input_.layout.width, 1);
  for (int pixel = share.begin; pixel < share.end; ++pixel) {
    const int64_t from = PixelOffset(input_, pixel);
    const int64_t to = PixelOffset(output_, pixel);
    const uint32_t* words = ValueOf<const uint32_t>(context, input_.value) + (packs ? 0 : from);
    uint32_t* bits = ValueOf<uint32_t>(context, output_.value) + (packs ? to : 0);
    switch (kind_) {
      case Kind::kPackInt8:
        PackInt8Pixel(ValueOf<const int8_t>(context, input_.value) + from, channels_, zero_point_,
                      bits);
        break;
      case Kind::kPackBool:
        PackBoolPixel(ValueOf<const uint8_t>(context, input_.value) + from, channels_, bits);
        break;
      case Kind::kUnpackFloat:
        UnpackFloatPixel(words, channels_, ValueOf<float>(context, output_.value) + to);
        break;
      case Kind::kUnpackInt8:
        UnpackInt8Pixel(words, channels_, signs, ValueOf<int8_t>(context, output_.value) + to);
        break;
      case Kind::kUnpackBool:
        UnpackBoolPixel(words, channels_, ValueOf<uint8_t>(context, output_.value) + to);
        break;
    }
  }
}

void AddConversion(int n, ConvertStep::Kind kind, const Tensor& unpacked, PlanBuilder* builder) {
  const int input = builder->MapOf(builder->node(n).inputs[0]);
  const int output = builder->DeclareOutput(n);
  builder->AddWhole(n,
                    std::make_unique<ConvertStep>(kind, unpacked, builder->Reference(input),
                                                  builder->Reference(output)),
                    output);
}

}  // namespace bireid
