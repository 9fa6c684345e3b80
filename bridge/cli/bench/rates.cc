#include "bridge/cli/bench/rates.h"

#include <algorithm>

namespace zbridge::cli::bench {

void Rates::add(Instant at) {
    if (count_++ == 0) first_ = at;
    last_ = std::max(last_, at);
    auto slice = static_cast<size_t>((at - first_) / length_);
    while (slice >= kSlicesMax) {
        for (size_t i = 0; i < slices_.size(); i++) {
            const uint64_t each = slices_[i];
            slices_[i] = 0;
            slices_[i / 2] += each;
        }
        slices_.resize((slices_.size() + 1) / 2);
        length_ *= 2;
        slice /= 2;
    }
    if (slice >= slices_.size()) slices_.resize(slice + 1);
    slices_[slice]++;
}

double Rates::a_second() const {
    const double seconds = std::chrono::duration<double>(time()).count();
    return seconds <= 0 ? 0 : static_cast<double>(count_) / seconds;
}

std::optional<double> Rates::noise() const {
    if (slices_.size() < kSlicesOfNoise + 2) return std::nullopt;
    // Without the first and the last, which a run does not fill.
    std::vector<uint64_t> whole(slices_.begin() + 1, slices_.end() - 1);
    std::sort(whole.begin(), whole.end());
    const auto part = [&](size_t tenths) {
        return static_cast<double>(whole[(whole.size() - 1) * tenths / 10]);
    };
    if (part(5) <= 0) return std::nullopt;
    return (part(9) - part(1)) / 2 / part(5);
}

}  // namespace zbridge::cli::bench
