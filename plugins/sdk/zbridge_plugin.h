/* The plugin interface of zbridge, version 1: what a shared object gives the bridge, and what it is
 * given.
 *
 * A plugin is a shared object with one exported symbol, zbridge_plugin_entry. It links nothing of
 * the bridge: all that it may call comes in a table of functions (zb_host). C99; any language that
 * speaks a C ABI can use it. C++ has a wrapper, zbridge_plugin.hpp.
 *
 * Growing: every struct that crosses begins with its size and grows at its end only. Read a field
 *          that may be younger than you only if `size` says it is there: ZB_HAS(host, emit). A
 *          plugin of version 1.x loads in every later 1.y; of another major version, never.
 * Bytes:   zb_view is a pointer and a length, never NUL-terminated, valid UTF-8 only where that is
 *          said. A view lives as long as its field says; whoever gives one keeps owning it. What
 *          the host is given, it copies before it returns.
 * Thread:  each function says who calls it. An instance is never entered by two threads at once,
 *          and never again from within itself. "The reactor" is the bridge's one loop: what is
 *          called on it must not block, sleep or touch a file: every peer waits meanwhile.
 * Life:    entry -> create -> start -> events -> drain -> stop -> destroy. create has no side
 *          effects (no files, sockets, threads): `zbridge check` calls it to validate options, and
 *          destroys the instance again. A failed start is followed by destroy alone. A shared
 *          object stays loaded until the process ends.
 * Errors:  a function that fails returns another zb_result than ZB_OK and calls set_error() before
 *          that, so that there is a sentence for people; one that returns nothing (on_outcomes,
 *          drain, stop) has failed if it has called set_error(). No exception crosses.
 */
#ifndef ZBRIDGE_PLUGIN_H
#define ZBRIDGE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZB_ABI_MAJOR 1
#define ZB_ABI_MINOR 0

/* Whether a struct that somebody else has filled is so long that it has this field, and it is set. */
#define ZB_HAS(object, field) \
    ((object)->size >= zb_end_of_(object, field) && (object)->field != NULL)
#define zb_end_of_(object, field) \
    ((size_t)((const char*)(&(object)->field + 1) - (const char*)(object)))

#if defined(__GNUC__)
#define ZB_EXPORT __attribute__((visibility("default")))
#else
#define ZB_EXPORT
#endif

/* ---- values ---- */

typedef struct zb_view {
    const char* data; /* may be NULL where size is 0 */
    size_t size;
} zb_view;

/* zb_result: what a function answers */
enum {
    ZB_OK = 0,
    ZB_INVALID = 1,     /* an argument or an option is wrong */
    ZB_NOT_FOUND = 2,   /* there is no such thing */
    ZB_FULL = 3,        /* a limit is reached: not now */
    ZB_FAILED = 4,      /* the world said no: a file, a device */
    ZB_UNSUPPORTED = 5, /* this host cannot do that */
    ZB_WRONG_STATE = 6  /* not here, or not now */
};
typedef int32_t zb_result;

/* zb_kind: of a zb_value */
enum {
    ZB_NOTHING = 0, /* missing */
    ZB_BOOL = 1,    /* flag: 0 or 1 */
    ZB_INTEGER = 2,
    ZB_NUMBER = 3,
    ZB_STRING = 4
};

typedef struct zb_value {
    uint32_t kind;
    uint32_t flag;
    int64_t integer;
    double number;
    zb_view text;
} zb_value;

enum { ZB_LOG_TRACE = 0, ZB_LOG_DEBUG = 1, ZB_LOG_INFO = 2, ZB_LOG_WARN = 3, ZB_LOG_ERROR = 4 };

/* ---- options ---- */

/* zb_option.type, and how an option of that type is read */
enum {
    ZB_OPTION_TEXT = 0,     /* text() */
    ZB_OPTION_FLAG = 1,     /* integer(): 0 or 1 */
    ZB_OPTION_COUNT = 2,    /* integer(): a whole number, 0 or more */
    ZB_OPTION_NUMBER = 3,   /* number(): any number */
    ZB_OPTION_SIZE = 4,     /* integer(): bytes; written with a unit, 16MiB */
    ZB_OPTION_DURATION = 5, /* integer(): nanoseconds; written with a unit, 500ms */
    ZB_OPTION_CHOICE = 6,   /* text(): one of `choices` */
    ZB_OPTION_SECRET = 7    /* text(); never shown nor logged */
};

