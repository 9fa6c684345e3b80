// A queue whose places are used again as they are: what they keep inside (the memory of a string) is
// not given back and asked for with each element.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace zbridge::client::core {

template <class T>
class Ring {
 public:
    bool empty() const { return size_ == 0; }
    size_t size() const { return size_; }
    // From the oldest on.
    T& operator[](size_t n) { return places_[place(n)]; }
    const T& operator[](size_t n) const { return places_[place(n)]; }
    T& front() { return places_[first_]; }

    // The new last one, as the place was left by whom it had before.
    T& push() {
        if (size_ == places_.size()) grow();
        return places_[place(size_++)];
    }
    void pop() {
        first_ = place(1);
        size_--;
    }

 private:
    static constexpr size_t kPlacesMin = 16;  // a power of two, as any number of them is

    size_t place(size_t n) const { return (first_ + n) & (places_.size() - 1); }
    void grow() {
        std::vector<T> more(places_.empty() ? kPlacesMin : 2 * places_.size());
        for (size_t n = 0; n < size_; n++)
            more[n] = std::move(places_[place(n)]);
        places_ = std::move(more);
        first_ = 0;
    }

    std::vector<T> places_;
    size_t first_ = 0;
    size_t size_ = 0;
};

}  // namespace zbridge::client::core
