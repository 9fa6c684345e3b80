/* The interface of an engine: what keeps topics and groups for the bridge. Version 0: it loads in
 * the very build that it was made for (zb_plugin.build_id), and may change with each.
 *
 * Flow:    intake: publish() ... turn_end() -> the engine commits -> on_committed(), on_visible()
 *          -> the bridge sends receipts, and gives what is visible to the readers that have
 *          everything before it. A reader that lags asks read() until it has.
 *          A consumer of a group: receive() -> it is sent, and settled: settle(). Where receive()
 *          gave less than was wanted, on_ready() comes when there is more.
 *          A transaction: prepare() -> on_committed(), and nobody sees it -> resolve() ->
 *          on_resolved(), and if it was to be, on_visible(). Of one that nobody resolves on_check()
 *          asks, again and again.
 * Thread:  everything here is called on the reactor, but for what create, start and stop do (see
 *          zb_plugin): nothing blocks. The engine's work that blocks runs on executors that the
 *          host makes: their `done` comes on the reactor, before the turn's end.
 * World:   an engine touches the disk, time, chance, memory and threads through zb_world alone: so
 *          that a simulated bridge simulates its engine too.
 * Promise: what on_committed() names survives kill -9 and, where the topic says fsync, power loss.
 *          Numbers rise by one with each publish() and note() that was taken, and commit in order.
 * Failure: after on_failed() nothing commits any more; publish() answers ZB_STORE_FAILED.
 */
#ifndef ZBRIDGE_ENGINE_H
#define ZBRIDGE_ENGINE_H

#include "zbridge_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZB_ENGINE "zbridge.engine/0"
#define ZB_ENGINE_HOST "zbridge.engine_host/0" /* zb_host.get_extension -> const zb_engine_host* */

#define ZB_NO_TOPIC UINT32_MAX
#define ZB_NO_GROUP UINT32_MAX

/* What an engine stands on. Pointers are to C++ objects of bridge/base; they outlive the instance.
 * In create all of them are NULL: nothing may be touched there. */
typedef struct zb_world {
    uint32_t size;
    uint32_t was_clean; /* the life before ended in order */
    uint64_t epoch;     /* of this life: above that of every life before */
    const char* folder; /* the data directory, which this process has locked; NULL: there is none */
    void* disk;         /* zbridge::Disk */
    void* clock;        /* zbridge::Clock */
    void* random;       /* zbridge::Random */
    void* memory;       /* zbridge::MemoryBudget */
} zb_world;

/* zb_published, zb_taken: what became of a publish() */
enum {
    ZB_TAKEN = 0,
    ZB_LATER = 1,      /* not now: on_room() comes. Nothing was kept. */
    ZB_TOPIC_FULL = 2, /* refused, all of it; a sentence is in zb_receipt.reason */
    ZB_STORE_FULL = 3,
    ZB_STORE_FAILED = 4,
    ZB_TOO_LARGE = 5,
    ZB_UNCONFIGURED = 6, /* the topic is kept, but not in the file any more */
    ZB_UNABLE = 7,       /* the message asks for what this engine cannot do (deliver_at) */
    ZB_STALE = 8,        /* of settle(), resolve(): nothing that is open has this token */
    ZB_BUSY = 9          /* of resolve(): as many wait for the disk as may */
};
typedef int32_t zb_taken;

typedef struct zb_property {
    zb_view name;
    zb_value value;
} zb_property;

/* zb_attributes.flags. ZB_ONCE: ZB_UNABLE where a second message of this id would be stored too. */
enum { ZB_ONCE = 1 };

/* A message's attributes. Views live for the call. */
typedef struct zb_attributes {
    uint32_t size;
    uint32_t key_count;
    uint32_t property_count;
    uint32_t flags; /* ZB_ONCE */
    zb_view id;     /* the producer's; empty: none */
    zb_view order_key;
    zb_view tag;
    int64_t deliver_at_ms; /* since 1970; 0: at once */
    const zb_view* keys;
    const zb_property* properties;
    uint32_t priority; /* 0 to 9 */
    uint32_t reserved;
} zb_attributes;

typedef struct zb_publication {
    uint32_t topic;
    uint32_t frames;
    zb_view wire;                    /* one whole message, its frames as ZMTP writes them */
    const zb_attributes* attributes; /* NULL: none */
} zb_publication;

typedef struct zb_receipt {
    uint64_t number;   /* on_committed() names it */
    uint64_t id_epoch; /* the message's id; of a duplicate, that of the first one */
    uint64_t id_sequence;
    uint32_t duplicate; /* 1: nothing new is stored */
    uint32_t reserved;
    zb_view reason; /* of a refusal; lives until the next call */
} zb_receipt;