/* zb_option.flags */
enum {
    ZB_OPTION_REQUIRED = 1, /* an error where it is missing */
    ZB_OPTION_MANY = 2,     /* one value or a list of them */
    ZB_OPTION_MAP = 4,      /* a map: names of the user's, each with a value of this type */
    ZB_OPTION_SHORT = 8     /* `- { name: VALUE }` gives it; one option at most */
};

/* A row of the option table. The host parses and checks the YAML by it, and shows it in its
 * reference and schema. All strings are static and NUL-terminated; min, max, fallback and example
 * as one writes them in the file. */
typedef struct zb_option {
    const char* key; /* [a-z][a-z0-9_]{0,62}; "retention.age" is `age` in the map `retention` */
    uint32_t type;
    uint32_t flags;
    const char* fallback; /* NULL: none */
    const char* min;      /* COUNT, NUMBER, SIZE, DURATION; NULL: no bound */
    const char* max;
    const char* choices; /* CHOICE: "hold|refuse" */
    const char* help;    /* one sentence; required */
    const char* example; /* NULL: the fallback */
} zb_option;

/* ---- what the host gives ---- */

/* One instance, as the host knows it: the first argument of what it offers. */
typedef struct zb_context zb_context;
typedef struct zb_message zb_message; /* a message, as the host keeps it */
typedef struct zb_metric zb_metric;   /* lives as long as its instance */

/* attributes of a message */
enum {
    ZB_ID = 0,        /* text */
    ZB_ORDER_KEY = 1, /* text */
    ZB_TAG = 2,       /* text */
    ZB_DELIVER_AT = 3 /* integer: milliseconds since 1970 */
};

/* of the peer that has sent a message */
enum {
    ZB_PEER_USER = 0,     /* whom auth or the transport vouches for (ipc: "uid:1000") */
    ZB_PEER_IDENTITY = 1, /* its ZeroMQ routing id; else empty */
    ZB_PEER_ADDRESS = 2   /* "tcp://10.0.0.7:41234" */
};

