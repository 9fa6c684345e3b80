// The runner of the C++ client: plays the steps that cpp_client.py sends it, one after the other.
//
//    client_cpp_conformance        reads [action, client, keep, arguments] and writes what became of it;
//                                  each behind its length in four octets, as msgpack
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <zbridge/admin.hpp>
#include <zbridge/caller.hpp>
#include <zbridge/checks.hpp>
#include <zbridge/consumer.hpp>
#include <zbridge/finder.hpp>
#include <zbridge/producer.hpp>
#include <zbridge/reader.hpp>
#include <zbridge/worker.hpp>

#include "tests/conformance/cpp_steps.h"

using namespace zbridge::client;
using namespace zbridge::client::tests;

namespace {

constexpr milliseconds kPatience{90'000};

template <class Value>
Value waited(std::future<Value>& future) {
    if (future.wait_for(kPatience) != std::future_status::ready) throw Wrong("no answer");
    return future.get();
}
template <class Value>
Value waited(std::future<Value>&& future) {
    return waited(future);
}

struct Published {
    std::vector<std::future<Receipt>> futures;
    std::vector<MessageId> ids;
};

// A call that the worker's handler holds until the scenario says what its reply is.
struct Task {
    std::vector<std::string> frames;
    uint64_t attempt = 0;
    std::promise<Message> reply;
};

// Of a worker: what its handlers have been given.
class Tasks {
 public:
    Message hold(const Request& request) {
        auto task = std::make_shared<Task>();
        for (const std::string_view each : request.frames())
            task->frames.emplace_back(each);
        task->attempt = request.attempt();
        auto reply = task->reply.get_future();
        {
            const std::lock_guard lock(mutex_);
            given_.push_back(task);
        }
        changed_.notify_all();
        return waited(reply);
    }
    std::shared_ptr<Task> next() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, kPatience, [this] { return !given_.empty(); }))
            throw Wrong("no call came");
        auto found = given_.front();
        given_.pop_front();
        return found;
    }

    std::shared_ptr<Worker> worker;

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<Task>> given_;
};

class Steps {
 public:
    using Step = std::function<void(Client&, Arguments&, Result&)>;

    Steps();

    std::string play(const core::Value& said) {
        const core::List step = core::list_of(said, 4);
        const std::string action(core::text_of(step[0])), name(core::text_of(step[1]));
        keep_ = std::string(core::text_of(step[2]));
        Arguments arguments(step[3]);
        Result result;
        try {
            if (action == "actions")
                list(result);
            else if (action == "connect")
                connect(name, arguments, result);
            else
                steps_.at(action)(*clients_.at(name), arguments, result);
            if (action == "close") clients_.erase(name);
            arguments.check_all_asked();
        } catch (const Error& error) {
            return Result().text("refused", error.code()).packed();
        } catch (const std::exception& wrong) {
            return Result().text("wrong", wrong.what()).packed();
        }
        return result.packed();
    }

 private:
    void list(Result& result) {
        std::vector<std::string> actions{"connect"};
        for (const auto& each : steps_)
            actions.push_back(each.first);
        result.texts("actions", actions);
    }
    void connect(const std::string& name, Arguments& arguments, Result& result) {
        Options options;
        options.name = arguments.text("name");
        options.backoff_max = milliseconds(200);
        if (const auto heartbeat = arguments.duration("heartbeat")) options.heartbeat = *heartbeat;
        auto& made = clients_[name];
        made = std::make_unique<Client>(arguments.text("address"), options);
        made->wait_open(kPatience);
        result.flag("open", true);
    }

    void add_publishing();
    void add_consuming();
    void add_settling();
    void add_reading();
    void add_services();
    void add_asking();

    template <class Thing>
    void keep(Thing thing) {
        if (!keep_.empty()) kept_[keep_] = std::make_shared<Thing>(std::move(thing));
    }
    template <class Thing>
    Thing* kept(Arguments& arguments) {
        const auto* found = std::any_cast<std::shared_ptr<Thing>>(&kept_.at(arguments.text("of")));
        return found == nullptr ? nullptr : found->get();
    }
    template <class Thing>
    Thing& needed(Arguments& arguments) {
        auto* found = kept<Thing>(arguments);
        if (found == nullptr) throw Wrong("what was kept is another thing");
        return *found;
    }