/* Messages that follow each other in a topic: offsets, ids and bytes. The bytes live in `chunk` (a
 * zbridge::Chunk), which whoever wants to keep them retains (ChunkRef) within the call. */
typedef struct zb_run {
    void* chunk;
    const char* wire;
    uint64_t bytes;
    uint64_t first_offset;
    uint32_t count;
    uint32_t frames; /* of all of its messages together */
    uint64_t id_epoch;
    uint64_t first_sequence;
    int64_t stored_ms;
    zb_view attributes; /* as the engine encodes them; empty: none. Lives as the bytes do. */
    uint64_t replaced;  /* offsets right before it: replaced by newer ones, or never there */
} zb_run;

typedef struct zb_bounds {
    uint64_t floor; /* the oldest message that is kept */
    uint64_t head;  /* one past the newest visible one */
} zb_bounds;

/* Names one delivery of one message; 16 bytes on the wire, both numbers in big endian. That of the
 * n-th message of a zb_delivery is its first one's with `low` + n. It holds over a restart.
 *   high: u8 2 | u8 attempt | u16 group | u32 epoch     low: u16 grant | u48 offset */
typedef struct zb_token {
    uint64_t high, low;
} zb_token;

/* Deliveries of messages that follow each other, by the token of the first. */
typedef struct zb_lent {
    zb_token token;
    uint32_t count;
    uint32_t reserved;
} zb_lent;

/* What a consumer would be given. */
typedef struct zb_receive {
    uint32_t size;
    uint32_t messages_max;
    uint64_t bytes_max; /* about: the message that reaches it is the last */
    int64_t lease_ms;   /* so long it has to settle them; 0: as the group says */
    uint64_t consumer;  /* who it is, by the host's number: for what status shows */
    /* What it was given before, and may never have come to it: as long as any of it is open, that is
     * given once more, under the same tokens, its lease begun anew, and nothing else. */
    const zb_lent* again;
    uint32_t again_count;
    uint32_t reserved;
} zb_receive;

/* Messages that follow each other, leased to one consumer. The run lives as one of read() does. */
typedef struct zb_delivery {
    zb_run run;
    zb_token token;   /* of the first */
    uint32_t attempt; /* of each; the first delivery is 1 */
    uint32_t reserved;
} zb_delivery;

/* zb_settlement.verdict */
enum {
    ZB_SETTLE_ACK = 0,
    ZB_SETTLE_RETRY = 1,  /* again, after delay_ms */
    ZB_SETTLE_REJECT = 2, /* to the dead letters, with the reason */
    ZB_SETTLE_EXTEND = 3, /* delay_ms more from now on, under a new token */
    ZB_SETTLE_LOST = 4,   /* the consumer is gone: an attempt, and so a retry */
    ZB_SETTLE_RELEASE = 5 /* it was not seen: again, at once, and no attempt */
};

typedef struct zb_settlement {
    uint32_t size;
    uint32_t verdict;
    zb_token token; /* of the first */
    uint32_t count; /* messages from it on */
    uint32_t reserved;
    int64_t delay_ms; /* ZB_SETTLE_RETRY, ZB_SETTLE_EXTEND; -1: as the group says */
    zb_view reason;   /* ZB_SETTLE_RETRY, ZB_SETTLE_REJECT; may be empty */
    uint64_t cookie;  /* not 0: on_settled() tells when it is durable */
} zb_settlement;

typedef struct zb_settled {
    zb_token token; /* ZB_SETTLE_EXTEND: the new one, of the first that was
                       extended; the others' are behind it by their offsets */
    uint32_t stale; /* of so many there was no delivery that is open */
    uint32_t reserved;
    zb_view reason; /* of a refusal; lives until the next call */
} zb_settled;

/* Names a prepared message; 16 bytes on the wire, both numbers in big endian. It holds over a restart.
 *   high: u8 3 | u24 0 | u32 of its id's sequence     low: u16 of its id's epoch | u48 where it waits */
typedef zb_token zb_transaction;

/* What becomes of a prepared message. */
enum { ZB_COMMIT = 0, ZB_ROLLBACK = 1 };

/* The answer to resolve(), once it is durable. */
typedef struct zb_resolved {
    uint32_t size;
    zb_taken taken; /* ZB_TAKEN, ZB_STALE, or why the topic does not take it: it stays prepared */
    uint64_t cookie;
    uint64_t id_epoch; /* the message's id; of a duplicate, that of the first one. 0: not known */
    uint64_t id_sequence;
    zb_view reason; /* of a refusal; lives for the call */
} zb_resolved;

