// How LiteRT hands over the options of its operators, declared anew from builtin_op_data.h.
// Structures that the runtime allocates may be longer there: fields are only ever added at the end.
#ifndef BIREID_FORMATS_LITERT_PARAMETERS_H_
#define BIREID_FORMATS_LITERT_PARAMETERS_H_

namespace bireid::litert {

enum TfLitePadding : int { kTfLitePaddingSame = 1, kTfLitePaddingValid = 2 };

enum TfLiteFusedActivation : int {
  kTfLiteActNone = 0,
  kTfLiteActRelu = 1,
  kTfLiteActReluN1To1 = 2,
  kTfLiteActRelu6 = 3,
};

struct TfLiteConvParams {
  TfLitePadding padding;
  int stride_width;
  int stride_height;
  TfLiteFusedActivation activation;
  int dilation_width_factor;
  int dilation_height_factor;
};

struct TfLiteDepthwiseConvParams {
  TfLitePadding padding;
  int stride_width;
  int stride_height;
  int depth_multiplier;
  TfLiteFusedActivation activation;
  int dilation_width_factor;
  int dilation_height_factor;
};

struct TfLitePoolParams {
  TfLitePadding padding;
  int stride_width;
  int stride_height;
  int filter_width;
  int filter_height;
  TfLiteFusedActivation activation;
};

// Those of ADD, SUB, MUL and L2_NORMALIZATION begin with it.
struct TfLiteArithmeticParams {
  TfLiteFusedActivation activation;
};

struct TfLiteFullyConnectedParams {
  TfLiteFusedActivation activation;
  int weights_format;  // 0: rows one after the other
};

struct TfLiteConcatenationParams {
  int axis;
  TfLiteFusedActivation activation;
};

struct TfLiteResizeNearestNeighborParams {
  bool align_corners;
  bool half_pixel_centers;
};

}  // namespace bireid::litert

#endif  // BIREID_FORMATS_LITERT_PARAMETERS_H_
