// A person in a gallery, in C++: gallery BUNDLE WIDTH HEIGHT QUERY.rgb GALLERY.rgb ...
//
//   c++ -std=c++17 gallery.cc -o gallery $(pkg-config --cflags --libs bireid)
//
// Prints one line per image of the gallery, the most alike first: similarity and file.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bireid.hpp"

namespace {

std::vector<unsigned char> ReadPixels(const std::string& path, std::size_t bytes) {
  std::ifstream file(path, std::ios::binary);
  std::vector<unsigned char> pixels((std::istreambuf_iterator<char>(file)), {});
  if (pixels.size() != bytes) throw std::runtime_error(path + ": not a file of that many pixels");
  return pixels;
}

int Rank(const std::vector<std::string>& arguments) {
  const int width = std::stoi(arguments[1]), height = std::stoi(arguments[2]);
  const auto bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
  bireid::Extractor extractor(arguments[0]);

  std::vector<std::vector<unsigned char>> images;
  std::vector<bireid::Picture> pictures;
  for (std::size_t i = 4; i < arguments.size(); ++i) {
    images.push_back(ReadPixels(arguments[i], bytes));
    pictures.emplace_back(images.back().data(), width, height);
  }
  // The query in a thread of its own, by a handle of its own on the same weights.
  std::vector<float> query;
  const std::vector<unsigned char> pixels = ReadPixels(arguments[3], bytes);
  bireid::Extractor another = extractor.Share();
  std::thread thread([&] { query = another.Embed({pixels.data(), width, height}); });
  const std::vector<float> gallery = extractor.Embed(pictures);
  thread.join();

  std::vector<std::pair<double, std::string>> ranked;
  const auto dim = static_cast<std::size_t>(extractor.dim());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::vector<float> row(gallery.begin() + static_cast<std::ptrdiff_t>(i * dim),
                                 gallery.begin() + static_cast<std::ptrdiff_t>((i + 1) * dim));
    ranked.emplace_back(bireid::Similarity(query, row), arguments[4 + i]);
  }
  std::sort(ranked.rbegin(), ranked.rend());
  for (const auto& [alike, path] : ranked) std::printf("%.17g %s\n", alike, path.c_str());
  return 0;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  if (arguments.size() < 5) {
    std::fprintf(stderr, "usage: gallery BUNDLE WIDTH HEIGHT QUERY.rgb GALLERY.rgb ...\n");
    return 2;
  }
  try {
    return Rank(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
