// The people of a gallery that `bireid-deploy gallery export` wrote as a .jsonl file.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_KNOWN_PEOPLE_H_
#define BIREID_PROGRAMS_BIREID_EMBED_KNOWN_PEOPLE_H_

#include <string>
#include <vector>

namespace bireid_embed {

// Each with the mean of their entries at unit length, as the gallery compares them. There are at
// most 65,536, and 2^24 numbers in their embeddings together; a name has at most 1,024 bytes. So
// they take at most 128 MiB: 64 of means and 64 of names; 256 while they are read.
class KnownPeople {
 public:
  struct Match {
    std::string person;
    float score;  // cosine
  };

  // Reads a file whose entries have this fingerprint and embeddings of `dim` numbers; those of
  // nobody are left out. The file is not trusted. Throws UsageError, also if there is nobody in it,
  // and SystemError.
  KnownPeople(const std::string& path, const std::string& fingerprint, size_t dim);

  // The person who resembles an embedding of unit length most. Throws EngineError.
  Match Best(const std::vector<float>& embedding) const;

 private:
  std::vector<std::string> names_;
  std::vector<float> means_;  // [people][dim]
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_KNOWN_PEOPLE_H_
