// What each message at an endpoint with `transactions` begins with, in one frame of ASCII; its words
// in any case, between blanks:
//
//   PREPARE, frames...     PUBLISH, frames...     COMMIT token     ROLLBACK token
//
// Limits:  kRequestBytesMax of the first frame: malformed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bridge/model/message.h"
#include "bridge/model/transaction_token.h"

namespace zbridge::intake {

struct TransactionRequest {
    enum class Verb : uint8_t { kPrepare, kPublish, kCommit, kRollback };
    static constexpr size_t kRequestBytesMax = 256;

    Verb verb = Verb::kPublish;
    TransactionToken token{};  // of kCommit, kRollback
    Message message{};         // of kPrepare, kPublish: without the verb

    bool carries() const { return verb == Verb::kPrepare || verb == Verb::kPublish; }
};

struct ReadTransactionRequest {
    std::optional<TransactionRequest> request;
    std::string_view problem;  // why there is none: a sentence
};

// `message`: without its envelope.
ReadTransactionRequest read_transaction_request(const Message& message);
// It begins with one of the words: what stands there is no envelope.
bool begins_with_verb(const Message& message);

}  // namespace zbridge::intake
