// What a plan has against a node.
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "plan/node_shapes.h"
#include "plan/plan.h"

namespace bireid {
namespace {

// What is wrong with a node, thrown on the way out of WhyUnsupported.
class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

void Require(bool condition, const char* message) {
  if (!condition) throw Unsupported(message);
}

bool IsFinite(float value) {
  return value == value && value <= std::numeric_limits<float>::max() &&
         value >= std::numeric_limits<float>::lowest();
}

class Check {
 public:
  Check(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  void Run() const {
    switch (node_.op) {
      case Operator::kLceQuantize:
        return Quantize();
      case Operator::kLceDequantize:
        return Dequantize();
      case Operator::kLceBconv2d:
        return BinaryConvolution2d();
      case Operator::kLceBMaxPool2d:
        return Pool(DataType::kInt32);
      case Operator::kConv2d:
        return Convolution2d();
      case Operator::kDepthwiseConv2d:
        return DepthwiseConvolution2d();
      case Operator::kFullyConnected:
        return FullyConnected();
      case Operator::kMaxPool2d:
      case Operator::kAveragePool2d:
        return Pool(DataType::kFloat32);
      case Operator::kMean:
        return Mean();
      case Operator::kAdd:
      case Operator::kSub:
      case Operator::kMul:
        return Elementwise();
      case Operator::kPrelu:
        return Prelu();
      case Operator::kRelu:
      case Operator::kLogistic:
      case Operator::kL2Normalization:
        Operands(1);
        return SameShape(Map(Input(0), DataType::kFloat32), Output(DataType::kFloat32));
      case Operator::kPad:
        return Pad();
      case Operator::kReshape:
        return Reshape();
    }
    throw Unsupported("unknown operator");
  }

 private:
  // No more than the operator has: whoever reads the graph takes each for one that it knows.
  void Operands(size_t count, size_t optional = 0) const {
    for (const int tensor : node_.inputs) {
      if (tensor >= 0) At(tensor);
    }
    Require(node_.inputs.size() >= count && node_.inputs.size() <= count + optional &&
                node_.outputs.size() == 1,
            "wrong number of inputs or outputs");
  }

  const Tensor& At(int index) const {
    Require(index >= 0 && static_cast<size_t>(index) < graph_.tensors.size(),
            "a tensor is missing");
    return graph_.tensors[index];
  }

  const Tensor& Input(size_t index) const { return At(node_.inputs[index]); }

  const Tensor& Map(const Tensor& tensor, DataType type) const {
    Require(tensor.constant == nullptr, "a map is a constant");
    Require(tensor.type == type, "a tensor has another type than the operator needs");
    Require(tensor.shape.size() == 4, "a map must have four dimensions");
    Require(ElementCount(tensor.shape) > 0, "a map is empty, of unknown size or too large");
    return tensor;
  }

  const Tensor& Output(DataType type) const { return Map(At(node_.outputs[0]), type); }

  static void SameShape(const Tensor& a, const Tensor& b) {
    Require(a.shape == b.shape, "the shapes of input and output differ");
  }

  // A stored array of exactly this shape.
  const Tensor& Constant(const Tensor& tensor, DataType type, std::vector<int> shape) const {
    Require(tensor.constant != nullptr, "weights are not stored in the model");
    Require(tensor.type == type, "weights have another type than the operator needs");
    Require(tensor.shape == shape, "weights have another shape than the operator needs");
    const int64_t count = ElementCount(shape);
    Require(count > 0 && tensor.constant_bytes == static_cast<size_t>(count) * 4,
            "weights are shorter or longer than their shape");
    Require(IsAligned(tensor), "weights are not aligned in the model");
    return tensor;
  }

  void OutputIs(const Tensor& output, const Tensor& input, const Extent& vertical,
                const Extent& horizontal, int elements) const {
    Require(output.shape ==
                std::vector<int>{input.shape[0], vertical.output, horizontal.output, elements},
            "the output has another shape than the options give");
  }

  void Quantize() const {
    Operands(1);
    const Tensor& input = Input(0);
    Require(input.type == DataType::kFloat32 || input.type == DataType::kInt8 ||
                input.type == DataType::kBool,
            "the input must be float32, int8 or bool");
    PackedPair(Map(input, input.type), Output(DataType::kInt32));
  }

  void Dequantize() const {
    Operands(1);
    const Tensor& output = At(node_.outputs[0]);
    Require(output.type == DataType::kFloat32 || output.type == DataType::kInt8 ||
                output.type == DataType::kBool,
            "the output must be float32, int8 or bool");
    if (output.type == DataType::kInt8) Scale(output);
    PackedPair(Map(output, output.type), Map(Input(0), DataType::kInt32));
  }

  static void PackedPair(const Tensor& map, const Tensor& packed) {
    std::vector<int> shape = map.shape;
    shape[3] = Blocks(shape[3]);
    Require(packed.shape == shape, "the packed map has another shape than the map");
  }

  static void Scale(const Tensor& tensor) {
    Require(tensor.scale > 0 && IsFinite(tensor.scale) && tensor.zero_point >= -128 &&
                tensor.zero_point <= 127,
            "an int8 tensor has no valid scale and zero point");
  }

  void BinaryConvolution2d() const {
    Operands(5);
    for (size_t i = 2; i < 5; ++i) {  // those that the output's type leaves unused, too
      Require(node_.inputs[i] < 0 || Input(i).constant != nullptr,
              "weights are not stored in the model");
    }
    const Tensor& input = Map(Input(0), DataType::kInt32);
    const Tensor& filter = Input(1);
    Require(filter.shape.size() == 4, "the filter must have four dimensions");
    Constant(filter, DataType::kInt32, filter.shape);
    const Tensor& output = At(node_.outputs[0]);
    Require(output.type == DataType::kFloat32 || output.type == DataType::kInt8 ||
                output.type == DataType::kInt32,
            "the output must be float32, int8 or packed int32");
    Map(output, output.type);
    Require(node_.options.channels_in > 0 && Blocks(node_.options.channels_in) == input.shape[3],
            "channels_in does not fit the input");
    Require(input.shape[3] % filter.shape[3] == 0, "the filter does not fit the input");
    const BinaryConvolutionSpec spec = BinaryConvolutionSpecOf(graph_, node_);
    BinaryConvolution::Check(spec);
    Require(spec.group_words() == filter.shape[3], "the filter does not fit the input");
    const int channels = spec.channels_out;
    if (output.type == DataType::kInt32) {
      Constant(Input(4), DataType::kInt32, {channels});
    } else {
      Constant(Input(2), DataType::kFloat32, {channels});
      Constant(Input(3), DataType::kFloat32, {channels});
    }
    if (output.type == DataType::kInt8) Scale(output);
    OutputIs(output, input,
             Extent::Of(input.shape[1], spec.kernel_height, spec.stride_height,
                        spec.dilation_height, spec.padding),
             Extent::Of(input.shape[2], spec.kernel_width, spec.stride_width, spec.dilation_width,
                        spec.padding),
             output.type == DataType::kInt32 ? Blocks(channels) : channels);
  }

  // A filter of any size.
  const Tensor& Filter() const {
    const Tensor& filter = Input(1);
    Require(filter.shape.size() == 4, "the filter must have four dimensions");
    return Constant(filter, DataType::kFloat32, filter.shape);
  }

  void Bias(int channels) const {
    if (node_.inputs.size() > 2 && node_.inputs[2] >= 0) {
      Constant(Input(2), DataType::kFloat32, {channels});
    }
  }

  void FilteredIs(const Tensor& output, const Tensor& input, const Tensor& filter,
                  int channels) const {
    const Options& options = node_.options;
    OutputIs(output, input,
             Extent::Of(input.shape[1], filter.shape[1], options.stride_height,
                        options.dilation_height, options.padding),
             Extent::Of(input.shape[2], filter.shape[2], options.stride_width,
                        options.dilation_width, options.padding),
             channels);
  }

  void Convolution2d() const {
    Operands(2, 1);
    const Tensor& input = Map(Input(0), DataType::kFloat32);
    const Tensor& output = Output(DataType::kFloat32);
    const Tensor& filter = Filter();
    Require(filter.shape[3] == input.shape[3], "grouped float convolutions are not supported");
    Bias(filter.shape[0]);
    FilteredIs(output, input, filter, filter.shape[0]);
  }

  void DepthwiseConvolution2d() const {
    Operands(2, 1);
    const Tensor& input = Map(Input(0), DataType::kFloat32);
    const Tensor& output = Output(DataType::kFloat32);
    const Tensor& filter = Filter();
    Require(filter.shape[0] == 1 && filter.shape[3] % input.shape[3] == 0,
            "the filter does not fit the input");
    Bias(filter.shape[3]);
    FilteredIs(output, input, filter, filter.shape[3]);
  }

  void FullyConnected() const {
    Operands(2, 1);
    const Tensor& input = Map(Input(0), DataType::kFloat32);
    const Tensor& output = Output(DataType::kFloat32);
    Require(IsSinglePixel(input), "the input must be a single pixel");
    Require(IsSinglePixel(output) && output.shape[0] == input.shape[0],
            "the output must be a single pixel");
    Constant(Input(1), DataType::kFloat32, {output.shape[3], input.shape[3]});
    Bias(output.shape[3]);
  }

  // Axes or a shape, which whoever reads the graph has turned into shapes of tensors.
  void UnreadConstant() const {
    Require(node_.inputs.size() < 2 || node_.inputs[1] < 0 || Input(1).constant != nullptr,
            "the second input is not stored in the model");
  }

  void Mean() const {
    Operands(1, 1);
    UnreadConstant();
    const Tensor& input = Map(Input(0), DataType::kFloat32);
    Require(
        Output(DataType::kFloat32).shape == std::vector<int>{input.shape[0], 1, 1, input.shape[3]},
        "a mean must be over rows and columns");
  }

  void Reshape() const {
    Operands(1, 1);
    UnreadConstant();
    const Tensor& input = Map(Input(0), DataType::kFloat32);
    const Tensor& output = Output(DataType::kFloat32);
    Require(output.shape[0] == input.shape[0] &&
                ElementCount(output.shape) == ElementCount(input.shape),
            "a reshape must keep the batch and the number of values");
  }

  void Pool(DataType type) const {
    Operands(1);
    const Tensor& input = Map(Input(0), type);
    OutputIs(Output(type), input, VerticalPool(graph_, node_), HorizontalPool(graph_, node_),
             input.shape[3]);
  }

  void Elementwise() const {
    Operands(2);
    const Tensor& output = Output(DataType::kFloat32);
    const bool first_is_map = Input(0).constant == nullptr;
    const Tensor& map = Map(Input(first_is_map ? 0 : 1), DataType::kFloat32);
    const Tensor& other = Input(first_is_map ? 1 : 0);
    if (other.constant != nullptr) {
      SameShape(map, output);
      Require(IsChannelParameter(other, map.shape[3]),
              "a constant operand must have one value, or one per channel");
      return;
    }
    // A factor may be one pixel for all.
    const bool is_product = node_.op == Operator::kMul;
    const bool first_is_pixel = is_product && map.shape != output.shape;
    SameShape(first_is_pixel ? Map(other, DataType::kFloat32) : map, output);
    const Tensor& factor = first_is_pixel ? map : Map(other, DataType::kFloat32);
    if (is_product && IsSinglePixel(factor)) {
      Require(factor.shape[0] == output.shape[0] && factor.shape[3] == output.shape[3],
              "the shapes of input and output differ");
    } else {
      SameShape(factor, output);
    }
  }

  void Prelu() const {
    Operands(2);
    const Tensor& map = Map(Input(0), DataType::kFloat32);
    SameShape(map, Output(DataType::kFloat32));
    Require(IsChannelParameter(Input(1), map.shape[3]),
            "the slope must have one value, or one per channel");
  }

  void Pad() const {
    Operands(2);
    const Tensor& map = Map(Input(0), DataType::kFloat32);
    const Tensor& amounts = Constant(Input(1), DataType::kInt32, {4, 2});
    const Tensor& output = Output(DataType::kFloat32);
    int32_t pad[8];
    std::memcpy(pad, amounts.constant, sizeof(pad));
    for (int axis = 0; axis < 4; ++axis) {
      const int before = pad[2 * axis];
      const int after = pad[2 * axis + 1];
      const bool spatial = axis == 1 || axis == 2;
      Require(before >= 0 && after >= 0 && (spatial || (before == 0 && after == 0)),
              "only rows and columns can be padded");
      Require(static_cast<int64_t>(map.shape[axis]) + before + after == output.shape[axis],
              "the output has another shape than the padding gives");
    }
  }

  const Graph& graph_;
  const Node& node_;
};

}  // namespace

std::string WhyUnsupported(const Graph& graph, const Node& node) {
  try {
    Check(graph, node).Run();
    return "";
  } catch (const Unsupported& reason) {
    return reason.what();
  } catch (const std::invalid_argument& reason) {
    return reason.what();
  }
}

}  // namespace bireid
