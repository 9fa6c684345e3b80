#include "plugins/throttle/buckets.h"

#include <algorithm>
#include <cmath>

namespace zbridge::throttle {

uint64_t Buckets::take(std::string_view key, uint64_t now_ns) {
    Bucket& bucket = bucket_of(key.substr(0, kKeyBytesMax), now_ns);
    if (now_ns > bucket.at_ns) {
        const double seconds = static_cast<double>(now_ns - bucket.at_ns) / 1e9;
        bucket.tokens = std::min(options_.burst, bucket.tokens + seconds * options_.rate);
        bucket.at_ns = now_ns;
    }
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return 0;
    }
    // Up, so that there is one by then; a nanosecond more for what was rounded.
    const double seconds = (1 - bucket.tokens) / options_.rate;
    return static_cast<uint64_t>(std::ceil(seconds * 1e9)) + 1;
}

Buckets::Bucket& Buckets::bucket_of(std::string_view key, uint64_t now_ns) {
    const auto found = places_.find(key);
    if (found != places_.end()) {
        buckets_.splice(buckets_.begin(), buckets_, found->second);
        return buckets_.front();
    }
    if (buckets_.size() >= options_.keys_max) {
        places_.erase(buckets_.back().key);
        buckets_.pop_back();
        forgotten_++;
    }
    buckets_.push_front({std::string(key), options_.burst, now_ns});
    places_.emplace(buckets_.front().key, buckets_.begin());
    return buckets_.front();
}

}  // namespace zbridge::throttle
