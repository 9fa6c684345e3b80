// What a stage tells of itself from its own process: memory that both see, so that it survives a
// crash.
//
// Limits:  kTextBytesMax of findings, kFindingsMax of them: further ones are counted only.
#pragma once

#include <atomic>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::cli {

class Board {
 public:
    static constexpr size_t kTextBytesMax = 60'000;
    static constexpr uint32_t kFindingsMax = 20;
    static constexpr size_t kPlaceBytesMax = 200;

    // What it is about to do: "on_message".
    void at(std::string_view place) { copy(place, place_, sizeof(place_)); }
    void number(uint64_t number) { number_ = number; }  // of the message; 0: none
    // One line for people: what was done.
    void say(std::string_view line) { copy(line, said_, sizeof(said_)); }
    void found(std::string_view sentence) {
        if (findings_++ >= kFindingsMax) return;
        const size_t room = kTextBytesMax - used_;
        const size_t bytes = sentence.size() < room ? sentence.size() : room;
        std::memcpy(text_ + used_, sentence.data(), bytes);
        used_ += bytes;
        if (used_ < kTextBytesMax) text_[used_++] = '\0';
    }
    void end() { ended_ = true; }

    bool ended() const { return ended_; }
    std::string said() const { return said_; }
    std::string place() const {
        std::string text(place_);
        if (number_ > 0) text += ", message " + std::to_string(number_);
        return text;
    }
    std::vector<std::string> findings() const {
        std::vector<std::string> all;
        for (size_t from = 0; from < used_;) {
            const std::string_view rest(text_ + from, used_ - from);
            all.emplace_back(rest.substr(0, rest.find('\0')));
            from += all.back().size() + 1;
        }
        if (findings_ > kFindingsMax)
            all.push_back(std::to_string(findings_ - kFindingsMax) + " more findings");
        return all;
    }

 private:
    static void copy(std::string_view from, char* to, size_t room) {
        const size_t bytes = from.size() < room ? from.size() : room - 1;
        std::memcpy(to, from.data(), bytes);
        to[bytes] = '\0';
    }

    std::atomic<bool> ended_{false};
    uint32_t findings_ = 0;
    uint64_t number_ = 0;
    size_t used_ = 0;
    char place_[kPlaceBytesMax] = {};
    char said_[1000] = {};
    char text_[kTextBytesMax] = {};
};

}  // namespace zbridge::cli
