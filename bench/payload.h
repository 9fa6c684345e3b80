// The body of a measured message: a sequence, then bytes that follow from their place, so that the
// consumer sees what is missing, out of order or damaged.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace zbridge::bench {

inline constexpr size_t kPayloadBytesMin = 8;
inline constexpr uint64_t kHello =
    ~uint64_t{0};  // in place of a sequence: sent until all consumers are there

class Payload {
 public:
    explicit Payload(size_t bytes) : bytes_(bytes < kPayloadBytesMin ? kPayloadBytesMin : bytes) {
        for (size_t i = 0; i < bytes_.size(); ++i)
            bytes_[i] = static_cast<unsigned char>(i * 131 + 17);
    }

    size_t size() const { return bytes_.size(); }

    // REQUIRES: `to` has size() bytes.
    void write(uint64_t sequence, void* to) const {
        std::memcpy(to, &sequence, sizeof(sequence));
        std::memcpy(static_cast<unsigned char*>(to) + sizeof(sequence),
                    bytes_.data() + sizeof(sequence), bytes_.size() - sizeof(sequence));
    }

    // False when it is not a whole, undamaged body.
    bool read(const void* from, size_t size, uint64_t& sequence) const {
        if (size != bytes_.size()) return false;
        std::memcpy(&sequence, from, sizeof(sequence));
        return std::memcmp(static_cast<const unsigned char*>(from) + sizeof(sequence),
                           bytes_.data() + sizeof(sequence), size - sizeof(sequence)) == 0;
    }

 private:
    std::vector<unsigned char> bytes_;
};

}  // namespace zbridge::bench
