// Runs a graph as it is written: node by node, value by value, nothing packed, nothing fused. What
// a plan computes is compared with this to the last bit.
#ifndef BIREID_TESTS_GRAPH_INTERPRETER_H_
#define BIREID_TESTS_GRAPH_INTERPRETER_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "kernels/pixelwise.h"
#include "tests/map_values.h"
#include "tests/operator_named.h"

namespace bireid {

class GraphInterpreter : MapValues {
 public:
  // The outputs of a graph that a plan accepts.
  static std::vector<Bytes> Run(const Graph& graph, const std::vector<Bytes>& inputs) {
    GraphInterpreter interpreter(graph);
    for (size_t i = 0; i < inputs.size(); ++i) interpreter.values_[graph.inputs[i]] = inputs[i];
    for (const Node& node : graph.nodes) interpreter.RunNode(node);
    std::vector<Bytes> outputs;
    for (const int output : graph.outputs) outputs.push_back(interpreter.values_[output]);
    return outputs;
  }

 private:
  // One dimension of a sliding window, by the rules of TensorFlow.
  struct Window {
    int input, filter, stride, dilation, before;

    Window(int input, int filter, int stride, int dilation, Padding padding)
        : input(input), filter(filter), stride(stride), dilation(dilation), before(0) {
      if (padding == Padding::kValid) return;
      const int output = (input + stride - 1) / stride;
      before = std::max(0, (output - 1) * stride + (filter - 1) * dilation + 1 - input) / 2;
    }
    int Source(int output, int tap) const { return output * stride - before + tap * dilation; }
    bool Holds(int source) const { return source >= 0 && source < input; }
  };

  using MapValues::MapValues;

  void RunNode(const Node& node) {
    using Function = void (GraphInterpreter::*)(const Node&);
    static const std::map<const Operator*, Function> functions = {
        {Op("LceQuantize"), &GraphInterpreter::Quantize},
        {Op("LceDequantize"), &GraphInterpreter::Dequantize},
        {Op("LceBconv2d"), &GraphInterpreter::BinaryConvolution},
        {Op("LceBMaxPool2d"), &GraphInterpreter::BinaryMaxPool},
        {Op("CONV_2D"), &GraphInterpreter::Convolution},
        {Op("FULLY_CONNECTED"), &GraphInterpreter::Convolution},
        {Op("DEPTHWISE_CONV_2D"), &GraphInterpreter::DepthwiseConvolution},
        {Op("MAX_POOL_2D"), &GraphInterpreter::Pool},
        {Op("AVERAGE_POOL_2D"), &GraphInterpreter::Pool},
        {Op("MEAN"), &GraphInterpreter::Pool},
        {Op("L2_NORMALIZATION"), &GraphInterpreter::L2Normalization},
        {Op("PAD"), &GraphInterpreter::Pad},
        {Op("PADV2"), &GraphInterpreter::Pad},
        {Op("RESHAPE"), &GraphInterpreter::Reshape},
        {Op("CONCATENATION"), &GraphInterpreter::Concatenation},
        {Op("RESIZE_NEAREST_NEIGHBOR"), &GraphInterpreter::ResizeNearestNeighbor},
        {Op("ADD"), &GraphInterpreter::Elementwise},
        {Op("SUB"), &GraphInterpreter::Elementwise},
        {Op("MUL"), &GraphInterpreter::Elementwise},
        {Op("PRELU"), &GraphInterpreter::Elementwise},
        {Op("RELU"), &GraphInterpreter::Elementwise},
        {Op("LOGISTIC"), &GraphInterpreter::Elementwise},
        {Op("HARD_SWISH"), &GraphInterpreter::Elementwise},
        {Op("RSQRT"), &GraphInterpreter::Elementwise},
        {Op("SQUARED_DIFFERENCE"), &GraphInterpreter::Elementwise},
        {Op("MAXIMUM"), &GraphInterpreter::Elementwise},
        {Op("POW"), &GraphInterpreter::Elementwise},
    };
    const int output = node.outputs[0];
    values_[output].assign(BytesOf(graph_.tensors[output]), 0);
    (this->*functions.at(node.op))(node);
  }

