#include "engine/zip.h"

#include <array>

#include "engine/errors.h"
#include "engine/text.h"

namespace bireid {
namespace {

// PKWARE's APPNOTE.TXT: 4.3.7 local header, 4.3.12 central directory, 4.3.16 end of it.
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr size_t kLocalBytes = 30;
constexpr size_t kCentralBytes = 46;
constexpr size_t kEndBytes = 22;

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0u);
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

uint32_t Crc32(const uint8_t* data, size_t bytes) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < bytes; ++i) crc = crc >> 8 ^ kCrcTable[(crc ^ data[i]) & 0xff];
  return ~crc;
}

class Reader {
 public:
  Reader(const std::vector<uint8_t>& archive, const std::string& source)
      : archive_(archive), source_(source) {}

  std::vector<ZipMember> Read(size_t max_members) {
    if (archive_.size() < kEndBytes) Damaged();
    const size_t end = archive_.size() - kEndBytes;
    const size_t disks = Number(end + 4, 4);
    const size_t members_on_disk = Number(end + 8, 2);
    const size_t members = Number(end + 10, 2);
    const size_t directory_bytes = Number(end + 12, 4);
    directory_ = Number(end + 16, 4);
    const size_t comment_bytes = Number(end + 20, 2);
    if (Number(end, 4) != kEndSignature || disks != 0 || members_on_disk != members ||
        comment_bytes != 0 || directory_ > end || directory_bytes != end - directory_) {
      Damaged();
    }
    if (members > max_members) {
      throw BundleError(source_ + ": " + std::to_string(members) + " arrays; at most " +
                        std::to_string(max_members) + " are expected");
    }
    size_t entry = directory_;
    std::vector<ZipMember> read;
    for (size_t i = 0; i < members; ++i) read.push_back(ReadMember(&entry));
    if (entry != end || position_ != directory_) Damaged();
    return read;
  }

 private:
  [[noreturn]] void Damaged() const {
    throw BundleError(source_ +
                      ": not a ZIP file as numpy.savez writes it, or damaged; "
                      "copy the bundle again");
  }

  void Require(size_t position, size_t bytes) const {
    if (position > archive_.size() || bytes > archive_.size() - position) Damaged();
  }

  // A little-endian number of 2 or 4 bytes.
  size_t Number(size_t position, size_t bytes) const {
    Require(position, bytes);
    size_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | archive_[position + i];
    return value;
  }

  std::string Name(size_t position, size_t bytes) const {
    Require(position, bytes);
    return std::string(archive_.begin() + static_cast<ptrdiff_t>(position),
                       archive_.begin() + static_cast<ptrdiff_t>(position + bytes));
  }

  // The directory counts: in front of the data, numpy.savez leaves the sizes to an extra field.
  ZipMember ReadMember(size_t* entry) {
    const size_t at = *entry;
    if (Number(at, 4) != kCentralSignature) Damaged();
    const size_t name_bytes = Number(at + 28, 2);
    const std::string name = Name(at + kCentralBytes, name_bytes);
    RequireStored(Number(at + 8, 2), Number(at + 10, 2), name);
    const size_t bytes = Number(at + 24, 4);
    if (Number(at + 20, 4) != bytes || Number(at + 42, 4) != position_) Damaged();
    *entry = at + kCentralBytes + name_bytes + Number(at + 30, 2) + Number(at + 32, 2);

    const ZipMember member{name, archive_.data() + SkipLocalHeader(name), bytes};
    if (bytes > directory_ - position_) Damaged();
    position_ += bytes;
    if (Crc32(member.data, bytes) != Number(at + 16, 4)) {
      throw BundleError(source_ + ": wrong CRC-32 of " + Printable(name) +
                        "; copy the bundle again");
    }
    return member;
  }

  // Returns the position of the data, which lies before the directory.
  size_t SkipLocalHeader(const std::string& name) {
    const size_t at = position_;
    if (Number(at, 4) != kLocalSignature || Number(at + 26, 2) != name.size() ||
        Name(at + kLocalBytes, name.size()) != name) {
      Damaged();
    }
    RequireStored(Number(at + 6, 2), Number(at + 8, 2), name);
    position_ = at + kLocalBytes + name.size() + Number(at + 28, 2);
    if (position_ > directory_) Damaged();
    return position_;
  }

  void RequireStored(size_t flags, size_t method, const std::string& name) const {
    if (flags == 0 && method == 0) return;
    throw UnsupportedError(source_ + ": " + Printable(name) + " is " +
                           (method == 8 ? "deflated" : "compressed or encrypted") +
                           "; this engine reads stored members only: write the bundle again");
  }

  const std::vector<uint8_t>& archive_;
  const std::string& source_;
  size_t directory_ = 0;
  size_t position_ = 0;  // behind the members read so far
};

}  // namespace

std::vector<ZipMember> ReadStoredZip(const std::vector<uint8_t>& archive, size_t max_members,
                                     const std::string& source) {
  return Reader(archive, source).Read(max_members);
}

}  // namespace bireid
