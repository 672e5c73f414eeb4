// A model file with every operator that the engine knows.
#ifndef BIREID_TESTS_MODEL_NETWORK_H_
#define BIREID_TESTS_MODEL_NETWORK_H_

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/lce_options.h"
#include "tests/model_writer.h"

namespace bireid {

// Of an LceBMaxPool2d of 2x2 windows, as the LCE converter writes them.
inline const std::string kBinaryPoolOptions(
    "filter_height\0filter_width\0padding\0stride_height\0stride_width\0"
    "\x05?2&\x1f\x12\x05\x01\x05\x02\x02\x01\x02\x02\x04\x04\x04\x04\x04\n$\x01"sv);

// The plan can run it.
struct Network : ModelWriter {
  using ActivationFunctionType = tflite::ActivationFunctionType;
  using BuiltinOperator = tflite::BuiltinOperator;
  using TensorType = tflite::TensorType;

  Network() {
    int map = inputs.emplace_back(AddTensor(TensorType::FLOAT32, {1, 8, 8, 3}));
    stem = AddWeights({32, 3, 3, 3});
    map = AddOperatorWith(
        [](Builder& builder) {
          return tflite::CreateConv2DOptions(builder, tflite::Padding::SAME, 2, 2,
                                             ActivationFunctionType::RELU6);
        },
        BuiltinOperator::CONV_2D, {map, stem, AddWeights({32})}, Map(4, 32));
    map = AddOperatorWith(
        [](Builder& builder) {
          return tflite::CreateDepthwiseConv2DOptions(builder, tflite::Padding::SAME, 1, 1,
                                                      ActivationFunctionType::NONE, 3, 2);
        },
        BuiltinOperator::DEPTHWISE_CONV_2D, {map, AddWeights({1, 3, 3, 32}), -1}, Map(4, 32));
    const std::vector<int32_t> amounts{0, 0, 1, 1, 1, 1, 0, 0};
    map = AddOperator(BuiltinOperator::PAD, {map, AddConstant(TensorType::INT32, {4, 2}, amounts)},
                      Map(6, 32));
    map = AddPool(BuiltinOperator::MAX_POOL_2D, 3, 1, map, Map(4, 32));
    const std::vector<int32_t> none(8);
    map = AddOperator(BuiltinOperator::PADV2,
                      {map, AddConstant(TensorType::INT32, {4, 2}, none), AddWeights({1})},
                      Map(4, 32));
    map = AddOperator(BuiltinOperator::PRELU, {map, AddWeights({1, 1, 32})}, Map(4, 32));
    const int packed = AddOperator(BuiltinOperator::CUSTOM, {map},
                                   AddTensor(TensorType::INT32, {1, 4, 4, 1}), "LceQuantize");
    const int filter =
        AddConstant(TensorType::INT32, {32, 3, 3, 1}, std::vector<int32_t>(32 * 9, 0x5a5a));
    const int sums = AddOperator(BuiltinOperator::CUSTOM,
                                 {packed, filter, AddWeights({32}), AddWeights({32}), -1},
                                 Map(4, 32), "LceBconv2d", kNarrowOptions);
    const int pooled =
        AddOperator(BuiltinOperator::CUSTOM, {packed}, AddTensor(TensorType::INT32, {1, 2, 2, 1}),
                    "LceBMaxPool2d", kBinaryPoolOptions);
    const int signs = AddOperator(BuiltinOperator::CUSTOM, {pooled}, Map(2, 32), "LceDequantize");
    map = AddArithmetic<tflite::AddOptions>(BuiltinOperator::ADD, {sums, map}, Map(4, 32));
    map = AddPool(BuiltinOperator::AVERAGE_POOL_2D, 2, 2, map, Map(2, 32));
    map = AddArithmetic<tflite::SubOptions>(BuiltinOperator::SUB, {map, signs}, Map(2, 32));
    map = AddArithmetic<tflite::MulOptions>(BuiltinOperator::MUL, {map, AddWeights({32})},
                                            Map(2, 32));
    const int scalar = AddWeights({1});
    map = AddOperator(BuiltinOperator::MAXIMUM, {map, scalar}, Map(2, 32));
    map = AddOperator(BuiltinOperator::POW, {map, scalar}, Map(2, 32));
    map = AddOperator(BuiltinOperator::SQUARED_DIFFERENCE, {map, signs}, Map(2, 32));
    for (const BuiltinOperator op :
         {BuiltinOperator::RELU, BuiltinOperator::RELU_N1_TO_1, BuiltinOperator::RELU6,
          BuiltinOperator::LOGISTIC, BuiltinOperator::RSQRT, BuiltinOperator::HARD_SWISH}) {
      map = AddOperator(op, {map}, Map(2, 32));
    }
    const int size = AddConstant(TensorType::INT32, {2}, std::vector<int32_t>{4, 4});
    map = AddOperatorWith(
        [](Builder& builder) {
          return tflite::CreateResizeNearestNeighborOptions(builder, false, true);
        },
        BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, {map, size}, Map(4, 32));
    map = AddOperatorWith(
        [](Builder& builder) {
          return tflite::CreateConcatenationOptions(builder, 3, ActivationFunctionType::RELU);
        },
        BuiltinOperator::CONCATENATION, {map, sums}, Map(4, 64));
    axes = AddConstant(TensorType::INT32, {2}, std::vector<int32_t>{-2, 1});
    map = AddOperator(BuiltinOperator::MEAN, {map, axes}, AddTensor(TensorType::FLOAT32, {1, 64}));
    const int shape = AddConstant(TensorType::INT32, {4}, std::vector<int32_t>{-1, 1, 1, 64});
    map = AddOperator(BuiltinOperator::RESHAPE, {map, shape}, Map(1, 64));
    map = AddOperatorWith(
        [](Builder& builder) { return tflite::CreateFullyConnectedOptions(builder); },
        BuiltinOperator::FULLY_CONNECTED, {map, AddWeights({8, 64}), -1},
        AddTensor(TensorType::FLOAT32, {-1, 8}));
    map = AddArithmetic<tflite::L2NormOptions>(BuiltinOperator::L2_NORMALIZATION, {map},
                                               AddTensor(TensorType::FLOAT32, {1, 8}));
    outputs = {map};
  }

  int Map(int size, int channels) {
    return AddTensor(TensorType::FLOAT32, {1, size, size, channels});
  }

  int AddPool(BuiltinOperator op, int filter, int stride, int input, int output) {
    return AddOperatorWith(
        [=](Builder& builder) {
          return tflite::CreatePool2DOptions(builder, tflite::Padding::VALID, stride, stride,
                                             filter, filter);
        },
        op, {input}, output);
  }

  // Or anything else whose only option is an activation.
  template <typename Options>
  int AddArithmetic(BuiltinOperator op, std::vector<int> operands, int output) {
    return AddOperatorWith(
        [](Builder& builder) { return typename Options::Builder(builder).Finish(); }, op,
        std::move(operands), output);
  }

  Operator& Find(BuiltinOperator builtin, const std::string& custom = "") {
    for (Operator& op : operators) {
      if (codes[op.code] == std::make_pair(builtin, custom)) return op;
    }
    throw std::logic_error("the network has no such operator");
  }

  Tensor& OutputOf(BuiltinOperator builtin, const std::string& custom = "") {
    return tensors[Find(builtin, custom).outputs[0]];
  }

  int stem = 0;
  int axes = 0;
};

}  // namespace bireid

#endif  // BIREID_TESTS_MODEL_NETWORK_H_