    static Published publish(const Client& client, Arguments& arguments) {
        ProducerOptions options;
        options.once = arguments.flag("once");
        const Producer producer(client, arguments.text("topic"), options);
        Published made;
        for (const Message& each : arguments.messages("messages"))
            made.futures.push_back(producer.publish_async(each));
        return made;
    }
    static void finish(Published& published, Result& result) {
        std::vector<std::string> outcomes;
        for (auto& each : published.futures) {
            try {
                const Receipt receipt = waited(each);
                published.ids.push_back(receipt.id);
                outcomes.push_back(receipt.duplicate ? "duplicate" : "stored");
            } catch (const Refused& refused) {
                outcomes.push_back(refused.code());
            }
        }
        result.texts("outcomes", outcomes);
    }
    static void tell(const std::vector<Delivery>& deliveries, Result& result) {
        result.messages(deliveries);
        auto& attempts = result["attempts"];
        attempts.pack_array(static_cast<uint32_t>(deliveries.size()));
        for (const Delivery& each : deliveries)
            attempts.pack_uint64(each.attempt());
    }
    static ConsumerOptions consumer_options(Arguments& arguments) {
        ConsumerOptions options;
        options.lease = arguments.duration("lease");
        options.attributes = arguments.flag("attributes");
        return options;
    }
    std::vector<Delivery> picked(Arguments& arguments) {
        const auto& all = needed<std::vector<Delivery>>(arguments);
        if (!arguments.has("pick")) return all;
        std::vector<Delivery> found;
        for (const core::Value& each : core::list_of(arguments.value("pick")))
            found.push_back(all.at(core::number_of(each)));
        return found;
    }

    std::map<std::string, Step> steps_;
    std::map<std::string, std::unique_ptr<Client>> clients_;
    std::map<std::string, std::any> kept_;  // shared pointers
    std::string keep_;
};

Steps::Steps() {
    steps_["close"] = [](Client& client, Arguments&, Result&) { client.close(kPatience); };
    steps_["cut"] = [](Client& client, Arguments&, Result&) { client.wait_open(kPatience); };
    steps_["lose"] = [](Client&, Arguments&, Result&) {};
    add_publishing();
    add_consuming();
    add_settling();
    add_reading();
    add_services();
    add_asking();
}

void Steps::add_publishing() {
    steps_["begin_publish"] = [this](Client& client, Arguments& arguments, Result&) {
        keep(publish(client, arguments));
    };
    steps_["finish"] = [this](Client&, Arguments& arguments, Result& result) {
        finish(needed<Published>(arguments), result);
    };
    steps_["publish"] = [this](Client& client, Arguments& arguments, Result& result) {
        Published made = publish(client, arguments);
        finish(made, result);
        keep(std::move(made));
    };
    steps_["prepare"] = [this](Client& client, Arguments& arguments, Result& result) {
        const TransactionProducer producer(client, arguments.text("topic"), kPatience);
        keep(producer.prepare(arguments.message("message")));
        result.text("outcome", "prepared");
    };
    const auto resolve = [this](bool commits) {
        return [this, commits](Client& client, Arguments& arguments, Result&) {
            const auto* check = kept<Check>(arguments);
            const auto token =
                (check == nullptr ? needed<Transaction>(arguments) : check->transaction()).token();
            const Transaction transaction(client, token);
            waited(commits ? transaction.commit_async() : transaction.rollback_async());
        };
    };
    steps_["commit"] = resolve(true);
    steps_["rollback"] = resolve(false);
    steps_["checks"] = [this](Client& client, Arguments& arguments, Result&) {
        ChecksOptions options;
        options.credit = static_cast<uint32_t>(arguments.number("credit", options.credit));
        options.attributes = arguments.flag("attributes");
        keep(std::make_shared<Checks>(client, arguments.text("topic"), options));
    };
    steps_["check"] = [this](Client&, Arguments& arguments, Result& result) {
        const auto check = needed<std::shared_ptr<Checks>>(arguments)->receive(kPatience);
        if (!check) throw Wrong("nothing was asked");
        result.message("message", check->frames());
        result.attributes("attributes", check->attributes());
        result.flag("first", check->number() == 1);
        keep(*check);
    };
    steps_["unknown"] = [this](Client&, Arguments& arguments, Result&) {
        needed<Check>(arguments).unknown();
    };
}

