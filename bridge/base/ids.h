// Ids have types: a PeerId does not mix with an EndpointId.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>

namespace zbridge {

template <class Tag, class Number = uint64_t>
class Id {
 public:
    constexpr Id() = default;
    constexpr explicit Id(Number number) : number_(number) {}
    constexpr Number number() const { return number_; }
    constexpr auto operator<=>(const Id&) const = default;
    friend std::ostream& operator<<(std::ostream& out, Id id) { return out << id.number_; }

 private:
    Number number_ = 0;
};

}  // namespace zbridge

template <class Tag, class Number>
struct std::hash<zbridge::Id<Tag, Number>> {
    size_t operator()(zbridge::Id<Tag, Number> id) const noexcept {
        return std::hash<Number>{}(id.number());
    }
};