typedef struct zb_host {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    const char* version;  /* of the bridge: "0.1.0" */
    const char* build_id; /* of the bridge: what the interfaces "x/0" ask for */

    /* Options of this instance. Thread: create, start; text lives until destroy.
     * `index` counts the values of an option with MANY or MAP, from 0; else it is 0. */
    /* 0: not given, and no fallback */
    uint32_t (*option_count)(zb_context* context, const char* key);
    zb_view (*option_text)(zb_context* context, const char* key, uint32_t index);
    int64_t (*option_integer)(zb_context* context, const char* key, uint32_t index);
    double (*option_number)(zb_context* context, const char* key, uint32_t index);
    /* MAP: the user's name */
    zb_view (*option_name)(zb_context* context, const char* key, uint32_t index);
    /* What is wrong with a value, beyond its table: told with its file, line and column. create
     * then returns ZB_INVALID. Thread: create. */
    void (*option_error)(zb_context* context, const char* key, uint32_t index, zb_view sentence);
    /* As the YAML calls it; lives until destroy. Thread: any. */
    zb_view (*instance_name)(zb_context* context);

    /* A sentence for people: what the function that now returns an error could not do. `retryable`:
     * another try may do. Thread: of the failing call. */
    void (*set_error)(zb_context* context, zb_result code, int retryable, zb_view sentence);
    /* A line of the bridge's log, under the instance's name. At most 32 a second and instance, the
     * rest is counted. Thread: any. May be cut at 4 KiB. */
    void (*log)(zb_context* context, uint32_t level, zb_view text);

    /* Metrics, shown by `status` under the instance's name. The same name twice is the same metric;
     * NULL: more than 64. Names [a-z][a-z0-9_]{0,62}. Thread: create and start make them, any
     * thread changes them. */
    zb_metric* (*counter)(zb_context* context, const char* name, const char* help);
    zb_metric* (*gauge)(zb_context* context, const char* name, const char* help);
    /* count, sum, least, most */
    zb_metric* (*histogram)(zb_context* context, const char* name, const char* help);
    void (*metric_add)(zb_metric* metric, int64_t change);   /* counter, gauge */
    void (*metric_set)(zb_metric* metric, int64_t value);    /* gauge */
    void (*metric_record)(zb_metric* metric, int64_t value); /* histogram */
    /* Degraded (0) until the instance says that it is healthy (1) again; `status` shows it with the
     * sentence. What the bridge finds wrong itself (a read that fails) comes and goes beside that.
     * Thread: any. */
    void (*set_health)(zb_context* context, int healthy, zb_view sentence);

    /* Time. Use these, not the system's: a simulated bridge has a time of its own. Thread: any. */
    uint64_t (*now_ns)(zb_context* context);       /* steady; its zero means nothing */
    int64_t (*wall_clock_ms)(zb_context* context); /* since 1970 */

    /* Messages. Thread: of the call that gave the message, or that made it; not two at once.
     * A frame's view lives until that frame is changed, the call returns (a kept message: until it
     * is released). */
    uint32_t (*frame_count)(const zb_message* message);
    zb_view (*frame)(const zb_message* message, uint32_t index); /* {NULL, 0} beyond the last */
    zb_result (*set_frame)(zb_message* message, uint32_t index, zb_view body);
    /* `count`: 1 to 64. ZB_FULL, also of set_frame: more than 64 MiB; of a message of one's own also
     * more bytes than the instance may keep. */
    zb_result (*set_frames)(zb_message* message, const zb_view* bodies, uint32_t count);
    zb_value (*attribute)(const zb_message* message, uint32_t attribute);
    zb_result (*set_attribute)(zb_message* message, uint32_t attribute, zb_value value);
    uint32_t (*key_count)(const zb_message* message);
    zb_view (*key)(const zb_message* message, uint32_t index);
    zb_value (*property)(const zb_message* message, zb_view name);
    zb_result (*set_property)(zb_message* message, zb_view name, zb_value value);
    uint32_t (*property_count)(const zb_message* message);
    zb_view (*property_name)(const zb_message* message, uint32_t index);
    zb_view (*peer)(const zb_message* message, uint32_t what);

    /* A message of one's own, without frames, or a copy of one: to emit, or to keep. NULL: the
     * instance keeps as many messages or bytes as it may (its `keep_messages`, `keep_bytes`). Owned
     * by the caller until release() or emit(). Thread: copy: of the call that gave it; make,
     * release: any of the instance. */
    zb_message* (*make)(zb_context* context);
    zb_message* (*copy)(zb_context* context, const zb_message* message);
    void (*release)(zb_context* context, zb_message* message);
    /* One more message behind the one that the step looks at now: it goes on with the next step.
     * Takes it over, also on failure. ZB_FULL: more than 64 for one message. Thread: within a
     * step's on_message. */
    zb_result (*emit)(zb_context* context, zb_message* message);
    /* Why the step answers ZB_REFUSE: the producer's receipt and the log have it. Thread: within
     * on_message. */
    void (*set_reason)(zb_context* context, zb_view sentence);
    /* How long a step that answers ZB_HOLD wants to wait, from 1 ms to 60 s. Thread: within
     * on_message. */
    void (*set_hold)(zb_context* context, uint64_t ns);
    /* The route's target (as `to` names it) that a step which answers ZB_ROUTE gives the message
     * to, alone. ZB_NOT_FOUND: the route has no such target. Thread: within on_message. */
    zb_result (*set_target)(zb_context* context, zb_view name);

    /* A source's message. Copied; `cookie` comes back with its outcome. ZB_FULL: as many are on
     * their way as may be (the source's `window`), or the bridge is full: give it again in the next
     * read. ZB_INVALID: no frames, or too large. Thread: within a source's read. */
    zb_result (*deliver)(zb_context* context, zb_message* message, uint64_t cookie);

    /* Calls `call(argument)` on the reactor later; not after drain has begun. post: in the next
     * turn; at most 1,024 wait, else ZB_FULL. timer: once, in `after_ns`; at most 64 an instance
     * wait, else ZB_FULL. Only for instances that run on the reactor: others have a thread of their
     * own, which may wait.
     * Thread: post: any; set_timer: reactor. */
    zb_result (*post)(zb_context* context, void (*call)(void* argument), void* argument);
    zb_result (*set_timer)(zb_context* context, uint64_t after_ns, void (*call)(void* argument),
                           void* argument);

    /* More of what a host can do, by name; NULL: it cannot. Static. Thread: any. */
    const void* (*get_extension)(zb_context* context, const char* id);
} zb_host;

