#include "bridge/intake/transaction_request.h"

#include <algorithm>
#include <utility>

namespace zbridge::intake {

namespace {

using Verb = TransactionRequest::Verb;

constexpr std::pair<std::string_view, Verb> kVerbs[] = {{"PREPARE", Verb::kPrepare},
                                                        {"PUBLISH", Verb::kPublish},
                                                        {"COMMIT", Verb::kCommit},
                                                        {"ROLLBACK", Verb::kRollback}};

bool same_word(std::string_view a, std::string_view b) {
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return upper(x) == upper(y); });
}

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

std::optional<Verb> take_verb(std::string_view& text) {
    const std::string_view word = take_word(text);
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
    std::string_view text = first.body;
    const auto verb =
        text.size() > TransactionRequest::kRequestBytesMax ? std::nullopt : take_verb(text);
    if (!verb)
        return wrong(
            "expected PREPARE or PUBLISH, and the message behind it, or COMMIT or ROLLBACK");
    TransactionRequest request;
    request.verb = *verb;
    const std::string_view token = take_word(text);
    if (request.carries()) {
        if (!token.empty()) return wrong("PREPARE and PUBLISH stand alone in their frame");
        if (!first.more) return wrong("no message stands behind PREPARE or PUBLISH");
        request.message = message.after(first.end, 1);
        return {std::move(request), {}};
    }
    const auto read = TransactionToken::parse(token);
    if (!read || !take_word(text).empty() || first.more)
        return wrong("COMMIT and ROLLBACK need the token that PREPARE was answered, and no more");
    request.token = *read;
    return {std::move(request), {}};
}

bool begins_with_verb(const Message& message) {
    std::string_view text = message.first().body;
    return text.size() <= TransactionRequest::kRequestBytesMax && take_verb(text).has_value();
}

}  // namespace zbridge::intake
