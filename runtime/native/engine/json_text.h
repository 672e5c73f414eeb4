// JSON as the library and its programs write it.
#ifndef BIREID_ENGINE_JSON_TEXT_H_
#define BIREID_ENGINE_JSON_TEXT_H_

#include <string>
#include <vector>

namespace bireid {

// A JSON string in ASCII. A byte that is not part of UTF-8 text becomes a lone surrogate, \udc80 to
// \udcff, as in Python's os.fsdecode, so that every path can be had back.
std::string JsonString(const std::string& text);

// A JSON number that reads back as the same float.
std::string JsonNumber(float number);

// A JSON array; every number reads back as the same float.
std::string JsonNumbers(const std::vector<float>& numbers);

}  // namespace bireid

#endif  // BIREID_ENGINE_JSON_TEXT_H_
