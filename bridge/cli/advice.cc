#include "bridge/cli/advice.h"

#include <iterator>

namespace zbridge::cli {

namespace {

struct Row {
    Refusal refusal;
    std::string_view advice;
};

// In the order of the table of codes.
constexpr Row kRows[] = {
    {Refusal::kMalformed,
     "Look at the sender: is it a ZeroMQ socket, does it speak what the endpoint speaks "
     "(`protocol: zbp` or plain), is the first word of a puller's request one that there is? The "
     "log names its address."},
    {Refusal::kTooLarge,
     "Send less in one message, or raise the endpoint's `limits: { max_message, max_frame }`; of "
     "a topic, its `max_message`. The connection was closed, unless it was told so."},
    {Refusal::kTooManyFrames,
     "Send fewer frames in one message, or raise the endpoint's `limits: { max_frames }`."},
    {Refusal::kVersion,
     "Something else than ZeroMQ 2.1 or later has connected (a browser, a health probe, TLS), or "
     "a client of a newer zbridge protocol: look at the address in the log."},
    {Refusal::kMechanism,
     "The peer and the endpoint want different security: give the peer what the endpoint's `auth` "
     "asks for, or let it connect without."},
    {Refusal::kWrongType,
     "Connect the socket to the endpoint that serves its type: the log says which that is, "
     "`zbridge endpoint ls` what each serves, `accept` of the endpoint what it may."},
    {Refusal::kHandshakeTimeout,
     "The network is slow, or what connected does not speak ZeroMQ. Raise `limits: { "
     "handshake_time }` for a slow one."},
    {Refusal::kTooManyPeers,
     "`zbridge peer ls` shows who is there. Close sockets that are not used, or raise the "
     "endpoint's `limits: { max_peers }` or `bridge: { max_connections }`, and the system's limit "
     "of open files."},
    {Refusal::kIdentityTaken,
     "Two sockets have the same routing id: give each its own. One that has just died gives its "
     "id back once the bridge has noticed: `heartbeat`, `keepalive`."},
    {Refusal::kReplaced,
     "Nothing, if the peer has connected again. Else two programs use one identity or name: give "
     "each its own."},
    {Refusal::kSubscriptions,
     "Subscribe to fewer or shorter prefixes, or raise `limits: { max_subscriptions, "
     "max_subscription_bytes }`."},
    {Refusal::kHeartbeat,
     "The peer is stopped, or the network is gone: it connects again by itself. If it is only "
     "busy, let its heartbeat time be longer."},
    {Refusal::kUnreachable,
     "The peer's machine or the network is down: it connects again by itself. `user_timeout` of "
     "the endpoint is how long it may be silent."},
    {Refusal::kStalled,
     "The peer connects again by itself. Find out what uses the memory (`zbridge status`), or "
     "raise `bridge: { memory }`."},
    {Refusal::kMemory,
     "Let consumers take more, or raise `bridge: { memory }`; `zbridge status` says what waits, "
     "and where."},
    {Refusal::kOutboxFull,
     "The peer reads too slowly: make it faster, share the work, raise `limits: { max_waiting, "
     "max_waiting_messages }`, or choose another `on_full` of the route."},
    {Refusal::kLineFull,
     "Nobody takes the messages fast enough: start more consumers, raise the target's `line`, "
     "choose another `on_full`, or give the route a topic, which keeps them on the disk."},
    {Refusal::kReturned,
     "Connect somebody who can take it: `zbridge peer ls` says who is there. A route to a topic "
     "keeps messages until then."},
    {Refusal::kNoRoute,
     "Write a route `from` this endpoint; `zbridge check` shows those there are."},
    {Refusal::kNoMatch,
     "Look at the `match` of the endpoint's routes, or add a route without `match`, which takes "
     "the rest."},
    {Refusal::kUndecodable,
     "Send what the route's `decode` says (whole, valid JSON or msgpack in the right frame), or "
     "change it. `rejects: topic/NAME` keeps what is refused, to look at."},
    {Refusal::kMissing,
     "Send the attribute, or take it off the route's `required`. `rejects: topic/NAME` keeps what "
     "is refused."},
    {Refusal::kStepRefused,
     "A filter or plugin of the route does not want it: look at its `steps`, and at what the "
     "plugin says in the log. `rejects: topic/NAME` keeps what is refused."},
    {Refusal::kStepFailed,
     "A plugin of the route failed: look at the log (module plugin). `on_error` of the instance "
     "says what becomes of such messages: refuse, pass, dead_letter."},
    {Refusal::kRejected,
     "Look at what the sink says in the log: the message is not one that it takes."},
    {Refusal::kNoEnvelope,
     "Use a REQ, or let the DEALER send an empty frame before the body; or say `envelope: raw` "
     "for the service."},
    {Refusal::kBusy,
     "Start more workers, ask again later, or raise the service's `line`; `zbridge service ls` "
     "says what waits. To PREPARE and COMMIT: send it again."},
    {Refusal::kNoWorker,
     "Start a worker, or more of them; `zbridge service ls` says how many there are and are free, "
     "and whether the service is paused."},
    {Refusal::kTimeout,
     "The worker is too slow, or has hung: look at it (`zbridge peer ls` shows what each holds), "
     "start more, or raise `timeout` or `attempt_timeout`."},
    {Refusal::kWorkerLost,
     "Find out why the worker ended. `execute: at_least_once` gives its request to another one; "
     "then a request may be executed twice."},
    {Refusal::kFailed,
     "The worker's own words stand beside the code. It is not given to another worker: look at "
     "what "
     "was asked, and at that worker's log."},
    {Refusal::kClientGone,
     "Nothing: the client ended, or gave up. With a routing id it gets the answer if it is back "
     "within `resume_window`."},
    {Refusal::kSuperseded,
     "Nothing, if the client means to give up waiting. Else let it wait longer than the service's "
     "`timeout`."},
    {Refusal::kLateReply,
     "The request had ended: let workers be faster, or raise `timeout`; `late_by_reason` of the "
     "service in `zbridge status --json` says how."},
    {Refusal::kStale,
     "The lease had ended, or this was settled before: settle sooner, EXTEND, or raise the "
     "group's `lease`. The message is with another consumer, or settled: let consumers be "
     "idempotent."},
    {Refusal::kDenied,
     "Look at the endpoint's `auth` and at the name and password of the peer; a consumer of a "
     "`mode: broadcast` group needs a name; what the bridge's operator asks goes to the admin "
     "socket alone."},
    {Refusal::kUnsupported,
     "The client is newer than the bridge, or the bridge's file has not what it asks for: update "
     "the older one of the two."},
    {Refusal::kOutOfState,
     "A mistake of the client: the text beside the code says which command, and what has to come "
     "before it."},
    {Refusal::kOutOfRange,
     "A mistake of the client: the text beside the code names the field; WELCOME has the limits."},
    {Refusal::kNotFound,
     "Is the name spelt right? `zbridge topic ls`, `group ls`, `service ls` show what there is. "
     "What is new in the file is there after the bridge was started again."},
    {Refusal::kTopicFull,
     "A group is behind, and `retention: { unread: keep }` keeps what it has not settled: let it "
     "catch up (`zbridge group ls`), raise the topic's retention, or say `unread: drop`."},
    {Refusal::kUnconfigured,
     "The topic was taken out of the file: name it there again, or remove it for good with "
     "`zbridge topic rm`."},
    {Refusal::kUnable,
     "The topic cannot do that: no delay with `keep: last_per_key`, for one; the text beside the "
     "code says what."},
    {Refusal::kStoreFailed,
     "A write to the disk failed, and nothing is stored until the bridge is started again: look "
     "at the disk and at the log, then start it. What was receipted is there."},
    {Refusal::kStoreFull,
     "Make room on the disk: delete files, `zbridge topic purge`. It goes on by itself."},
    {Refusal::kUnresumable,
     "Give the client a routing id (ZMQ_ROUTING_ID), or let it set ZMQ_REQ_CORRELATE: then it "
     "gets its answer also when the bridge was started again."},
    {Refusal::kShuttingDown,
     "The bridge ends, or drains: ask again when it runs, or ask another one."},
    {Refusal::kKicked,
     "Nothing: `zbridge peer kick` was used. A ZeroMQ socket connects again by itself; to keep it "
     "out, end its program, or use the endpoint's `auth`."},
};

constexpr bool is_complete() {
    for (size_t i = 0; i < std::size(kRows); i++) {
        if (static_cast<size_t>(kRows[i].refusal) != i) return false;
    }
    return std::size(kRows) == kRefusalCount;
}
static_assert(is_complete(), "a refusal has no advice, or not at its place");

}  // namespace

std::string_view advice_for(Refusal refusal) {
    return kRows[static_cast<size_t>(refusal)].advice;
}

}  // namespace zbridge::cli