/* Is this one to be committed? Views live for the call. */
typedef struct zb_check {
    uint32_t size;
    uint32_t topic; /* that it is for */
    uint32_t check; /* the first one is 1 */
    uint32_t checks_max;
    zb_transaction transaction;
    zb_view checker; /* who is asked: as prepare() was told */
    zb_run run;      /* of one message */
} zb_check;

/* zb_start.where */
enum { ZB_START_LATEST = 0, ZB_START_EARLIEST = 1, ZB_START_TIME = 2, ZB_START_OFFSET = 3 };

/* What the engine calls. `context` is its own instance's. */
typedef struct zb_engine_host {
    uint32_t size;
    uint32_t reserved;

    /* What this life stands on. Thread: create, start: lives until destroy. */
    const zb_world* (*world)(zb_context* context);
    /* A zbridge::Executor of so many threads; its run_done() is called each turn. Lives until stop
     * has returned. Thread: start. */
    void* (*make_executor)(zb_context* context, const char* name, uint32_t threads,
                           uint32_t tasks_max);

    /* The entries of one of the engine's sections of the file, in its order. Each is asked as a
     * context of its own: instance_name() is the entry's name, option_count() and the others read
     * its options, option_error() tells of them. They live until start has returned. Thread: create,
     * start. */
    uint32_t (*entry_count)(zb_context* context, const char* section);
    zb_context* (*entry)(zb_context* context, const char* section, uint32_t index);

    /* All that was taken up to this number is durable, as its topic says. */
    void (*on_committed)(zb_context* context, uint64_t number);
    /* Nothing that is not committed yet will be. 1: the process is to end, with this sentence. */
    void (*on_failed)(zb_context* context, zb_view sentence, uint32_t ends_process);
    /* After ZB_LATER: it is worth another try. */
    void (*on_room)(zb_context* context);
    /* These follow what was visible of the topic before. Comes after on_committed(). */
    void (*on_visible)(zb_context* context, uint32_t topic, const zb_run* runs, uint32_t count);
    /* After read() said ZB_LATER: it is worth another try, for any reader of the topic. */
    void (*on_loaded)(zb_context* context, uint32_t topic);
    /* Of a group of which receive() gave less than was wanted: it is worth another try. */
    void (*on_ready)(zb_context* context, uint32_t group);
    /* A settlement with this cookie is durable; or not, and why. */
    void (*on_settled)(zb_context* context, uint64_t cookie, zb_result result, zb_view reason);
    /* Within start, before it returns: a note of a life before that is still open. Those of a key come
     * in the order in which they were written; keys that are open for long come last. */
    void (*on_note)(zb_context* context, uint64_t key, uint32_t kind, zb_view bytes);
    /* The answer to admin(). `body`: msgpack; copied. ZB_OK, or the code with a sentence as body. */
    void (*on_answer)(zb_context* context, uint64_t cookie, zb_result result, zb_view body);
    /* What has become of a resolve() with this cookie. */
    void (*on_resolved)(zb_context* context, const zb_resolved* resolved);
    /* Of a prepared message it is to be found out what becomes of it: resolve(). It is asked again, and
     * at last rolled back, if that does not come. 0: there is nobody who could be asked now. */
    uint32_t (*on_check)(zb_context* context, const zb_check* check);
} zb_engine_host;

/* A section of the file that belongs to an engine: a map, its keys the names of entries. */
typedef struct zb_section {
    const char* name; /* "topics" */
    const char* help; /* one sentence */
    const zb_option* options;
    uint32_t option_count;
    uint32_t option_size; /* sizeof(zb_option) */
} zb_section;

