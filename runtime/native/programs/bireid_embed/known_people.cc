#include "programs/bireid_embed/known_people.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "engine/bireid_search.h"
#include "engine/errors.h"
#include "engine/json.h"
#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/regular_file.h"
#include "streams/byte_reader.h"
#include "watching/unit_mean.h"

namespace bireid_embed {
namespace {

constexpr size_t kMaxLineBytes = size_t{1} << 22;
constexpr size_t kMaxPeople = size_t{1} << 16;
// Of the embeddings of all people: their sums take 8 bytes each, 128 MiB.
constexpr size_t kMaxNumbers = size_t{1} << 24;
constexpr size_t kMaxNameBytes = 1024;
// Of opposite embeddings, whose mean has no direction.
constexpr double kLeastLength = 1e-12;

class FileSource : public bireid::ByteSource {
 public:
  explicit FileSource(const std::string& path) : path_(path), file_(OpenRegular(path)) {}

  size_t Read(uint8_t* bytes, size_t size) override {
    ssize_t count;
    while ((count = read(file_.get(), bytes, size)) < 0) {
      if (errno != EINTR) throw SystemError(path_, errno);
    }
    return static_cast<size_t>(count);
  }

 private:
  const std::string path_;
  const FileDescriptor file_;
};

// Takes a line without its end; false at the end of the file.
bool TakeLine(bireid::ByteReader& reader, const std::string& where, std::vector<uint8_t>* line) {
  line->clear();
  while (reader.Has(1)) {
    const void* feed = std::memchr(reader.data(), '\n', reader.available());
    const size_t count =
        feed == nullptr ? reader.available() : static_cast<const uint8_t*>(feed) - reader.data();
    if (line->size() + count > kMaxLineBytes) {
      throw UsageError(where + " is longer than " + std::to_string(kMaxLineBytes) + " bytes");
    }
    reader.TakeTo(count, line);
    if (feed == nullptr) continue;
    reader.Take(1);
    return true;
  }
  return !line->empty();
}

std::string_view TextOf(yyjson_val* value) {
  return yyjson_is_str(value) ? std::string_view(yyjson_get_str(value), yyjson_get_len(value))
                              : std::string_view();
}

// One entry; its person is empty if it is nobody's.
struct Entry {
  std::string person;
  std::vector<float> embedding;
};

// Empty if there is none.
std::string ParsePerson(const bireid::JsonSection& entry, yyjson_val* person) {
  const std::string_view name = TextOf(person);
  const bool is_known = person == nullptr || yyjson_is_null(person) || yyjson_is_str(person);
  if (!is_known || name.size() > kMaxNameBytes) {
    entry.Fail("person",
               "must be a name of at most " + std::to_string(kMaxNameBytes) + " bytes, or null");
  }
  return std::string(name);
}

Entry ParseEntry(const std::vector<uint8_t>& line, const std::string& where,
                 const std::string& fingerprint, size_t dim) {
  const char* text = reinterpret_cast<const char*>(line.data());
  const bireid::JsonDocument document(std::string_view(text, line.size()), where);
  const bireid::JsonSection entry(document);
  if (TextOf(yyjson_obj_get(document.root(), "fingerprint")) != fingerprint) {
    throw UsageError(where + ": an embedding of another network; export a gallery of this one");
  }
  std::vector<float> embedding;
  for (const double number : entry.Numbers("embedding", dim)) {
    embedding.push_back(static_cast<float>(number));
  }
  if (embedding.size() != dim) {
    throw UsageError(where + ": an embedding has " + std::to_string(dim) + " numbers, not " +
                     std::to_string(embedding.size()));
  }
  return {ParsePerson(entry, yyjson_obj_get(document.root(), "person")), std::move(embedding)};
}

}  // namespace

KnownPeople::KnownPeople(const std::string& path, const std::string& fingerprint, size_t dim) {
  FileSource source(path);
  bireid::ByteReader reader(source);
  std::map<std::string, bireid::EmbeddingSum> people;
  const size_t most = std::min(kMaxPeople, kMaxNumbers / dim);
  std::vector<uint8_t> line;
  for (int64_t number = 1;; ++number) {
    const std::string where = path + ": line " + std::to_string(number);
    if (!TakeLine(reader, where, &line)) break;
    try {
      const Entry entry = ParseEntry(line, where, fingerprint, dim);
      if (entry.person.empty()) continue;
      const auto [person, is_new] = people.try_emplace(entry.person, dim);
      person->second.Add(entry.embedding.data());
      if (people.size() > most) {
        throw UsageError(path + ": more than " + std::to_string(most) +
                         " people, the most with embeddings of " + std::to_string(dim) +
                         " numbers");
      }
    } catch (const bireid::BundleError& error) {
      throw UsageError(error.what());
    }
  }
  means_.reserve(people.size() * dim);
  while (!people.empty()) {
    auto person = people.extract(people.begin());
    const std::vector<float> mean = person.mapped().UnitMean(kLeastLength);
    if (mean.empty()) continue;
    names_.push_back(std::move(person.key()));
    means_.insert(means_.end(), mean.begin(), mean.end());
  }
  if (names_.empty()) {
    throw UsageError(path +
                     ": holds no entry of a person with a name; give them names by "
                     "bireid-deploy gallery name, and export again");
  }
}

KnownPeople::Match KnownPeople::Best(const std::vector<float>& embedding) const {
  int64_t row = 0, found = 0;
  float score = 0;
  const bireid_status status = bireid_search_vectors(
      means_.data(), static_cast<int64_t>(names_.size()), static_cast<int32_t>(embedding.size()),
      embedding.data(), nullptr, 1, 1, &row, &score, &found);
  if (status != BIREID_OK) throw EngineError(status, bireid_last_error());
  return {names_[static_cast<size_t>(row)], score};
}

}  // namespace bireid_embed
