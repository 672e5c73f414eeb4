// A directory for the files of one test.
#ifndef BIREID_TESTS_TEMPORARY_DIRECTORY_H_
#define BIREID_TESTS_TEMPORARY_DIRECTORY_H_

#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace bireid {

// Removed, with the files in it, at the end of the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary directory");
  }
  ~TemporaryDirectory() {
    if (DIR* directory = opendir(path_.c_str())) {
      while (const dirent* entry = readdir(directory)) unlink(File(entry->d_name).c_str());
      closedir(directory);
    }
    rmdir(path_.c_str());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

  void Write(const std::string& name, const std::string& content) const {
    FILE* file = fopen(File(name).c_str(), "wb");
    if (file == nullptr) throw std::runtime_error("cannot write " + File(name));
    fwrite(content.data(), 1, content.size(), file);
    fclose(file);
  }

  std::vector<uint8_t> Read(const std::string& name) const {
    FILE* file = fopen(File(name).c_str(), "rb");
    if (file == nullptr) throw std::runtime_error("cannot read " + File(name));
    std::vector<uint8_t> content;
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) content.push_back(static_cast<uint8_t>(c));
    fclose(file);
    return content;
  }

 private:
  std::string path_ = "/tmp/bireid_test_XXXXXX";
};

}  // namespace bireid

#endif  // BIREID_TESTS_TEMPORARY_DIRECTORY_H_
