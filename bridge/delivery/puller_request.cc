#include "bridge/delivery/puller_request.h"

#include <algorithm>
#include <utility>

#include "bridge/base/time_text.h"
#include "bridge/base/words.h"

namespace zbridge::delivery {

namespace {

using Verb = PullerRequest::Verb;

constexpr std::pair<std::string_view, Verb> kVerbs[] = {{"NEXT", Verb::kNext},
                                                        {"ACK", Verb::kAck},
                                                        {"RETRY", Verb::kRetry},
                                                        {"REJECT", Verb::kReject},
                                                        {"EXTEND", Verb::kExtend}};

std::optional<LeaseToken> take_token(Words& words) {
    const auto token = LeaseToken::parse(words.peek());
    if (token) (void)words.take();
    return token;
}

ReadPullerRequest wrong(std::string_view problem) {
    return {std::nullopt, problem};
}

ReadPullerRequest read_next(Words words, PullerRequest request) {
    request.token = take_token(words);
    while (!words.empty()) {
        const std::string_view option = words.take();
        if (same_word(option, "HEADERS")) {
            request.headers = true;
            continue;
        }
        if (!same_word(option, "WAIT")) return wrong("NEXT [token] [WAIT 30s] [HEADERS]");
        const auto wait = parse_duration(words.take());
        if (!wait) return wrong("WAIT needs a duration, as WAIT 30s");
        request.wait = std::min(*wait, PullerRequest::kWaitMax);
    }
    return {request, {}};
}

ReadPullerRequest read_retry(Words words, PullerRequest request) {
    request.token = take_token(words);
    while (!words.empty()) {
        if (!same_word(words.take(), "DELAY")) return wrong("RETRY [token] [DELAY 10s]");
        request.delay = parse_duration(words.take());
        if (!request.delay) return wrong("DELAY needs a duration, as DELAY 10s");
    }
    return {request, {}};
}

ReadPullerRequest read_extend(Words words, PullerRequest request) {
    request.token = take_token(words);
    if (!request.token) return wrong("EXTEND needs a token: EXTEND token 60s");
    request.delay = parse_duration(words.take());
    if (!request.delay || *request.delay <= Duration{} || !words.empty())
        return wrong("EXTEND needs a duration, as EXTEND token 60s");
    if (*request.delay > PullerRequest::kExtendMax) return wrong("EXTEND is for 12h at most");
    return {request, {}};
}

}  // namespace

ReadPullerRequest read_puller_request(std::string_view frame) {
    if (frame.size() > PullerRequest::kRequestBytesMax)
        return wrong("a request has 4096 bytes at most");
    Words words(frame);
    const std::string_view word = words.take();
    const auto known = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                    [&](const auto& each) { return same_word(each.first, word); });
    if (known == std::end(kVerbs)) return wrong("expected NEXT, ACK, RETRY, REJECT or EXTEND");
    PullerRequest request{.verb = known->second};
    switch (request.verb) {
        case Verb::kNext:
            return read_next(words, request);
        case Verb::kRetry:
            return read_retry(words, request);
        case Verb::kExtend:
            return read_extend(words, request);
        case Verb::kAck:
            request.token = take_token(words);
            if (!request.token || !words.empty()) return wrong("ACK needs a token, and no more");
            return {request, {}};
        case Verb::kReject:
            request.token = take_token(words);
            request.reason = words.rest();
            return {request, {}};
    }
    return wrong({});
}

}  // namespace zbridge::delivery
