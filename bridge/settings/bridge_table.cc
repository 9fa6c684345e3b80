// The rows of the file itself, in the order in which reference.yaml shows them.
#include "bridge/settings/option.h"

namespace zbridge::settings {

namespace {

constexpr std::string_view kNeedsHttp = "needs the dashboard, which this build does not have";

constexpr Choice kLevels[] = {{"trace"}, {"debug"}, {"info"}, {"warn"}, {"error"}, {"off"}};
constexpr Choice kFormats[] = {{"text"}, {"json"}};
constexpr Choice kProtocols[] = {{"plain"}, {"zbp"}};
constexpr Choice kSockets[] = {{"push"}, {"pull"}, {"pub"}, {"sub"},    {"xpub"},
                               {"xsub"}, {"req"},  {"rep"}, {"dealer"}, {"router"}};
constexpr Choice kSubscribe[] = {{"all"}, {"demand"}};
constexpr Choice kPullers[] = {{"verbs"}, {"ready"}};
constexpr Choice kReceipts[] = {{"auto"}, {"always"}, {"never"}};
constexpr Choice kExecute[] = {{"at_most_once"}, {"at_least_once"}};
constexpr Choice kCauses[] = {{"worker_lost"}, {"timeout"}};
constexpr Choice kEnvelopes[] = {{"req"}, {"raw"}};
constexpr Choice kRestarts[] = {{"lose"}, {"resume"}};
constexpr Choice kCodecs[] = {{"json"}, {"msgpack"}};
constexpr Choice kOnError[] = {{"refuse"}, {"pass"}, {"dead_letter"}};
constexpr Choice kOnFull[] = {{"block"}, {"drop_newest"}, {"drop_oldest"}, {"disconnect"}};

using enum Type;
using enum Reload;

// A row is read as a row, not as a column of fields.
// clang-format off
constexpr Option kOptions[] = {
    {.path = "bridge", .help = "The process as a whole."},
    {.path = "bridge.name", .type = kName, .fallback = "zbridge",
     .help = "Its name: the ZMTP identity that peers see, and the default of data_dir."},
    {.path = "bridge.data_dir", .type = kText,
     .help = "The folder for what outlives the process, the admin socket included. Default: "
             "./NAME-data.", .example = "./shop-data", .commented = true},
    {.path = "bridge.memory", .type = kSize, .fallback = "256MiB", .min = "4MiB", .max = "1024TiB",
     .reload = kLive,
     .help = "The budget for everything that waits in the bridge; when it is used up, sources "
             "are held."},
    {.path = "bridge.max_connections", .type = kCount, .fallback = "50000", .min = "1",
     .max = "10000000", .reload = kLive,
     .help = "Connections of all endpoints together; further ones are closed and counted."},
    {.path = "bridge.drain_timeout", .type = kDuration, .fallback = "10s", .min = "0", .max = "1h",
     .reload = kLive,
     .help = "How long a planned end reads what sources had sent, and waits for what is on its "
             "way."},
    {.path = "bridge.log", .reload = kLive, .help = "What is written to standard error."},
    {.path = "bridge.log.level", .type = kChoice, .fallback = "info", .choices = kLevels,
     .reload = kLive, .help = "The least important level that is written."},
    {.path = "bridge.log.format", .type = kChoice, .fallback = "text", .choices = kFormats,
     .reload = kLive, .help = "Lines for people, or one JSON object a line."},
    {.path = "bridge.log.levels", .reload = kLive, .help = "Other levels for single modules.",
     .commented = true},
    {.path = "bridge.log.levels.*", .type = kChoice, .choices = kLevels, .reload = kLive,
     .help = "The level of this module: admin, app, delivery, intake, net, plugin, routing, rpc, "
             "settings.",
     .example = "debug"},
    {.path = "bridge.listen", .type = kAddress, .many = true, .reload = kReconnect,
     .help = "Where clients of the bridge's own protocol connect to: short for an endpoint `listen` "
             "with `protocol: zbp`.", .example = "tcp://*:5550", .commented = true},
    {.path = "bridge.http", .type = kAbsent, .help = kNeedsHttp},
    {.path = "bridge.plugin_path", .type = kText, .many = true,
     .help = "Folders in which plugins are looked for by name, after those of ZBRIDGE_PLUGIN_PATH "
             "and before the installation's.", .example = "[/opt/shop/plugins]", .commented = true},

    {.path = "plugins",
     .help = "Instances of plugins, by the names that steps, routes and endpoints call them.",
     .commented = true},
    {.path = "plugins.*", .help = "An instance: `zbridge plugin ls` lists the plugins."},
    {.path = "plugins.*.use", .type = kText,
     .help = "The plugin: its name, or the path of a shared object, from the folder of this file. "
             "Default: the instance's own name.", .example = "mask"},
    {.path = "plugins.*.config", .type = kOpaque,
     .help = "Its options: `zbridge plugin info NAME` shows them.", .example = "{ fields: [card] }"},
    {.path = "plugins.*.on_error", .type = kChoice, .fallback = "refuse", .choices = kOnError,
     .help = "What becomes of a message when a step cannot do its work: refused, passed on as it "
             "was, or kept as it was in the topic NAME-dead, which needs an engine."},
    {.path = "plugins.*.limits", .help = "What an instance may hold."},
    {.path = "plugins.*.limits.max_kept", .type = kSize, .fallback = "16MiB", .min = "0",
     .max = "1TiB", .help = "Bytes of messages that it has made or copied, at a time."},
    {.path = "plugins.*.limits.max_kept_messages", .type = kCount, .fallback = "1000", .min = "0",
     .max = "10000000", .help = "Such messages."},
    {.path = "plugins.*.limits.max_waiting", .type = kSize, .fallback = "16MiB", .min = "1KiB",
     .max = "1TiB", .help = "Bytes that wait for a sink, or a step with a thread of its own; then "
                            "sources are held."},
    {.path = "plugins.*.limits.max_waiting_messages", .type = kCount, .fallback = "10000",
     .min = "1", .max = "10000000", .help = "Messages that wait for it."},
    {.path = "plugins.*.limits.window", .type = kCount, .fallback = "1024", .min = "1",
     .max = "1000000",
     .help = "Messages of a source of which it is not known yet what becomes of them."},

    {.path = "endpoints",
     .help = "The addresses, each with one role that follows from its uses in services and "
             "routes."},
    {.path = "endpoints.*", .reload = kReconnect,
     .help = "An endpoint: its name is what routes and services refer to."},
    {.path = "endpoints.*.bind", .type = kAddress, .many = true, .reload = kReconnect,
     .help = "Where applications connect to: one address or a list.", .example = "tcp://*:5551"},
    {.path = "endpoints.*.connect", .type = kAddress, .many = true, .reload = kReconnect,
     .help = "Sockets which applications have bound, that the bridge connects to: one address "
             "or a list.", .example = "tcp://127.0.0.1:6000", .commented = true},
    {.path = "endpoints.*.socket", .type = kChoice, .choices = kSockets, .reload = kReconnect,
     .help = "With connect: the type of socket that the bridge is.", .example = "pull",
     .commented = true},
    {.path = "endpoints.*.accept", .type = kChoice, .choices = kSockets, .many = true,
     .reload = kReconnect,
     .help = "With bind: the socket types that may connect. Default: all that the endpoint's "
             "role can serve.", .example = "[push, req]", .commented = true},
    {.path = "endpoints.*.protocol", .type = kChoice, .fallback = "plain", .choices = kProtocols,
     .reload = kReconnect, .help = "What is spoken above ZMTP: an application's own frames, or the bridge's own protocol, "
             "by DEALERs, of topics and groups."},
    {.path = "endpoints.*.subscribe", .type = kChoice, .choices = kSubscribe, .reload = kReconnect,
     .help = "Of a source, to its publishers: everything, or what the targets' subscribers ask "
             "for. Default: demand, where nothing but subscribers is served.", .example = "demand",
     .commented = true},
    {.path = "endpoints.*.auth", .type = kName, .reload = kReconnect,
     .help = "The auth, of `plugins`, that says who may connect, and as which user.",
     .example = "staff", .commented = true},
    {.path = "endpoints.*.receipts", .type = kChoice, .fallback = "auto", .choices = kReceipts,
     .reload = kLive,
     .help = "Of a source: whether a message is answered; auto: when it has an envelope, as "
             "that of a REQ has."},
    {.path = "endpoints.*.transactions", .reload = kReconnect,
     .help = "Of a source for topics; each message begins with a frame that is PREPARE, PUBLISH, COMMIT "
             "or ROLLBACK, and each is answered. What is prepared is seen once it is committed.",
     .commented = true},
    {.path = "endpoints.*.transactions.check", .type = kReference, .required = true,
     .reload = kReconnect,
     .help = "The endpoint of REP or DEALER workers that are asked COMMIT, ROLLBACK or UNKNOWN of "
             "what nobody has resolved in time.", .example = "order-checks"},
    {.path = "endpoints.*.credit", .type = kCount, .fallback = "1", .min = "1", .max = "10000",
     .reload = kReconnect,
     .help = "Of workers: how many requests of a service a DEALER or ROUTER holds at once, how many "
             "messages of a group, or checks of transactions, a DEALER. A REP or REQ holds one.", .commented = true},
    {.path = "endpoints.*.puller", .type = kChoice, .choices = kPullers, .reload = kReconnect,
     .help = "Of consumers of a group: who pulls. verbs: a REQ and a DEALER ask by NEXT, ACK, RETRY, "
             "REJECT, EXTEND. ready: whatever a REQ says means done, next; a DEALER is a worker. "
             "Default: a REQ by verbs, and a DEALER is a worker, whose reply settles.",
     .example = "ready", .commented = true},
    {.path = "endpoints.*.heartbeat", .type = kDuration, .fallback = "off", .min = "100ms",
     .max = "1h", .off = true, .reload = kReconnect,
     .help = "How often a ZMTP 3.1 peer that is silent gets a PING."},
    {.path = "endpoints.*.keepalive", .type = kDuration, .fallback = "10s", .min = "1s",
     .max = "2h", .off = true, .reload = kReconnect,
     .help = "TCP_KEEPALIVE: idle time and interval; off: none."},
    {.path = "endpoints.*.user_timeout", .type = kDuration, .fallback = "30s", .min = "1s",
     .max = "2h", .off = true, .reload = kReconnect,
     .help = "How long the peer's machine may acknowledge nothing of what it is sent, until the peer is disconnected (a "
             "peer that reads nothing on a machine that answers is kept); off: the system decides."},
    {.path = "endpoints.*.intake_buffer", .type = kSize, .fallback = "256KiB", .min = "4KiB",
     .max = "1GiB", .reload = kReconnect,
     .help = "The kernel's receive buffer for a source's peer: what a killed bridge may lose."},
    {.path = "endpoints.*.send_buffer", .type = kSize, .fallback = "64KiB", .min = "4KiB",
     .max = "1GiB", .reload = kReconnect,
     .help = "The kernel's send buffer for a PULL or worker: what a killed one may lose."},
    {.path = "endpoints.*.line", .reload = kLive,
     .help = "Of a target: what waits for PULLs while none of them takes any.", .commented = true},
    {.path = "endpoints.*.line.max_messages", .type = kCount, .fallback = "100000", .min = "1",
     .max = "1000000000", .reload = kLive,
     .help = "Messages in the line; then the route's on_full."},
    {.path = "endpoints.*.line.max_bytes", .type = kSize, .fallback = "16MiB", .min = "1KiB",
     .max = "1TiB", .reload = kLive, .help = "Bytes in the line; then the route's on_full."},
    {.path = "endpoints.*.limits", .reload = kReconnect,
     .help = "What each peer of the endpoint may do."},
    {.path = "endpoints.*.limits.max_peers", .type = kCount, .fallback = "100000", .min = "1",
     .max = "10000000", .reload = kLive,
     .help = "Peers at once; further ones are refused: too_many_peers."},
    {.path = "endpoints.*.limits.max_frame", .type = kSize, .min = "1B", .max = "4GiB",
     .reload = kReconnect,
     .help = "The largest frame; a larger one ends its connection: too_large. Default: as "
             "max_message.", .example = "16MiB", .commented = true},
    {.path = "endpoints.*.limits.max_message", .type = kSize, .fallback = "16MiB", .min = "1B",
     .max = "4GiB", .reload = kReconnect,
     .help = "The largest message with its headers; a larger one ends its connection: too_large."},
    {.path = "endpoints.*.limits.max_frames", .type = kCount, .fallback = "64", .min = "1",
     .max = "100000", .reload = kReconnect,
     .help = "Frames of a message; more of them end its connection: too_many_frames."},
    {.path = "endpoints.*.limits.handshake_time", .type = kDuration, .fallback = "5s",
     .min = "100ms", .max = "10m", .reload = kLive,
     .help = "How long a handshake may take; a slower one is ended: handshake_timeout."},
    {.path = "endpoints.*.limits.max_waiting", .type = kSize, .fallback = "16MiB", .min = "1KiB",
     .max = "1TiB", .reload = kReconnect,
     .help = "Bytes that wait for one peer; beyond: outbox_full, and the route's on_full."},
    {.path = "endpoints.*.limits.max_waiting_messages", .type = kCount, .fallback = "100000",
     .min = "1", .max = "1000000000", .reload = kReconnect,
     .help = "Messages that wait for one peer; beyond: outbox_full, and the route's on_full."},
    {.path = "endpoints.*.limits.rate", .type = kText, .reload = kReconnect,
     .help = "Of a source: messages that each peer may send in a second; who sends more is not read "
             "for a while, so that its own queue fills. Default: any.", .example = "1000/s",
     .commented = true},
    {.path = "endpoints.*.limits.burst", .type = kCount, .min = "1", .max = "1000000000",
     .reload = kReconnect,
     .help = "Of these, those that may come at once after a pause. Default: those of a second.",
     .example = "100", .commented = true},
    {.path = "endpoints.*.limits.max_subscriptions", .type = kCount, .fallback = "100000",
     .min = "1", .max = "100000000", .reload = kReconnect,
     .help = "Subscriptions of one SUB; beyond: subscriptions_full."},
    {.path = "endpoints.*.limits.max_subscription_bytes", .type = kSize, .fallback = "8MiB",
     .min = "1B", .max = "1GiB", .reload = kReconnect,
     .help = "Bytes of one SUB's prefixes together; beyond: subscriptions_full."},

    {.path = "services",
     .help = "Requests and replies: clients on one endpoint, workers on another."},
    {.path = "services.*", .help = "A service: its name is what routes and commands refer to."},
    {.path = "services.*.clients", .type = kReference, .reload = kReconnect,
     .help = "The endpoint where requests come in. May be left out where there are clients of the "
             "bridge's own protocol (bridge.listen): they call it by its name.",
     .example = "accounts"},
    {.path = "services.*.workers", .type = kReference, .reload = kReconnect,
     .help = "The endpoint where workers are. May be left out likewise.",
     .example = "account-workers"},
    {.path = "services.*.execute", .type = kChoice, .fallback = "at_most_once", .choices = kExecute,
     .reload = kLive,
     .help = "at_most_once: what plain REQ and REP promise. at_least_once: a lost worker's "
             "request goes to another."},
    {.path = "services.*.timeout", .type = kDuration, .fallback = "5s", .min = "0", .max = "7d",
     .reload = kLive,
     .help = "From a request's acceptance to its reply: what a client waits for at most; 0: for "
             "ever."},
    {.path = "services.*.attempt_timeout", .type = kDuration, .min = "1ms", .max = "7d",
     .reload = kLive, .help = "One worker's time. Default: as timeout.", .example = "2s",
     .commented = true},
    {.path = "services.*.retry", .reload = kLive,
     .help = "With at_least_once: when a request goes to another worker.", .commented = true},
    {.path = "services.*.retry.on", .type = kChoice, .fallback = "worker_lost", .choices = kCauses,
     .many = true, .reload = kLive,
     .help = "The causes: its worker is lost, its attempt_timeout is over.",
     .example = "[worker_lost]"},
    {.path = "services.*.retry.times", .type = kCount, .fallback = "2", .min = "0", .max = "100",
     .reload = kLive, .help = "Deliveries after the first."},
    {.path = "services.*.line", .type = kCount, .fallback = "10000", .min = "0", .max = "100000000",
     .reload = kLive, .help = "Requests that wait for a worker; beyond: busy."},
    {.path = "services.*.on_error", .type = kTemplate, .fallback = "silent", .many = true,
     .reload = kLive,
     .help = "What a client gets instead of a reply: silent, a text (one frame) or a list of "
             "them (frames)."},
    {.path = "services.*.envelope", .type = kChoice, .fallback = "req", .choices = kEnvelopes,
     .reload = kLive,
     .help = "req: a request without an empty frame before its body is refused. raw: all its "
             "frames are body."},
    {.path = "services.*.dedup", .reload = kLive,
     .help = "A repeated request gets the stored reply, or joins the one that runs.",
     .commented = true},
    {.path = "services.*.dedup.key", .type = kExpression, .required = true, .reload = kLive,
     .help = "What names a request: $.path of its JSON body, $frame[i], $frame[i].path.",
     .example = "$.transfer_id"},
    {.path = "services.*.dedup.window", .type = kDuration, .fallback = "10m", .min = "1ms",
     .max = "7d", .reload = kLive, .help = "How long a reply is kept for repeats."},
    {.path = "services.*.dedup.max", .type = kCount, .fallback = "1000000", .min = "1",
     .max = "100000000", .reload = kLive, .help = "Replies that are kept; the oldest goes first."},
    {.path = "services.*.resume_grace", .type = kDuration, .fallback = "2s", .min = "0",
     .max = "10m", .reload = kLive,
     .help = "How long a lost worker may come back with its reply, before another gets the "
             "request."},
    {.path = "services.*.resume_window", .type = kDuration, .fallback = "30s", .min = "0",
     .max = "1h", .reload = kLive,
     .help = "How long a reply is kept for a client with an identity that is away."},
    {.path = "services.*.restart", .type = kChoice, .fallback = "lose", .choices = kRestarts,
     .reload = kRestart,
     .help = "What becomes of requests when the bridge is started again. resume: they are stored, "
             "executed and answered; it needs an engine under `plugins`."},
    {.path = "services.*.reply_durable", .type = kFlag, .fallback = "false", .reload = kRestart,
     .help = "With restart: resume: a reply leaves when it is stored, instead of at once."},

    {.path = "topics", .type = kOpaque, .help = "What the engine keeps."},
    {.path = "groups", .type = kOpaque, .help = "Who shares the messages of topics."},

    {.path = "routes", .help = "Where messages go, from a source to one target or more."},
    {.path = "routes[]", .reload = kLive, .help = "A route."},
    {.path = "routes[].name", .type = kName, .reload = kLive,
     .help = "Its name in status, counters and logs. Default: from->to.", .example = "orders"},
    {.path = "routes[].from", .type = kReference, .many = true, .required = true, .reload = kLive,
     .help = "Where messages come from: an endpoint, a source (plugin/NAME) or a list of them; or "
             "topic/NAME, which SUBs read; or group/NAME, whose consumers share them.",
     .example = "orders-in"},
    {.path = "routes[].start", .type = kText, .reload = kLive,
     .help = "From a topic: where a SUB begins with its first subscription. latest (the default), "
             "earliest, last (the newest message of each first frame), or a time.",
     .example = "earliest", .commented = true},
    {.path = "routes[].match", .reload = kLive,
     .help = "Which messages the route takes. Default: all.", .commented = true},
    {.path = "routes[].match.prefix", .type = kText, .reload = kLive,
     .help = "Those whose first frame begins with this.", .example = "\"order.\""},
    {.path = "routes[].match.filter", .type = kFilter, .reload = kLive,
     .help = "Those for which this is true: SQL92 over the properties of `set`, and its tag as "
             "TAGS.", .example = "\"region = 'EU' AND amount > 100\""},
    {.path = "routes[].decode", .short_for = "as", .reload = kLive,
     .help = "How a message is read, so that $.path can be taken from it; a message that cannot "
             "be: undecodable."},
    {.path = "routes[].decode.as", .type = kChoice, .choices = kCodecs, .required = true,
     .reload = kLive, .help = "The format.", .example = "json"},
    {.path = "routes[].decode.frame", .type = kCount, .min = "0", .max = "99999", .reload = kLive,
     .help = "The frame, from 0, behind an envelope. Default: the only one, else the last.",
     .example = "0"},
    {.path = "routes[].set", .reload = kLive,
     .help = "Attributes: $.path, $frame[i], $frame[i].path, $peer.user|identity|address, else "
             "a literal; $$ is a $."},
    {.path = "routes[].set.id", .type = kExpression, .reload = kLive,
     .help = "The producer's id of the message.", .example = "$.order_id"},
    {.path = "routes[].set.keys", .type = kExpression, .many = true, .reload = kLive,
     .help = "What the message is found by.", .example = "[$.order_id]"},
    {.path = "routes[].set.order_key", .type = kExpression, .reload = kLive,
     .help = "Messages of one order key stay in order.", .example = "$.customer"},
    {.path = "routes[].set.tag", .type = kExpression, .reload = kLive,
     .help = "Its kind, for filters.", .example = "$.kind"},
    {.path = "routes[].set.deliver_at", .type = kExpression, .reload = kLive,
     .help = "Not before: milliseconds since 1970, or an RFC 3339 text.", .example = "$.when",
     .commented = true},
    {.path = "routes[].set.delay", .type = kExpression, .reload = kLive,
     .help = "Not before this duration is over.", .example = "30s", .commented = true},
    {.path = "routes[].set.priority", .type = kExpression, .reload = kLive,
     .help = "0 to 9: of a topic, groups with `order: priority` give higher ones first. Without it: "
             "0.", .example = "$.priority", .commented = true},
    {.path = "routes[].set.properties", .reload = kLive, .help = "Named values, for filters."},
    {.path = "routes[].set.properties.*", .type = kExpression, .names = Names::kProperties, .reload = kLive,
     .help = "A property.", .example = "$.region"},
    {.path = "routes[].required", .type = kText, .many = true, .reload = kLive,
     .help = "Attributes and properties without which a message is refused: missing.",
     .example = "[id]"},
    {.path = "routes[].steps", .type = kOpaque, .reload = kLive,
     .help = "What looks at each message, in order: names of `plugins`, or plugins with their "
             "options.", .example = "[mask-cards, { filter: \"amount > 0\" }]", .commented = true},
    {.path = "routes[].to", .type = kReference, .many = true, .required = true, .reload = kLive,
     .help = "Where messages go: an endpoint, topic/NAME, service/NAME, a sink (plugin/NAME), or a "
             "list of them.", .example = "packers"},
    {.path = "routes[].guarantee", .type = kChoice, .choices = kExecute, .reload = kLive,
     .help = "What the route must be able to promise; more than its targets can carry is an error. "
             "With a topic among them it is at_least_once. From a group, at_least_once is for those "
             "who confirm: a PULL is refused. Default: each as it can, and a PULL at_most_once.",
     .example = "at_most_once"},
    {.path = "routes[].on_full", .type = kChoice, .choices = kOnFull, .reload = kLive,
     .help = "What happens when a target is full. Default: block where PULLs share, drop_newest "
             "for a SUB.", .example = "block"},
    {.path = "routes[].rejects", .type = kReference, .reload = kLive,
     .help = "To a topic: the topic for messages that are refused where nobody can be told, as a "
             "PUSH. Without it they are counted.", .example = "topic/orders-rejected",
     .commented = true},
    {.path = "routes[].settle", .reload = kLive,
     .help = "From a group: what a worker's reply makes of its message, by the beginning of the "
             "reply's first frame. The first that matches counts, in the order of the file; if none "
             "does, the message is retried. Default: every reply is the ack.", .commented = true},
    {.path = "routes[].settle.ok", .type = kText, .many = true, .reload = kLive,
     .help = "It is done.", .example = "\"prefix:OK\""},
    {.path = "routes[].settle.retry", .type = kText, .many = true, .reload = kLive,
     .help = "It is given again, after the group's backoff.", .example = "\"prefix:RETRY\""},
    {.path = "routes[].settle.reject", .type = kText, .many = true, .reload = kLive,
     .help = "It goes to the dead letters.", .example = "\"prefix:REJECT\""},
    {.path = "routes[].replies", .type = kReference, .reload = kLive,
     .help = "From a group: the topic for what workers reply; published with the ack, both or none. "
             "If the topic refuses it, the message is retried.", .example = "topic/packed",
     .commented = true},
};
// clang-format on

}  // namespace

bool is_engine_section(const Option& row) {
    return row.path == "topics" || row.path == "groups";
}

const Table& bridge_table() {
    static const Table table(kOptions);  // constant: built once, never changed
    return table;
}

}  // namespace zbridge::settings
