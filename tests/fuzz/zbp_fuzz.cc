// Any bytes as what a client of ZBP/1 says: a header, and a block.
#include <cstdint>
#include <string_view>

#include "bridge/base/check.h"
#include "bridge/model/message.h"
#include "bridge/protocol/command.h"
#include "bridge/protocol/limits.h"
#include "bridge/protocol/message_block.h"

using namespace zbridge;
using namespace zbridge::protocol;

namespace {

void check_header(std::string_view bytes) {
    const ReadCommand read = read_command(bytes);
    const ReadCommand again = read_command(bytes);
    ZB_CHECK(read.problem == again.problem && read.command.verb == again.command.verb);
    const Command& its = read.command;
    // As much as stands there, and no more.
    ZB_CHECK(its.ranges.size() <= bytes.size() / (LeaseToken::kBytes + 3), its.ranges.size());
    ZB_CHECK(its.attributes.size() <= bytes.size() && its.attributes.size() <= kBatchMessagesMax);
    ZB_CHECK(its.tokens.size() <= bytes.size() / (TransactionToken::kBytes + 2));
    ZB_CHECK(its.args.size() <= bytes.size());
    ZB_CHECK(its.versions.size() <= kVersionsMax && its.needs.size() <= kNeedsMax);
    if (!read.ok()) return;
    for (const TokenRange& each : its.ranges)
        ZB_CHECK(each.count > 0);
    // It ends where it ends.
    ZB_CHECK(!read_command(bytes.substr(0, bytes.size() - 1)).ok());
    ZB_CHECK(!read_command(bytes.substr(0, bytes.size() / 2)).ok());
}

// What is counted is there: it can be cut without a look at the size again.
void check_block(std::string_view bytes) {
    const auto counted = count_messages(bytes);
    if (!counted) return;
    uint32_t messages = 0;
    for (size_t at = 0; at < bytes.size(); messages++)
        at = message_end(bytes, at).end;
    ZB_CHECK(messages == *counted, messages, *counted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string_view said(reinterpret_cast<const char*>(bytes), size);
    check_header(said);
    check_block(said);
    return 0;
}
