#include "engine/search.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "engine/bireid_search.h"
#include "kernels/dispatch.h"

namespace bireid {
namespace {

std::vector<float> Numbers(size_t count, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(engine);
  return numbers;
}

std::vector<uint8_t> Bytes(size_t count, uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(engine());
  return bytes;
}

// As search_kernels.h says it.
float Product(const float* row, const float* query, size_t dim) {
  volatile float lanes[kDotLanes] = {};
  for (size_t i = 0; i < dim; ++i) {
    const volatile float product = row[i] * query[i];
    lanes[i % kDotLanes] = lanes[i % kDotLanes] + product;
  }
  for (size_t half = kDotLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
  }
  return lanes[0];
}

// Memory that ends where the process may read no further.
class GuardedBytes {
 public:
  explicit GuardedBytes(const std::vector<uint8_t>& bytes) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    size_ = (bytes.size() + page - 1) / page * page + page;
    memory_ = static_cast<uint8_t*>(
        mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory_ + size_ - page, page, PROT_NONE);
    data_ = memory_ + size_ - page - bytes.size();
    std::memcpy(data_, bytes.data(), bytes.size());
  }
  ~GuardedBytes() { munmap(memory_, size_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  const uint8_t* data() const { return data_; }

 private:
  size_t size_;
  uint8_t* memory_;
  uint8_t* data_;
};

// Every path that this CPU can run.
class SearchPath : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const KernelTable* path = FindKernels(GetParam());
    if (path == nullptr) GTEST_SKIP() << "this CPU or this build has no such path";
    kernels_ = &SearchKernelsOf(*path);
  }

  const SearchKernels* kernels_ = nullptr;
};

TEST_P(SearchPath, CountsTheBitsThatDifferAndReadsNoFurther) {
  for (const size_t bytes : {1u, 3u, 8u, 16u, 31u, 32u, 64u, 65u, 100u, 512u, 1024u}) {
    const size_t count = 5;
    const std::vector<uint8_t> rows = Bytes(count * bytes, 1), query = Bytes(bytes, 2);
    const GuardedBytes guarded(rows), guarded_query(query);
    int32_t distances[count];
    kernels_->hamming(guarded.data(), count, bytes, guarded_query.data(), distances);
    for (size_t i = 0; i < count; ++i) {
      int32_t expected = 0;
      for (size_t at = 0; at < bytes; ++at) {
        expected += __builtin_popcount(rows[i * bytes + at] ^ query[at]);
      }
      EXPECT_EQ(distances[i], expected) << bytes << " bytes, row " << i;
    }
  }
}

TEST_P(SearchPath, MultipliesInTheStatedOrder) {
  for (const size_t dim : {1u, 15u, 16u, 17u, 33u, 256u, 512u}) {
    const size_t count = 4;
    const std::vector<float> rows = Numbers(count * dim, 3), query = Numbers(dim, 4);
    float scores[count];
    kernels_->dot(rows.data(), count, dim, query.data(), scores);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(scores[i], Product(&rows[i * dim], query.data(), dim)) << dim;
    }
  }
}

TEST_P(SearchPath, FindsTheNearestRowsOfAll) {
  const int64_t count = 40000;
  const size_t dim = 24;
  const std::vector<float> vectors = Numbers(count * dim, 5), query = Numbers(dim, 6);
  std::vector<float> all(count);
  kernels_->dot(vectors.data(), count, dim, query.data(), all.data());
  std::vector<int64_t> expected(count);
  std::iota(expected.begin(), expected.end(), 0);
  std::stable_sort(expected.begin(), expected.end(), [&](int64_t one, int64_t other) {
    return all[static_cast<size_t>(one)] > all[static_cast<size_t>(other)];
  });
  for (const int threads : {1, 2, 3}) {
    std::vector<int64_t> rows(300);
    std::vector<float> scores(300);
    const int64_t found = NearestVectors(*kernels_, {count, dim, nullptr}, vectors.data(),
                                         query.data(), 300, threads, rows.data(), scores.data());
    ASSERT_EQ(found, 300);
    EXPECT_TRUE(std::equal(rows.begin(), rows.end(), expected.begin()));
    EXPECT_EQ(scores[7], all[static_cast<size_t>(expected[7])]);
  }
}

