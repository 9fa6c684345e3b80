#include "bridge/intake/transaction_request.h"

#include <utility>

#include "bridge/base/words.h"

namespace zbridge::intake {

namespace {

using Verb = TransactionRequest::Verb;

constexpr std::pair<std::string_view, Verb> kVerbs[] = {{"PREPARE", Verb::kPrepare},
                                                        {"PUBLISH", Verb::kPublish},
                                                        {"COMMIT", Verb::kCommit},
                                                        {"ROLLBACK", Verb::kRollback}};

// None, of one that is too long for a request.
Words words_of(const Frame& frame) {
    return Words(frame.body.size() > TransactionRequest::kRequestBytesMax ? std::string_view()
                                                                          : frame.body);
}

std::optional<Verb> take_verb(Words& words) {
    const std::string_view word = words.take();
    for (const auto& [name, verb] : kVerbs) {
        if (same_word(name, word)) return verb;
    }
    return std::nullopt;
}

ReadTransactionRequest wrong(std::string_view problem) {
    return {std::nullopt, problem};
}

}  // namespace

ReadTransactionRequest read_transaction_request(const Message& message) {
    const Frame first = message.first();
    Words words = words_of(first);
    const auto verb = take_verb(words);
    if (!verb)
        return wrong(
            "expected PREPARE or PUBLISH, and the message behind it, or COMMIT or ROLLBACK");
    TransactionRequest request;
    request.verb = *verb;
    const std::string_view token = words.take();
    if (request.carries()) {
        if (!token.empty()) return wrong("PREPARE and PUBLISH stand alone in their frame");
        if (!first.more) return wrong("no message stands behind PREPARE or PUBLISH");
        request.message = message.after(first.end, 1);
        return {std::move(request), {}};
    }
    const auto read = TransactionToken::parse(token);
    if (!read || !words.take().empty() || first.more)
        return wrong("COMMIT and ROLLBACK need the token that PREPARE was answered, and no more");
    request.token = *read;
    return {std::move(request), {}};
}

bool begins_with_verb(const Message& message) {
    Words words = words_of(message.first());
    return take_verb(words).has_value();
}

}  // namespace zbridge::intake