/* ---- what a plugin gives ---- */

typedef struct zb_plugin {
    uint32_t size;        /* sizeof(zb_plugin) */
    uint16_t abi_major;   /* ZB_ABI_MAJOR */
    uint16_t abi_minor;   /* ZB_ABI_MINOR */
    const char* name;     /* [a-z0-9][a-z0-9_-]{0,62} */
    const char* version;  /* "1.0.0" */
    const char* summary;  /* one sentence; required */
    const char* build_id; /* NULL. Only for the interfaces "x/0", which load in the very build that
                             they were made for. */
    const zb_option* options;
    uint32_t option_count;
    uint32_t option_size; /* sizeof(zb_option) */

    /* Validates options, makes the instance. No side effects. `host` and `context` live until
     * destroy has returned.
     * Thread: the main thread, or any before there are others. Blocking: may not.
     * Results: ZB_OK: *instance is the plugin's own (NULL is fine). ZB_INVALID: an option is wrong
     * (option_error says which). Another: set_error says why. Any but ZB_OK: the bridge does not
     * start. */
    zb_result (*create)(const zb_host* host, zb_context* context, void** instance);
    /* Opens files, sockets, threads. May be NULL.
     * Thread: the main thread. Blocking: a few seconds at most.
     * Results: any but ZB_OK: the bridge does not start. */
    zb_result (*start)(void* instance);
    /* The bridge ends: what the instance holds back should go on now. May be NULL. Events go on
     * until stop.
     * Thread: as events. Blocking: until `deadline_ns` (as now_ns) where events may block, else
     * not. */
    void (*drain)(void* instance, uint64_t deadline_ns);
    /* Closes what start has opened. No event comes after it. May be NULL.
     * Thread: the main thread. Blocking: for seconds. */
    void (*stop)(void* instance);
    /* Frees the instance. Thread: as create. */
    void (*destroy)(void* instance);

    /* What the plugin can be, by name: "zbridge.step/1" -> const zb_step *. Static; NULL: not that.
     * Thread: any. */
    const void* (*get_extension)(const char* id);
} zb_plugin;

/* The one exported symbol. Returns the same static object at every call. No side effects.
 * Thread: any. */
typedef const zb_plugin* (*zb_entry)(void);

/* Plugins of zbridge's own tree are linked in, and need names that differ. */
#ifndef ZB_ENTRY_NAME
#define ZB_ENTRY_NAME zbridge_plugin_entry
#endif
ZB_EXPORT const zb_plugin* ZB_ENTRY_NAME(void);

/* ---- step/1: looks at each message of a route; may change, stop, multiply or redirect it ---- */

#define ZB_STEP "zbridge.step/1"

/* zb_verdict. While a step holds a message, the source of its route is held. After ZB_ERROR, and
 * any number that is not listed here, the instance's `on_error` says what becomes of the message.
 */
enum {
    ZB_PASS = 0,   /* goes on, with the changes made */
    ZB_DROP = 1,   /* ends here, counted; the producer's receipt is OK */
    ZB_REFUSE = 2, /* ends here, counted; the receipt says why (set_reason) */
    ZB_ROUTE = 3,  /* goes on, to set_target()'s alone */
    ZB_HOLD = 4,   /* asked again in set_hold()'s time; all changes are undone */
    ZB_ERROR = 5   /* could not do its work (set_error): see below */
};
typedef int32_t zb_verdict;

/* zb_step.flags: on_message runs on a thread of the instance; order is kept. */
enum { ZB_STEP_MAY_BLOCK = 1 };