TEST_P(SearchPath, OfEqualDistancesTheLowerRowComesFirst) {
  const std::vector<uint8_t> codes(40000, 0xF0);
  const uint8_t query = 0xFF;
  int64_t rows[3];
  int32_t distances[3];
  const int64_t found =
      NearestCodes(*kernels_, {40000, 8, nullptr}, codes.data(), &query, 3, 2, rows, distances);
  ASSERT_EQ(found, 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rows[i], i);
    EXPECT_EQ(distances[i], 4);
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, SearchPath,
                         testing::Values("scalar", "avx2", "avx512f", "avx512", "amx", "neon"));

TEST(Search, RowsThatAreNotAllowedAreLeftOut) {
  const float vectors[] = {1, 0, 0.5f, 0, 0.25f, 0};
  const float query[] = {1, 0};
  const uint8_t allowed[] = {0, 1, 1};
  int64_t rows[3], found = 0;
  float scores[3];
  ASSERT_EQ(bireid_search_vectors(vectors, 3, 2, query, allowed, 3, 1, rows, scores, &found),
            BIREID_OK);
  ASSERT_EQ(found, 2);
  EXPECT_EQ(rows[0], 1);
  EXPECT_EQ(rows[1], 2);
  EXPECT_EQ(scores[1], 0.25f);
}

TEST(Search, ASumThatIsNoNumberIsTheFarthest) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float vectors[] = {nan, -1, 1};
  const float query[] = {1};
  int64_t rows[3], found = 0;
  float scores[3];
  ASSERT_EQ(bireid_search_vectors(vectors, 3, 1, query, nullptr, 3, 1, rows, scores, &found),
            BIREID_OK);
  EXPECT_EQ(rows[0], 2);
  EXPECT_EQ(rows[1], 1);
  EXPECT_EQ(rows[2], 0);
}

TEST(Search, CodesHoldSignsHighestBitFirst) {
  const float vectors[] = {0, -1, 2, -0.5f, 1, 1, 1, 1, -1, 3};
  uint8_t codes[4] = {};
  ASSERT_EQ(bireid_sign_codes(vectors, 1, 10, codes), BIREID_OK);
  EXPECT_EQ(codes[0], 0xAF);
  EXPECT_EQ(codes[1], 0x40);
  EXPECT_EQ(codes[2], 0);
}

TEST(Search, RescoresTheRowsThatItIsTold) {
  const float vectors[] = {1, 2, 3, 4};
  const float query[] = {1, 10};
  const int64_t rows[] = {1, 0};
  float scores[2];
  ASSERT_EQ(bireid_search_rescore(vectors, 2, 2, query, rows, 2, scores), BIREID_OK);
  EXPECT_EQ(scores[0], 43);
  EXPECT_EQ(scores[1], 21);
}

TEST(Search, WrongArgumentsAreNamed) {
  const float vector[] = {1};
  const int64_t outside = 1;
  int64_t rows[1], found = 0;
  float scores[1];
  const auto search = [&](int32_t dim, int64_t top, int32_t threads) {
    return bireid_search_vectors(vector, 1, dim, vector, nullptr, top, threads, rows, scores,
                                 &found);
  };
  EXPECT_EQ(search(0, 1, 1), BIREID_INVALID_ARGUMENT);
  EXPECT_NE(std::string(bireid_last_error()).find("dim is 0"), std::string::npos);
  EXPECT_EQ(search(1, 0, 1), BIREID_INVALID_ARGUMENT);
  EXPECT_EQ(search(1, 1, 65), BIREID_INVALID_ARGUMENT);
  EXPECT_EQ(bireid_search_rescore(vector, 1, 1, vector, &outside, 1, scores),
            BIREID_INVALID_ARGUMENT);
  EXPECT_EQ(bireid_search_codes(nullptr, 1, 8, nullptr, nullptr, 1, 1, rows, nullptr, &found),
            BIREID_INVALID_ARGUMENT);
  EXPECT_EQ(search(1, 1, 1), BIREID_OK);
  EXPECT_EQ(found, 1);
}

}  // namespace
}  // namespace bireid
