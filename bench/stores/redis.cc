// Redis Streams by hiredis, each role one connection with a pipeline: XADD; XREADGROUP, whose messages the XACK behind it
// acknowledges together. Redis keeps kReads reads in the pipeline, so that the next is there while one is looked at.
#include <hiredis/hiredis.h>

#include <memory>
#include <string_view>

#include "bench/stores/roles.h"

using namespace zbridge::bench;

namespace {

constexpr size_t kReads = 4;  // that share what may be in flight

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

class Connection {
 public:
    explicit Connection(const StoreOptions& options)
        : redis_(redisConnect(options.host().c_str(), options.port()), redisFree) {
        if (redis_ == nullptr || redis_->err != 0) throw Failed("no connection to Redis");
    }

    template <class... Parts>
    void append(const char* format, Parts... parts) {
        redisAppendCommand(redis_.get(), format, parts...);
    }
    void append(const std::vector<const char*>& words, const std::vector<size_t>& sizes) {
        redisAppendCommandArgv(redis_.get(), static_cast<int>(words.size()),
                               const_cast<const char**>(words.data()), sizes.data());
    }

    // The next reply; waits for it. Throws for an error, unless it begins with the one that is expected.
    Reply next(std::string_view expected = "?") {
        return checked(redisGetReply(redis_.get(), &reply_), expected);
    }
    // One that has been read already, or none.
    Reply next_at_hand() { return checked(redisGetReplyFromReader(redis_.get(), &reply_), "?"); }

 private:
    Reply checked(int code, std::string_view expected) {
        if (code != REDIS_OK) throw Failed(redis_->errstr);
        Reply reply(static_cast<redisReply*>(std::exchange(reply_, nullptr)));
        if (reply && reply->type == REDIS_REPLY_ERROR &&
            !std::string_view(reply->str).starts_with(expected))
            throw Failed(reply->str);
        return reply;
    }

    std::unique_ptr<redisContext, void (*)(redisContext*)> redis_;
    void* reply_ = nullptr;
};

class Producer {
 public:
    explicit Producer(const StoreOptions& options) : redis_(options) {}

    void send(const void* body, size_t size) {
        redis_.append({"XADD", "stored", "*", "b", static_cast<const char*>(body)},
                      {4, 6, 1, 1, size});
    }

    size_t receipts() {
        size_t come = 0;
        for (Reply reply = redis_.next(); reply; reply = redis_.next_at_hand())
            ++come;
        return come;
    }

 private:
    Connection redis_;
};

class Consumer {
 public:
    explicit Consumer(const StoreOptions& options)
        : redis_(options), count_(std::max<size_t>(1, options.in_flight / kReads)) {
        redis_.append("XGROUP CREATE stored consumers 0 MKSTREAM");
        redis_.next("BUSYGROUP");  // of a consumer before
        for (size_t i = 0; i < kReads; ++i)
            read();
    }

    // The reply of a read, or of the XACK before it.
    size_t take(Check& check) {
        const Reply reply = redis_.next();
        if (reply->type == REDIS_REPLY_INTEGER) return static_cast<size_t>(reply->integer);
        if (reply->type == REDIS_REPLY_ARRAY) acknowledge(*reply->element[0]->element[1], check);
        read();
        return 0;
    }

 private:
    void read() {
        redis_.append("XREADGROUP GROUP consumers one COUNT %d BLOCK 5 STREAMS stored >",
                      static_cast<int>(count_));
    }

    void acknowledge(const redisReply& messages, Check& check) {
        std::vector<const char*> words{"XACK", "stored", "consumers"};
        std::vector<size_t> sizes{4, 6, 9};
        for (size_t i = 0; i < messages.elements; ++i) {
            const redisReply& id = *messages.element[i]->element[0];
            const redisReply& body = *messages.element[i]->element[1]->element[1];
            check.on_message(body.str, body.len);
            words.push_back(id.str);
            sizes.push_back(id.len);
        }
        redis_.append(words, sizes);
    }

    Connection redis_;
    size_t count_;
};

}  // namespace

int main(int argc, char** argv) {
    return run_store<Producer, Consumer>(argc, argv);
}