  // Over the taps of an output's window, row by row: function(ky, kx, pixel of the input).
  template <typename Function>
  void ForEachTap(const Node& node, int filter_height, int filter_width, const Position& p,
                  Function function) const {
    const Options& o = node.options;
    const std::vector<int>& shape = Shape(node.inputs[0]);
    const Window rows(shape[1], filter_height, o.stride_height, o.dilation_height, o.padding);
    const Window columns(shape[2], filter_width, o.stride_width, o.dilation_width, o.padding);
    for (int ky = 0; ky < filter_height; ++ky) {
      for (int kx = 0; kx < filter_width; ++kx) {
        const int y = rows.Source(p.y, ky);
        const int x = columns.Source(p.x, kx);
        function(ky, kx, Position{p.image, y, x, p.c}, rows.Holds(y) && columns.Holds(x));
      }
    }
  }

  static float Activate(Activation activation, float y) {
    if (activation == Activation::kNone) return y;
    const float low = activation == Activation::kReluN1To1 ? -1.0f : 0.0f;
    const float high = activation == Activation::kRelu6  ? 6.0f
                       : activation == Activation::kRelu ? std::numeric_limits<float>::infinity()
                                                         : 1.0f;
    y = y > low ? y : low;
    return y < high ? y : high;
  }

  void Quantize(const Node& node) {
    const int input = node.inputs[0];
    const int output = node.outputs[0];
    const Tensor& tensor = graph_.tensors[input];
    ForEach(input, tensor.shape[3], [&](const Position& p) {
      const bool negative = tensor.type == DataType::kFloat32 ? At<float>(input, p) < 0.0f
                            : tensor.type == DataType::kInt8
                                ? At<int8_t>(input, p) < tensor.zero_point
                                : At<uint8_t>(input, p) == 0;
      SetBit(output, p, negative);
    });
  }

  void Dequantize(const Node& node) {
    const int input = node.inputs[0];
    const int output = node.outputs[0];
    const Tensor& tensor = graph_.tensors[output];
    ForEach(output, tensor.shape[3], [&](const Position& p) {
      const int sign = Bit(input, p) ? -1 : 1;
      if (tensor.type == DataType::kFloat32) At<float>(output, p) = static_cast<float>(sign);
      if (tensor.type == DataType::kBool) At<uint8_t>(output, p) = sign < 0 ? 0 : 1;
      if (tensor.type != DataType::kInt8) return;
      const float unit = std::round(1.0f / tensor.scale);
      const float value = static_cast<float>(tensor.zero_point) + static_cast<float>(sign) * unit;
      At<int8_t>(output, p) = static_cast<int8_t>(std::clamp(value, -128.0f, 127.0f));
    });
  }

  // What a window gives: the signs that differ, taps outside the map counted as +1, and the sum of
  // the weights of those.
  struct Match {
    int differing = 0;
    int outside = 0;
    bool has_outside = false;
  };

  Match MatchWindow(const Node& node, const Position& p) {
    const int filter = node.inputs[1];
    const std::vector<int>& shape = Shape(filter);
    const int groups = Shape(node.inputs[0])[3] / shape[3];
    const int depth = node.options.Own("channels_in") / groups;
    const int group = p.c / (shape[0] / groups);
    Match match;
    ForEachTap(node, shape[1], shape[2], p, [&](int ky, int kx, Position source, bool inside) {
      match.has_outside = match.has_outside || !inside;
      for (int i = 0; i < depth; ++i) {
        source.c = group * depth + i;
        const bool weight = Bit(filter, {p.c, ky, kx, i});
        match.differing += weight != (inside && Bit(node.inputs[0], source));
        match.outside += inside ? 0 : weight ? -1 : 1;
      }
    });
    return match;
  }

  void BinaryConvolution(const Node& node) {
    const int output = node.outputs[0];
    const Tensor& tensor = graph_.tensors[output];
    ForEach(output, Shape(node.inputs[1])[0], [&](const Position& p) {
      const Match match = MatchWindow(node, p);
      if (tensor.type == DataType::kInt32) {
        SetBit(output, p, match.differing > Constant<int32_t>(node.inputs[4])[p.c]);
        return;
      }
      const float y = Transform(node, match, p.c);
      if (tensor.type == DataType::kFloat32) {
        At<float>(output, p) = y;
      } else {
        At<int8_t>(output, p) = static_cast<int8_t>(std::clamp(std::round(y), -128.0f, 127.0f));
      }
    });
  }