typedef struct zb_step {
    uint32_t size;
    uint32_t flags;
    /* `message` lives for this call.
     * Thread: the reactor; with ZB_STEP_MAY_BLOCK the instance's own thread.
     * Blocking: on the reactor never: 1 ms is the budget; what takes longer is counted. After three
     * calls of more than 100 ms within a minute every message is an error, until that minute is
     * over. */
    zb_verdict (*on_message)(void* instance, zb_message* message);
} zb_step;

/* ---- source/1: brings messages in, and learns the outcome of each ---- */

#define ZB_SOURCE "zbridge.source/1"

/* zb_outcome.result */
enum {
    ZB_ACCEPTED = 0, /* every target has it, or a route or step was done with it: forget it */
    ZB_REFUSED = 1   /* nobody will have it; `reason` says why */
};

typedef struct zb_outcome {
    uint64_t cookie; /* as deliver() was given it */
    uint32_t result;
    uint32_t reserved;
    zb_view reason; /* "undecodable"; lives for the call */
} zb_outcome;

typedef struct zb_source {
    uint32_t size;
    uint32_t flags; /* 0 */
    /* Delivers what there is (host->deliver), waiting for the first at most until `deadline_ns` (as
     * now_ns), and not for long after that: outcomes and the end wait meanwhile. Called again at
     * once; after an error, with growing pauses.
     * Thread: the instance's own. Blocking: until `deadline_ns`. */
    zb_result (*read)(void* instance, uint64_t deadline_ns);
    /* What became of delivered messages, in the order in which that was known. What has no outcome
     * when the instance is stopped must be delivered again after the next start: at least once.
     * After set_error() the sentence is in the log, and the instance is degraded until another call
     * goes well; the outcomes do not come again.
     * Thread: the instance's own, between two reads. */
    void (*on_outcomes)(void* instance, const zb_outcome* outcomes, uint32_t count);
} zb_source;

/* ---- sink/1: takes messages away in batches ---- */

#define ZB_SINK "zbridge.sink/1"

/* what a sink answers for a message */
enum {
    ZB_DONE = 0,  /* it has it, as durably as it promises */
    ZB_RETRY = 1, /* not now: again, before those behind it; pauses grow from 10 ms to 10 s */
    ZB_REJECT = 2 /* never: counted as rejected; its source is told */
};

typedef struct zb_sink {
    uint32_t size;
    uint32_t flags;          /* 0 */
    uint32_t batch_messages; /* at most so many a call; 0: 256 */
    uint32_t reserved;
    uint64_t batch_bytes; /* likewise, beyond the first; 0: 1 MiB */
    /* Answers for each message in `answers` (beforehand all ZB_RETRY). Another result than ZB_OK:
     * all that are still ZB_RETRY are retried, and the sentence of set_error is shown as the
     * instance's trouble. `messages` live for this call.
     * Thread: the instance's own. Blocking: may. */
    zb_result (*on_batch)(void* instance, zb_message* const* messages, uint32_t count,
                          uint32_t* answers);
} zb_sink;

/* ---- auth/1: who is this peer, and may it be here ---- */

#define ZB_AUTH "zbridge.auth/1"

typedef struct zb_peer_claim {
    uint32_t size;
    uint32_t reserved;
    zb_view endpoint;    /* its name in the YAML */
    zb_view socket_type; /* "REQ" */
    zb_view identity;
    zb_view address;   /* "tcp://10.0.0.7:41234", "ipc://pid:123" */
    zb_view user;      /* whom the transport or the mechanism vouches for; else empty */
    zb_view mechanism; /* "NULL" */
    zb_view password;  /* of PLAIN; else empty */
} zb_peer_claim;

enum { ZB_ALLOW = 0, ZB_DENY = 1 };

typedef struct zb_auth {
    uint32_t size;
    uint32_t flags; /* 0 */
    /* Called in each handshake on an endpoint that says `auth: NAME`. ZB_ALLOW: as `user` if that
     * was set (at most 255 bytes, copied). Anything else denies it: the peer is told, the log has
     * set_reason()'s sentence. `claim` lives for the call.
     * Thread: the reactor. Blocking: never. */
    int32_t (*on_peer)(void* instance, const zb_peer_claim* claim, zb_view* user);
} zb_auth;

#ifdef __cplusplus
}
#endif
#endif