void Steps::add_consuming() {
    steps_["receive"] = [this](Client& client, Arguments& arguments, Result& result) {
        const PullConsumer consumer(client, arguments.text("group"), consumer_options(arguments));
        const uint64_t count = arguments.number("count");
        std::vector<Delivery> taken;
        do {
            const auto came = consumer.receive(std::max<size_t>(count - taken.size(), 1),
                                               count == 0 ? milliseconds(0) : kPatience);
            taken.insert(taken.end(), came.begin(), came.end());
        } while (taken.size() < count);
        tell(taken, result);
        keep(std::move(taken));
    };
    steps_["subscribe"] = [this](Client& client, Arguments& arguments, Result&) {
        ConsumerOptions options = consumer_options(arguments);
        options.credit = static_cast<uint32_t>(arguments.number("credit", options.credit));
        keep(std::make_shared<Consumer>(client, arguments.text("group"), options));
    };
    steps_["credit"] = [this](Client&, Arguments& arguments, Result&) {
        needed<std::shared_ptr<Consumer>>(arguments)->set_credit(
            static_cast<uint32_t>(arguments.number("credit")));
    };
    steps_["unsubscribe"] = [this](Client&, Arguments& arguments, Result&) {
        if (auto* tasks = kept<std::shared_ptr<Tasks>>(arguments)) return (*tasks)->worker->close();
        if (auto* reader = kept<std::shared_ptr<Reader>>(arguments)) return (*reader)->close();
        if (auto* checks = kept<std::shared_ptr<Checks>>(arguments)) return (*checks)->close();
        needed<std::shared_ptr<Consumer>>(arguments)->close();
    };
}

void Steps::add_settling() {
    steps_["settle"] = [this](Client&, Arguments& arguments, Result&) {
        const std::string name = arguments.text("verdict");
        size_t verdict = 0;
        while (core::kVerdictNames[verdict] != name)
            verdict++;
        std::optional<std::string> reason;
        if (arguments.has("reason")) reason = arguments.text("reason");
        waited(settle(picked(arguments), static_cast<Verdict>(verdict), arguments.duration("delay"),
                      reason));
    };
    steps_["extend"] = [this](Client&, Arguments& arguments, Result&) {
        const auto lease = arguments.duration("lease");
        for (const Delivery& each : picked(arguments))
            waited(each.extend_async(lease));
    };
}

void Steps::add_reading() {
    steps_["read"] = [this](Client& client, Arguments& arguments, Result&) {
        ReaderOptions options;
        options.credit = static_cast<uint32_t>(arguments.number("credit", options.credit));
        options.attributes = arguments.flag("attributes");
        if (arguments.text("start") == "earliest") options.start = Start::earliest();
        if (arguments.has("offset")) options.start = Start::at(arguments.number("offset"));
        keep(std::make_shared<Reader>(client, arguments.text("topic"), options));
    };
    steps_["take"] = [this](Client&, Arguments& arguments, Result& result) {
        const uint64_t count = arguments.number("count");
        if (auto* reader = kept<std::shared_ptr<Reader>>(arguments)) {
            std::vector<Record> taken;
            std::vector<uint64_t> offsets;
            while (taken.size() < count) {
                auto record = (*reader)->read(kPatience);
                if (!record) throw Wrong("nothing came");
                offsets.push_back(record->offset());
                taken.push_back(std::move(*record));
            }
            result.messages(taken);
            result["offsets"].pack(offsets);
            return;
        }
        std::vector<Delivery> taken;
        while (taken.size() < count) {
            auto delivery = needed<std::shared_ptr<Consumer>>(arguments)->receive(kPatience);
            if (!delivery) throw Wrong("nothing came");
            taken.push_back(std::move(*delivery));
        }
        tell(taken, result);
        keep(std::move(taken));
    };
}

