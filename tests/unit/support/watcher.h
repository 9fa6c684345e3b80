// A Watch that writes down what it is shown: "in peer 3: a/b", "given 7 attempt 2: x".
#pragma once

#include <string>
#include <vector>

#include "bridge/model/message.h"
#include "bridge/model/watch.h"

namespace zbridge::testing {

class Watcher final : public Watch {
 public:
    std::vector<std::string> seen;

    void on_passing(const Passing& passing) override {
        static constexpr const char* kWays[] = {"in", "out", "routed", "given", "stored"};
        for (size_t at = 0, i = 0; i < passing.messages; i++) {
            const size_t end = message_end(passing.wire.bytes(), at).end;
            std::string line = kWays[static_cast<size_t>(passing.way)];
            if (passing.peer != PeerId{}) line += " peer " + std::to_string(passing.peer.number());
            if (passing.offset) line += " offset " + std::to_string(*passing.offset + i);
            if (passing.attempt > 0) line += " attempt " + std::to_string(passing.attempt);
            if (passing.attributes != nullptr && passing.attributes->tag)
                line += " tag " + *passing.attributes->tag;
            line += ":" + texts(passing.head.bytes());
            line += texts(passing.wire.bytes().substr(at, end - at));
            seen.push_back(line);
            at = end;
        }
    }

 private:
    static std::string texts(std::string_view wire) {
        std::string all;
        for (size_t at = 0; at < wire.size();) {
            const Frame frame = frame_at(wire, at);
            all += " " + std::string(frame.body);
            at = frame.end;
        }
        return all;
    }
};

using Seen = std::vector<std::string>;

}  // namespace zbridge::testing
