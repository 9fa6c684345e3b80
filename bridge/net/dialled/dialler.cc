#include "bridge/net/dialled/dialler.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include <zmq.hpp>

#include "bridge/net/dialled/line.h"
#include "bridge/net/options.h"

namespace zbridge::net {

namespace {

constexpr int kSocketsPerLink = 3;  // the link's own, its monitor's two ends
constexpr long kShortWaitMs = 100;

}  // namespace

class Dialler::Loop {
 public:
    explicit Loop(Dialler& dialler)
        : dialler_(dialler), wakeup_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        // libzmq's own limit of 1023 is three times too small.
        context_.set(zmq::ctxopt::max_sockets,
                     kSocketsPerLink * static_cast<int>(kDialledAddressesMax) + 1);
    }
    ~Loop() { ::close(wakeup_); }

    Status connect() {
        for (const auto& link : dialler_.links_) {
            try {
                lines_.push_back(make_line(*link));
            } catch (const zmq::error_t& error) {
                return {Code::kInvalid, "connecting " + link->address() + ": " + error.what()};
            }
        }
        return {};
    }

    void nudge() {
        const uint64_t one = 1;
        (void)!::write(wakeup_, &one, sizeof(one));  // full means: it will wake anyway
    }

    void stop() {
        stopping_ = true;
        nudge();
    }

    // REQUIRES: the thread has ended.
    void linger(Duration time) {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
        for (const auto& line : lines_) {
            if (line) line->linger(static_cast<int>(ms));
        }
    }

    void run() {
        while (!stopping_) {
            wait();
            bool news = false;
            for (size_t i = 0; i < lines_.size(); i++) {
                if (!renewed(i, news)) continue;
                news |= turn(i);
            }
            if (news) {
                dialler_.news_.store(true, std::memory_order_release);
                dialler_.wake_();
            }
        }
    }

 private:
    std::unique_ptr<Line> make_line(Link& link) {
        return std::make_unique<Line>(link, context_, monitors_++, dialler_.clock_);
    }

    // An error of libzmq's that is not foreseen ends this line alone, which is made anew.
    bool turn(size_t at) {
        Link& link = *dialler_.links_[at];
        try {
            const bool news = lines_[at]->turn();
            if (lines_[at]->spent()) lines_[at].reset();
            return news;
        } catch (const zmq::error_t& error) {
            link.set_trouble(error.what());
        }
        if (lines_[at]->open()) link.put({Link::Incoming::Kind::kClosed, {}});
        lines_[at].reset();
        return true;
    }

    // Makes a link's socket anew if that was asked for. False: there is none for now.
    bool renewed(size_t at, bool& news) {
        Link& link = *dialler_.links_[at];
        if (link.take_renewal() && lines_[at] != nullptr) {
            if (lines_[at]->open()) link.put({Link::Incoming::Kind::kClosed, {}});
            lines_[at].reset();
            news = true;
        }
        if (lines_[at] != nullptr) return true;
        try {
            lines_[at] = make_line(link);
        } catch (const zmq::error_t& error) {
            link.set_trouble(error.what());
            if (link.stops_reading() && !link.read_out()) {
                link.set_read_out();
                news = true;
            }
            return false;  // out of descriptors and the like: the next round tries again
        }
        return true;
    }

    void wait() {
        std::vector<zmq_pollitem_t> items;
        items.push_back({nullptr, wakeup_, ZMQ_POLLIN, 0});
        bool short_wait = false;
        for (const auto& line : lines_)
            short_wait |= line == nullptr || line->add_to(items);
        (void)zmq_poll(items.data(), static_cast<int>(items.size()),
                       short_wait ? kShortWaitMs : -1);
        uint64_t count = 0;
        (void)!::read(wakeup_, &count, sizeof(count));
    }

    Dialler& dialler_;
    int wakeup_;
    zmq::context_t context_{1};  // one thread: what it says of a connection comes in order
    std::vector<std::unique_ptr<Line>> lines_;  // of each link; null: it is to be made anew
    uint64_t monitors_ = 0;                     // that were named
    std::atomic<bool> stopping_ = false;
};

Dialler::Dialler(std::function<void()> wake, const Clock& clock)
    : wake_(std::move(wake)), clock_(clock) {}

Dialler::~Dialler() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
    loop_->linger(linger_);
}

Status Dialler::start() {
    loop_ = std::make_unique<Loop>(*this);
    if (Status status = loop_->connect(); !status.ok()) return status;
    thread_ = std::thread([this] { loop_->run(); });
    return {};
}

void Dialler::nudge() {
    if (loop_) loop_->nudge();
}

}  // namespace zbridge::net
