// Kafka by librdkafka: delivery reports are the receipts; what has been polled together is acknowledged by a commit of
// the offset behind it, which waits for its answer, as consumers do that commit what they have handled.
#include <librdkafka/rdkafka.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/stores/roles.h"

using namespace zbridge::bench;

namespace {

constexpr int kWaitMs = 20;
using Settings = std::initializer_list<std::pair<const char*, std::string>>;

struct Destroy {
    void operator()(rd_kafka_t* kafka) const { rd_kafka_destroy(kafka); }
    void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
    void operator()(rd_kafka_topic_partition_list_t* list) const {
        rd_kafka_topic_partition_list_destroy(list);
    }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

using OnReport = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

Owned<rd_kafka_t> opened(rd_kafka_type_t type, const Settings& settings, OnReport on_report,
                         void* self) {
    char error[512];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [key, value] : settings) {
        if (rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK)
            throw Failed(error);
    }
    rd_kafka_conf_set_opaque(conf, self);
    if (on_report != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    Owned<rd_kafka_t> kafka(rd_kafka_new(type, conf, error, sizeof(error)));
    if (!kafka) throw Failed(error);
    return kafka;
}

void must(rd_kafka_resp_err_t code) {
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw Failed(rd_kafka_err2str(code));
}

class Producer {
 public:
    explicit Producer(const StoreOptions& options)
        : kafka_(
              opened(RD_KAFKA_PRODUCER,
                     {{"bootstrap.servers", options.address}, {"acks", "all"}, {"linger.ms", "0"}},
                     on_report, this)),
          topic_(rd_kafka_topic_new(kafka_.get(), "stored", nullptr)) {}

    void send(void* body, size_t size) {
        if (rd_kafka_produce(topic_.get(), 0, RD_KAFKA_MSG_F_COPY, body, size, nullptr, 0,
                             nullptr) != 0)
            throw Failed(rd_kafka_err2str(rd_kafka_last_error()));
    }

    size_t receipts() {
        rd_kafka_poll(kafka_.get(), kWaitMs);
        if (refused_) throw Failed("a message was refused");
        return std::exchange(come_, 0);
    }

 private:
    static void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
        auto& producer = *static_cast<Producer*>(self);
        ++producer.come_;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) producer.refused_ = true;
    }

    size_t come_ = 0;
    bool refused_ = false;
    Owned<rd_kafka_t> kafka_;
    Owned<rd_kafka_topic_t> topic_;
};

class Consumer {
 public:
    explicit Consumer(const StoreOptions& options)
        : kafka_(opened(RD_KAFKA_CONSUMER,
                        {{"bootstrap.servers", options.address},
                         {"group.id", "consumers"},
                         {"auto.offset.reset", "earliest"},
                         {"enable.auto.commit", "false"}},
                        nullptr, nullptr)),
          given_(options.in_flight) {
        must(rd_kafka_poll_set_consumer(kafka_.get()));
        const Owned<rd_kafka_topic_partition_list_t> topics(rd_kafka_topic_partition_list_new(1));
        rd_kafka_topic_partition_list_add(topics.get(), "stored", RD_KAFKA_PARTITION_UA);
        must(rd_kafka_subscribe(kafka_.get(), topics.get()));
        queue_.reset(rd_kafka_queue_get_consumer(kafka_.get()));
    }
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;
    ~Consumer() { rd_kafka_consumer_close(kafka_.get()); }

    size_t take(Check& check) {
        const ssize_t count =
            rd_kafka_consume_batch_queue(queue_.get(), kWaitMs, given_.data(), given_.size());
        size_t good = 0;
        Owned<rd_kafka_message_t> last;
        for (ssize_t i = 0; i < count; ++i) {
            Owned<rd_kafka_message_t> message(given_[static_cast<size_t>(i)]);
            if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
                continue;  // told of on the way: no message
            check.on_message(message->payload, message->len);
            ++good;
            last = std::move(message);
        }
        if (last) must(rd_kafka_commit_message(kafka_.get(), last.get(), /*async=*/0));
        return good;
    }

 private:
    Owned<rd_kafka_t> kafka_;
    std::vector<rd_kafka_message_t*> given_;
    Owned<rd_kafka_queue_t> queue_;
};

}  // namespace

int main(int argc, char** argv) {
    return run_store<Producer, Consumer>(argc, argv);
}