void Steps::add_services() {
    const auto begin = [](Client& client, Arguments& arguments) {
        CallerOptions options;
        options.timeout = arguments.duration("timeout");
        return Caller(client, arguments.text("service"), options)
            .call_async(arguments.message("message"));
    };
    steps_["begin_call"] = [this, begin](Client& client, Arguments& arguments, Result&) {
        keep(begin(client, arguments));
    };
    steps_["answer"] = [this](Client&, Arguments& arguments, Result& result) {
        result.message("reply", waited(needed<std::future<Reply>>(arguments)).frames());
    };
    steps_["call"] = [begin](Client& client, Arguments& arguments, Result& result) {
        result.message("reply", waited(begin(client, arguments)).frames());
    };
    steps_["work"] = [this](Client& client, Arguments& arguments, Result&) {
        WorkerOptions options;
        options.credit = static_cast<uint32_t>(arguments.number("credit", 1));
        options.threads = options.credit;
        const auto tasks = std::make_shared<Tasks>();
        tasks->worker = std::make_shared<Worker>(
            client, arguments.text("service"),
            [at = tasks.get()](const Request& request) { return at->hold(request); }, options);
        keep(tasks);
    };
    steps_["task"] = [this](Client&, Arguments& arguments, Result& result) {
        auto task = needed<std::shared_ptr<Tasks>>(arguments)->next();
        result.message("message", task->frames).number("attempt", task->attempt);
        keep(std::move(task));
    };
    steps_["reply"] = [this](Client&, Arguments& arguments, Result&) {
        auto& reply = needed<std::shared_ptr<Task>>(arguments)->reply;
        if (arguments.has("error"))
            reply.set_exception(
                std::make_exception_ptr(std::runtime_error(arguments.text("error"))));
        else
            reply.set_value(arguments.message("message"));
    };
}

void Steps::add_asking() {
    steps_["query"] = [this](Client& client, Arguments& arguments, Result& result) {
        std::optional<Query> which;
        if (arguments.has("key")) which = Query::by_key(arguments.text("key"));
        if (arguments.has("id")) which = Query::by_id(arguments.text("id"));
        if (arguments.has("of")) which = Query::by_id(needed<Published>(arguments).ids.at(0));
        if (arguments.has("since"))
            which = Query::by_time(WallClock::time_point(
                milliseconds(static_cast<int64_t>(arguments.number("since")))));
        if (!which) throw Wrong("a query by nothing");
        if (arguments.has("max"))
            which = which->max(static_cast<uint32_t>(arguments.number("max")));
        result.messages(waited(Finder(client).query(arguments.text("topic"), *which)));
    };
    steps_["recall"] = [this](Client& client, Arguments& arguments, Result&) {
        waited(Finder(client).recall(needed<Published>(arguments).ids.at(0)));
    };
    steps_["reset"] = [](Client& client, Arguments& arguments, Result&) {
        const Finder finder(client);
        const std::string group = arguments.text("group"), to = arguments.text("to");
        if (arguments.has("offset"))
            waited(finder.reset(group, arguments.number("offset")));
        else
            waited(to == "earliest" ? finder.reset_to_earliest(group)
                                    : finder.reset_to_latest(group));
    };
    steps_["admin"] = [](Client& client, Arguments& arguments, Result& result) {
        std::map<std::string, Property> args;
        if (arguments.has("args")) {
            const auto& map = arguments.value("args").via.map;
            for (size_t at = 0; at < map.size; at++)
                args.emplace(core::text_of(map.ptr[at].key), core::property_of(map.ptr[at].val));
        }
        const Report report = waited(Admin(client).ask(arguments.text("call"), args));
        result["report"].pack(report.object());
    };
}

bool read_octets(std::string& to, size_t size) {
    to.resize(size);
    return static_cast<bool>(std::cin.read(to.data(), static_cast<std::streamsize>(size)));
}

}  // namespace

int main() {
    Steps steps;
    std::string size, said;
    while (read_octets(size, 4) && read_octets(said, core::read_big_endian(size))) {
        const auto handle = core::unpack_header(said);
        const std::string result = steps.play(handle.get());
        for (int shift = 24; shift >= 0; shift -= 8)
            std::cout.put(static_cast<char>(result.size() >> shift & 0xff));
        std::cout << result << std::flush;
    }
}