  // As LCE: constants are folded in double, then rounded; product and sum round separately.
  float Transform(const Node& node, const Match& match, int channel) const {
    const Tensor& output = graph_.tensors[node.outputs[0]];
    const std::vector<int>& filter = Shape(node.inputs[1]);
    const int groups = Shape(node.inputs[0])[3] / filter[3];
    const int depth = filter[1] * filter[2] * (node.options.Own("channels_in") / groups);
    const bool is_int8 = output.type == DataType::kInt8;
    const double scale = is_int8 ? output.scale : 1.0;
    const double multiplier = Constant<float>(node.inputs[2])[channel] / scale;
    const double bias =
        Constant<float>(node.inputs[3])[channel] / scale + (is_int8 ? output.zero_point : 0);
    int low = -depth;
    int high = depth;
    switch (node.options.activation) {
      case Activation::kNone:
        break;
      case Activation::kRelu:
        low = 0;
        break;
      case Activation::kReluN1To1:
        low = -1;
        high = 1;
        break;
      case Activation::kRelu6:
        low = 0;
        high = std::min(6, depth);
        break;
    }
    const int doubled = std::clamp(2 * match.differing, depth - high, depth - low);
    const float product = static_cast<float>(doubled) * static_cast<float>(-multiplier);
    const float y = product + static_cast<float>(bias + depth * multiplier);
    if (node.options.Own("pad_values") == 1 || !match.has_outside) return y;
    const float correction =
        -Constant<float>(node.inputs[2])[channel] * static_cast<float>(match.outside);
    return y + correction;
  }

  void BinaryMaxPool(const Node& node) {
    const int output = node.outputs[0];
    const Options& o = node.options;
    ForEach(output, Shape(output)[3], [&](const Position& p) {
      uint32_t word = ~0u;
      ForEachTap(node, o.filter_height, o.filter_width, p,
                 [&](int, int, const Position& source, bool inside) {
                   if (inside) word &= At<uint32_t>(node.inputs[0], source);
                 });
      At<uint32_t>(output, p) = word;
    });
  }

  float Bias(const Node& node, int channel) const {
    const bool has_bias = node.inputs.size() > 2 && node.inputs[2] >= 0;
    return has_bias ? Constant<float>(node.inputs[2])[channel] : 0.0f;
  }

  void Convolution(const Node& node) {
    const int output = node.outputs[0];
    const float* filter = Constant<float>(node.inputs[1]);
    std::vector<int> shape = Shape(node.inputs[1]);
    if (node.op == Op("FULLY_CONNECTED")) shape.insert(shape.begin() + 1, 2, 1);
    const int groups = Shape(node.inputs[0])[3] / shape[3];
    ForEach(output, shape[0], [&](const Position& p) {
      const float* weight = filter + int64_t{p.c} * shape[1] * shape[2] * shape[3];
      float y = Bias(node, p.c);
      ForEachTap(node, shape[1], shape[2], p, [&](int, int, Position source, bool inside) {
        const int first = p.c / (shape[0] / groups) * shape[3];
        for (source.c = first; source.c < first + shape[3]; ++source.c) {
          const float value = inside ? At<float>(node.inputs[0], source) : 0.0f;
          y = std::fma(value, *weight++, y);
        }
      });
      At<float>(output, p) = Activate(node.options.activation, y);
    });
  }

  void DepthwiseConvolution(const Node& node) {
    const int output = node.outputs[0];
    const int filter = node.inputs[1];
    const std::vector<int>& shape = Shape(filter);
    const int multiplier = shape[3] / Shape(node.inputs[0])[3];
    ForEach(output, shape[3], [&](const Position& p) {
      float y = Bias(node, p.c);
      ForEachTap(node, shape[1], shape[2], p, [&](int ky, int kx, Position source, bool inside) {
        source.c = p.c / multiplier;
        const float value = inside ? At<float>(node.inputs[0], source) : 0.0f;
        y = std::fma(value, At<float>(filter, {0, ky, kx, p.c}), y);
      });
      At<float>(output, p) = Activate(node.options.activation, y);
    });
  }

  // A mean is the average of one window, which is the map.
  void Pool(const Node& node) {
    const int output = node.outputs[0];
    const Options& o = node.options;
    const bool is_max = node.op == Op("MAX_POOL_2D");
    const bool is_mean = node.op == Op("MEAN");
    const int height = is_mean ? Shape(node.inputs[0])[1] : o.filter_height;
    const int width = is_mean ? Shape(node.inputs[0])[2] : o.filter_width;
    ForEach(output, Shape(output)[3], [&](const Position& p) {
      float y = is_max ? std::numeric_limits<float>::lowest() : 0.0f;
      int taps = 0;
      ForEachTap(node, height, width, p, [&](int, int, const Position& source, bool inside) {
        if (!inside) return;
        const float value = At<float>(node.inputs[0], source);
        y = is_max ? (y > value ? y : value) : y + value;
        ++taps;
      });
      At<float>(output, p) = Activate(o.activation, is_max ? y : y / static_cast<float>(taps));
    });
  }

