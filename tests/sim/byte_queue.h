// Bytes in at the end, out at the front.
#pragma once

#include <string>
#include <string_view>

namespace zbridge::sim {

class ByteQueue {
 public:
    size_t size() const { return bytes_.size() - front_; }
    bool empty() const { return size() == 0; }
    std::string_view view() const { return std::string_view(bytes_).substr(front_); }
    void append(std::string_view more) { bytes_ += more; }
    void consume(size_t bytes) {
        front_ += bytes;
        if (front_ == bytes_.size())
            clear();
        else if (front_ > 64 * 1024 && front_ > bytes_.size() / 2) {
            bytes_.erase(0, front_);
            front_ = 0;
        }
    }
    void truncate(size_t size) { bytes_.resize(front_ + size); }
    void clear() {
        bytes_.clear();
        front_ = 0;
    }

 private:
    std::string bytes_;
    size_t front_ = 0;
};

}  // namespace zbridge::sim
