// Custom options of an LceBconv2d, as the LCE converter writes them.
#ifndef BIREID_TESTS_LCE_OPTIONS_H_
#define BIREID_TESTS_LCE_OPTIONS_H_

#include <string>
#include <string_view>

namespace bireid {

using std::string_view_literals::operator""sv;  // keeps the zeros inside

constexpr std::string_view kConvolutionKeys =
    "channels_in\0dilation_height_factor\0dilation_width_factor\0fused_activation_function\0"
    "pad_values\0padding\0stride_height\0stride_width\0"sv;

// 32 channels: every number fits a byte.
inline const std::string kNarrowOptions =
    std::string(kConvolutionKeys) +
    std::string(
        "\x08\x82waL3)\"\x15\x08\x01\x08 \x01\x01\0\x01\0\x01\x01\4\4\4\4\4\4\4\4\x10$\x01"sv);

// 128 channels, a number of two bytes: all have two.
inline const std::string kWideOptions =
    std::string(kConvolutionKeys) +
    std::string(
        "\x08\x82waL3)\"\x15\x08\0\x01\0\x08\0\x80\0\x01\0\x01\0\0\0\x01\0\0\0\x01\0\x01\0"
        "\5\5\5\5\5\5\5\5\x18%\x01"sv);

}  // namespace bireid

#endif  // BIREID_TESTS_LCE_OPTIONS_H_