typedef struct zb_engine {
    uint32_t size;
    uint32_t section_count;
    const zb_section* sections;
    uint32_t section_size; /* sizeof(zb_section) */
    uint32_t reserved;

    /* The handle of a topic by its name; made, if the engine makes such topics by itself (dead
     * letters, rejects). ZB_NO_TOPIC: there is none. After start. */
    uint32_t (*topic)(void* instance, zb_view name);

    /* The next publish() is not answered ZB_LATER. 0: on_room() comes. */
    uint32_t (*has_room)(void* instance);
    /* Takes all of these or none. */
    zb_taken (*publish)(void* instance, const zb_publication* publications, uint32_t count,
                        zb_receipt* receipt);
    /* For the bridge's own memory: `bytes` under `key`, in order with what is published; those of a
     * key are open until one that `closes` it. */
    zb_taken (*note)(void* instance, uint64_t key, uint32_t kind, zb_view bytes, uint32_t closes,
                     zb_receipt* receipt);
    /* All sources had their turn: what was taken is to be committed soon. */
    void (*turn_end)(void* instance);

    zb_bounds (*bounds)(void* instance, uint32_t topic);
    /* Where a reader begins. `value`: milliseconds since 1970, or an offset. */
    uint64_t (*position)(void* instance, uint32_t topic, uint32_t where, int64_t value);
    /* Runs from `offset` on, visible ones: about `bytes_max` bytes, at most `runs_max`. ZB_OK: with
     * *count runs, 0 at the head. The first begins at `offset`, within a run that was cut, or later:
     * what is between is not kept any more. ZB_LATER: they are being read: on_loaded(). */
    zb_taken (*read)(void* instance, uint32_t topic, uint64_t offset, uint64_t bytes_max,
                     zb_run* runs, uint32_t runs_max, uint32_t* count);

    /* The handle of a group by its name. ZB_NO_GROUP: there is none. After start. */
    uint32_t (*group)(void* instance, zb_view name);
    /* Gives and leases what a consumer of the group is to have now: at most `deliveries_max` runs.
     * Returns how many. Less than was wanted: on_ready() comes when there is more. */
    uint32_t (*receive)(void* instance, uint32_t group, const zb_receive* wanted,
                        zb_delivery* deliveries, uint32_t deliveries_max);
    /* Settles messages of a group. `replies`: what is published with it, all or none; of another
     * result than ZB_TAKEN nothing is settled. ZB_STALE: of none there is an open delivery, and
     * nothing is published. ZB_LATER: with replies alone; on_room() comes. */
    zb_taken (*settle)(void* instance, uint32_t group, const zb_settlement* settlement,
                       const zb_publication* replies, uint32_t count, zb_settled* settled);

    /* A verb of the command line: "topic ls". `body`: msgpack. Answered by on_answer(), also within
     * this call. */
    void (*admin)(void* instance, zb_view verb, zb_view body, uint64_t cookie);
    /* Nothing that was taken is uncommitted. */
    uint32_t (*idle)(void* instance);

    /* As publish() of one message, which nobody sees before resolve() has committed it. `checker`: who
     * on_check() is to ask. */
    zb_taken (*prepare)(void* instance, const zb_publication* publication, zb_view checker,
                        zb_receipt* receipt, zb_transaction* transaction);
    /* ZB_COMMIT: it is in its topic from now on, at the next offset; ZB_ROLLBACK: it is gone. Answered
     * by on_resolved(), once, later than this call; but of another result than ZB_TAKEN not at all. */
    zb_taken (*resolve)(void* instance, zb_transaction transaction, uint32_t verdict,
                        uint64_t cookie);
    /* Of a group with `mode: broadcast`: the handle of the cursor that this consumer has, which is asked
     * as any group is; made when the name is new. ZB_NO_GROUP: not; *reason, until the next call, says
     * why. */
    uint32_t (*join)(void* instance, uint32_t group, zb_view consumer, zb_view* reason);
    /* A connection of that consumer came (1), or went (0). */
    void (*attend)(void* instance, uint32_t joined, uint32_t present);
    /* The handle of a topic that is there now; none is made. ZB_NO_TOPIC: there is none, or it is the
     * engine's own. */
    uint32_t (*find_topic)(void* instance, zb_view name);
    /* What zb_run.attributes say; views live until the next call. 0: they say nothing, or cannot be
     * read. */
    uint32_t (*read_attributes)(void* instance, zb_view bytes, zb_attributes* attributes);
} zb_engine;

/* What a command asks of an engine's files while no bridge runs on them: nothing of them is changed.
 * Needs no instance. Thread: any; it blocks. */
#define ZB_OFFLINE "zbridge.offline/0"

typedef struct zb_offline {
    uint32_t size;
    uint32_t reserved;
    /* A verb of the command line: "journal check". `folder`: of the journal; `disk`: a
     * zbridge::Disk; `body`: msgpack. What it answers is told piece by piece, each a value in
     * msgpack; of another result than ZB_OK the last piece is the sentence, as it is. */
    zb_result (*ask)(void* disk, zb_view folder, zb_view verb, zb_view body, void* to,
                     void (*tell)(void* to, zb_view piece));
} zb_offline;

#ifdef __cplusplus
}
#endif
#endif
