// What a service leaves in the store of each request, so that the bridge knows it when it is
// started again: the bytes of these notes.
//
// All notes of a request have its number as their key. Numbers are small and little endian; a text
// is a u32 of its length and its bytes. Each note begins with kNoteVersion; golden bytes are in the
// tests. Times are wall times, in microseconds since 1970: they are read in another life.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/model/ids.h"
#include "bridge/model/socket_type.h"

namespace zbridge::rpc {

// The types of the journal's records: a number is never given to anything else.
enum class NoteKind : uint32_t {
    kRequest = 16,   // before a byte of it goes to a worker
    kDispatch = 17,  // kAtMostOnce: likewise, where the request's own note does not say it
    kReply = 18,     // a worker's reply was taken
    kReplied = 19,   // its client has it, or has been told why not; the last one closes the notes
};

inline constexpr uint8_t kNoteVersion = 1;

struct RequestNote {
    Epoch epoch;  // of the life that accepted it, which its corr names
    // A worker may have it as soon as this is written.
    bool dispatched = false;
    // It was written at most once: a worker has it only if a note says so.
    bool told_of_dispatch = false;
    bool delimited = true;
    bool zbp = false;                    // of its client, as in PeerInfo
    bool joined = false;                 // it waits for the reply to another one of the same key
    int64_t deadline_us = 0;             // 0: none
    SocketType type = SocketType::kReq;  // of its client
    std::string_view service;
    std::string_view endpoint;  // where its client was, by name
    std::string_view identity;
    std::string_view user;
    std::string_view process;  // PeerInfo::process; empty too if the process had other connections
    std::string_view host;     // where its client's address is
    uint64_t envelope_bytes = 0;
    uint64_t body_from = 0;
    std::string_view wire;  // as it came
};

struct ReplyNote {
    int64_t at_us = 0;
    uint64_t body = 0;      // of wire: where the frame behind the empty one begins
    std::string_view wire;  // from the empty frame on
};

// These replace `bytes`, whose memory is used again.
void write_note(const RequestNote& note, std::string& bytes);
void write_note(const ReplyNote& note, std::string& bytes);
void write_dispatch_note(uint8_t attempt, std::string& bytes);
void write_replied_note(int64_t at_us, std::string& bytes);

// What is read is a view of `bytes`. kInvalid: they are damaged, or of a newer zbridge.
Result<RequestNote> read_request_note(std::string_view bytes);
Result<ReplyNote> read_reply_note(std::string_view bytes);
Result<uint8_t> read_dispatch_note(std::string_view bytes);  // the attempt
Result<int64_t> read_replied_note(std::string_view bytes);   // when

}  // namespace zbridge::rpc