  void L2Normalization(const Node& node) {
    const int input = node.inputs[0];
    const int output = node.outputs[0];
    const int channels = Shape(input)[3];
    ForEach(input, 1, [&](Position p) {
      float squares = 0.0f;
      for (p.c = 0; p.c < channels; ++p.c) {
        const float square = At<float>(input, p) * At<float>(input, p);
        squares += square;
      }
      const float length = std::max(std::sqrt(squares), 1e-6f);
      for (p.c = 0; p.c < channels; ++p.c) At<float>(output, p) = At<float>(input, p) / length;
    });
  }

  // A map's value, or its only pixel's; a constant's: one for all, or one per channel.
  float Operand(int tensor, const Position& p) {
    const bool is_map = graph_.tensors[tensor].constant == nullptr;
    if (!is_map) return Constant<float>(tensor)[values_[tensor].size() == 4 ? 0 : p.c];
    const bool is_pixel = Shape(tensor)[1] == 1 && Shape(tensor)[2] == 1;
    return At<float>(tensor, is_pixel ? Position{p.image, 0, 0, p.c} : p);
  }

  void Elementwise(const Node& node) {
    const int output = node.outputs[0];
    Activation activation = node.options.activation;
    if (node.op == Op("RELU") && activation == Activation::kNone) {
      activation = Activation::kRelu;
    }
    ForEach(output, Shape(output)[3], [&](const Position& p) {
      const float x = Operand(node.inputs[0], p);
      float y = x;
      if (node.op == Op("ADD")) y = x + Operand(node.inputs[1], p);
      if (node.op == Op("SUB")) y = x - Operand(node.inputs[1], p);
      if (node.op == Op("MUL")) y = x * Operand(node.inputs[1], p);
      if (node.op == Op("PRELU")) y = x >= 0.0f ? x : x * Operand(node.inputs[1], p);
      if (node.op == Op("SQUARED_DIFFERENCE")) {
        const float difference = x - Operand(node.inputs[1], p);
        y = difference * difference;
      }
      if (node.op == Op("MAXIMUM")) {
        const bool first_is_map = graph_.tensors[node.inputs[0]].constant == nullptr;
        const float other = Operand(node.inputs[1], p);
        y = first_is_map ? (x > other ? x : other) : (other > x ? other : x);
      }
      if (node.op == Op("RSQRT")) y = 1.0f / std::sqrt(x);
      // The plan's own, to the last bit: pixelwise_test.cc holds them against their definitions.
      if (node.op == Op("LOGISTIC")) Logistic(&x, 1, &y);
      if (node.op == Op("HARD_SWISH")) HardSwish(&x, 1, &y);
      if (node.op == Op("POW")) {
        const float exponent = Operand(node.inputs[1], p);
        Power(&x, &exponent, 1, &y);
      }
      At<float>(output, p) = Activate(activation, y);
    });
  }

  void Reshape(const Node& node) { values_[node.outputs[0]] = values_[node.inputs[0]]; }

  void Concatenation(const Node& node) {
    int first = 0;
    for (const int input : node.inputs) {
      ForEach(input, Shape(input)[3], [&](const Position& p) {
        At<float>(node.outputs[0], {p.image, p.y, p.x, first + p.c}) =
            Activate(node.options.activation, At<float>(input, p));
      });
      first += Shape(input)[3];
    }
  }

  void ResizeNearestNeighbor(const Node& node) {
    const int output = node.outputs[0];
    const std::vector<int>& from = Shape(node.inputs[0]);
    const std::vector<int>& to = Shape(output);
    ForEach(output, to[3], [&](const Position& p) {
      At<float>(output, p) =
          At<float>(node.inputs[0], {p.image, p.y * from[1] / to[1], p.x * from[2] / to[2], p.c});
    });
  }

  void Pad(const Node& node) {
    const int32_t* amounts = Constant<int32_t>(node.inputs[1]);
    const float value = node.op == Op("PADV2") ? Constant<float>(node.inputs[2])[0] : 0.0f;
    ForEach(node.outputs[0], Shape(node.outputs[0])[3],
            [&](const Position& p) { At<float>(node.outputs[0], p) = value; });
    ForEach(node.inputs[0], Shape(node.inputs[0])[3], [&](const Position& p) {
      At<float>(node.outputs[0], {p.image, p.y + amounts[2], p.x + amounts[4], p.c}) =
          At<float>(node.inputs[0], p);
    });
  }
};

}  // namespace bireid

#endif  // BIREID_TESTS_GRAPH_INTERPRETER_H_
