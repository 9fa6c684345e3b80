// Token buckets, one a key: each holds up to `burst` tokens, and gets `rate` a second.
//
// Promise: with the same calls the same answers; a key's bucket is full when it is seen first.
// Limits:  keys_max buckets: beyond it the one that was asked for longest ago is forgotten, which
//          had the most time to fill; it is full when it is seen again. Of a key kKeyBytesMax bytes
//          count: what differs behind them shares a bucket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace zbridge::throttle {

inline constexpr size_t kKeyBytesMax = 256;

struct BucketOptions {
    double rate = 1;  // tokens a second
    double burst = 1;
    size_t keys_max = 1;
};

class Buckets {
 public:
    explicit Buckets(const BucketOptions& options) : options_(options) {}

    // Takes a token and returns 0, or takes none and returns in how many nanoseconds there is one.
    uint64_t take(std::string_view key, uint64_t now_ns);

    size_t size() const { return buckets_.size(); }
    uint64_t forgotten() const { return forgotten_; }

 private:
    struct Bucket {
        std::string key;
        double tokens = 0;
        uint64_t at_ns = 0;  // when it had them
    };
    using Place = std::list<Bucket>::iterator;

    Bucket& bucket_of(std::string_view key, uint64_t now_ns);

    BucketOptions options_;
    std::list<Bucket> buckets_;                           // the one asked for last is first
    std::unordered_map<std::string_view, Place> places_;  // never iterated; keys of buckets_
    uint64_t forgotten_ = 0;
};

}  // namespace zbridge::throttle
