// The source `file-source`: follows a file, and delivers its lines or records. README.md tells its
// options.
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/disk.h"
#include "plugins/file-source/cutter.h"
#include "plugins/file-source/followed.h"
#include "plugins/file-source/position.h"
#include "plugins/file-source/window.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge {
namespace {

using namespace file_source;
using std::chrono::nanoseconds;

class FileSource final : public Source {
 public:
    static constexpr Option options[] = {
        Option("path", ZB_OPTION_TEXT, "The file that is followed; it need not be there yet.")
            .required()
            .short_form()
            .such_as("/var/log/shop/orders.log"),
        Option("format", ZB_OPTION_CHOICE,
               "lines: a line is a message; records: what file-sink writes as records.")
            .by_default("lines")
            .one_of("lines|records"),
        Option("position", ZB_OPTION_TEXT,
               "The file that keeps up to where all is accepted; else PATH.position.")
            .such_as("/var/lib/shop/orders.position"),
        Option("from", ZB_OPTION_CHOICE,
               "Where it begins when there is no position yet; end: what comes from now on.")
            .by_default("beginning")
            .one_of("beginning|end"),
        Option("poll", ZB_OPTION_DURATION, "How often it looks for more.")
            .by_default("200ms")
            .at_least("1ms")
            .at_most("60s"),
        Option("position_interval", ZB_OPTION_DURATION,
               "How often the position is saved; a kill repeats what was accepted since.")
            .by_default("1s")
            .at_most("60s"),
        Option("line_max", ZB_OPTION_SIZE, "A longer line is skipped, counted and logged.")
            .by_default("1MiB")
            .at_least("1B")
            .at_most("64MiB"),
        Option("on_refused", ZB_OPTION_CHOICE,
               "After a refused message: go on behind it, or deliver nothing more until the next"
               " start.")
            .by_default("skip")
            .one_of("skip|stop"),
    };

    explicit FileSource(Context& context) : Source(context), cutter_(cutter_options(context)) {
        const Options given = context.options();
        path_ = checked_path(given, "path");
        position_path_ =
            given.has("position") ? checked_path(given, "position") : path_ + ".position";
        if (position_path_ == path_)
            given.refuse("position", "the position is kept in a file of its own");
        from_end_ = given.text("from") == "end";
        poll_ = given.duration("poll");
        save_every_ = given.duration("position_interval");
        stops_ = given.text("on_refused") == "stop";
        delivered_ = context.counter("delivered", "messages that were read");
        refused_ = context.counter("refused", "messages that nobody will have");
        too_long_ = context.counter("too_long", "lines above line_max");
        damaged_ = context.counter("damaged", "files whose end was no whole message");
        behind_ = context.gauge("behind_bytes", "of the open file, not read yet");
    }

    void start() override {
        auto loaded = load_position(disk_, position_path_);
        if (!loaded.ok()) throw Error(loaded.error().message());
        if (*loaded)
            resume(**loaded);
        else
            begin();
    }

    void read(nanoseconds deadline) override {
        if (context().now() >= save_at_) save();
        if (stopped_) return wait(deadline);
        if (read_some()) return;
        wait(full_ ? std::min(deadline, context().now() + kFullPause) : deadline);
        (void)read_some();
    }

    void on_outcomes(const zb_outcome* outcomes, uint32_t count) override {
        for (uint32_t i = 0; i < count; i++) {
            if (outcomes[i].result != ZB_ACCEPTED && !may_pass(from_c(outcomes[i].reason)))
                continue;
            window_.settle(outcomes[i].cookie);
        }
    }

    void stop() override {
        save();
        file_ = nullptr;
    }

 private:
    static constexpr size_t kReadBytes = 256 << 10;
    static constexpr size_t kMessagesAReadMax = 1000;  // then outcomes have their turn
    static constexpr std::chrono::milliseconds kFullPause{1};

    static Cutter::Options cutter_options(const Context& context) {
        return {context.options().text("format") == "records",
                static_cast<size_t>(context.options().integer("line_max"))};
    }
    static std::string checked_path(const Options& given, const char* key) {
        std::string path(given.text(key));
        if (path.empty() || path.find('\0') != path.npos)
            given.refuse(key, "a file's path is expected");
        return path;
    }

    // ---- where to begin ----

    void begin() {
        auto opened = OpenFile::open(path_);
        if (!opened.ok() && opened.error().code() != Code::kNotFound)
            throw Error(opened.error().message());
        // A file that comes later is new, all of it.
        if (opened.ok()) follow(std::move(*opened), 0);
        if (file_ != nullptr && from_end_) {
            const auto size = file_->size();
            if (!size.ok()) throw Error(size.error().message());
            skip_to_ = *size;
        }
        window_ = Window(here());
        if (skip_to_ == 0) save_or_throw();
    }

    void resume(const Position& position) {
        window_ = Window(position);
        saved_ = position;
        if (position.file == FileId()) return;  // there was no file: the next one is read whole
        auto found = file_source::find(path_, position.file);
        if (!found.ok()) throw Error(found.error().message());
        if (*found == nullptr) {
            context().warn("the file of " + position_path_ + " is gone: reading the oldest of " +
                           path_ + " that is there from its beginning");
            gone_ = position.file;
            return;
        }
        follow(std::move(*found), position.offset);
    }

    void follow(std::unique_ptr<OpenFile> file, uint64_t offset) {
        file_ = std::move(file);
        rewind(offset);
        cutter_.reset();
        rotated_at_.reset();
    }

    // ---- reading ----

    // False: there was nothing to do.
    bool read_some() {
        full_ = false;
        if (file_ == nullptr && !open_next()) return false;
        size_t budget = kMessagesAReadMax;
        bool any = false;
        for (;;) {
            any |= cut_messages(budget);
            if (full_ || budget == 0 || stopped_) return any;
            if (read_more()) continue;
            return at_end() || any;
        }
    }

    // Delivers what is whole in the buffer.
    bool cut_messages(size_t& budget) {
        bool any = false;
        while (budget > 0) {
            const std::string_view rest = std::string_view(buffer_).substr(cut_);
            const Cutter::Cut cut = cutter_.cut(rest);
            if (cut.kind == Cutter::Kind::kPartial) break;
            if (cut.kind == Cutter::Kind::kDamaged) fail_damaged();
            const Position end{file_->id(), offset() + cut.size};
            if (cut.kind == Cutter::Kind::kMessage && !take_message(end)) break;
            if (cut.kind == Cutter::Kind::kTooLong) take_long_piece(end, cut.ends_line);
            cut_ += cut.size;
            budget--;
            any = true;
        }
        return any;
    }

    // False: not now.
    bool take_message(const Position& end) {
        if (end.offset <= skip_to_) {
            window_.skip(end);
            return true;
        }
        skip_to_ = 0;
        if (window_.full()) full_ = true;
        if (full_ || stopped_) return false;
        if (!message_) message_ = make();
        if (!message_) {
            full_ = true;
            return false;
        }
        try {
            (*message_).set_frames(cutter_.frames());
            if (!deliver(message_, window_.next_cookie())) {
                full_ = true;
                return false;
            }
        } catch (const Error& error) {  // larger than the bridge takes
            if (!may_pass(error.what())) return false;
            window_.skip(end);
            return true;
        }
        window_.add(end);
        delivered_.add();
        if (is_damaged_) context().healthy();  // somebody has mended it
        is_damaged_ = false;
        return true;
    }

    void take_long_piece(const Position& end, bool ends_line) {
        if (!ends_line) return;  // a position within it would make its rest a line
        window_.skip(end);
        too_long_.add();
        context().warn("skipped a line that is longer than `line_max`, which ends at byte " +
                       std::to_string(end.offset) + " of " + path_);
    }

    // False: the file has no more.
    bool read_more() {
        buffer_at_ += cut_;
        buffer_.erase(0, cut_);
        cut_ = 0;
        const size_t before = buffer_.size();
        const Status read = file_->read(buffer_at_ + before, kReadBytes, buffer_);
        if (!read.ok()) throw Error(read.message(), true);
        return buffer_.size() > before;
    }

    // Nothing is read now. True: there is another place to read from.
    bool at_end() {
        // A torn end may be cut off and written anew: its bytes are read again when there are more.
        const uint64_t seen = buffer_at_ + buffer_.size();
        const bool torn = seen > offset();
        rewind(offset());
        skip_to_ = 0;
        const auto size = file_->size();
        if (!size.ok()) throw Error(size.error().message(), true);
        behind_.set(static_cast<int64_t>(*size - std::min(*size, offset())));
        if (*size < offset()) {
            context().warn(path_ + " was made shorter: reading it from its beginning");
            cutter_.reset();
            rewind(0);
            window_.skip(here());
            return true;
        }
        if (*size > seen) return true;
        if (is_named(path_, file_->id())) {
            rotated_at_.reset();
            return false;
        }
        // Whoever writes may still have it open: until nothing has come for a while.
        if (!rotated_at_ || seen != rotated_seen_) rotated_at_ = context().now();
        rotated_seen_ = seen;
        if (context().now() < *rotated_at_ + poll_) return false;
        return leave(torn);
    }

    // The file has another name, and is read to its end.
    bool leave(bool torn) {
        auto after = file_source::next(path_, file_->id());
        if (!after.ok()) throw Error(after.error().message(), true);
        if (*after == nullptr) return false;
        if (torn) {
            damaged_.add();
            context().warn(path_ + " was rotated; its last message is not whole and is skipped");
        }
        context().info(path_ + " was rotated: reading the next file");
        skip_to_ = 0;
        follow(std::move(*after), 0);
        window_.skip(here());
        return true;
    }

    // There is no file yet.
    bool open_next() {
        auto opened = gone_ ? file_source::next(path_, *gone_) : OpenFile::open(path_);
        if (!opened.ok()) {
            if (opened.error().code() == Code::kNotFound) return false;
            throw Error(opened.error().message(), true);
        }
        if (*opened == nullptr) return false;
        gone_.reset();
        follow(std::move(*opened), 0);
        window_.skip(here());
        return true;
    }

    [[noreturn]] void fail_damaged() {
        const std::string why = "no record begins at byte " + std::to_string(offset()) + " of " +
                                path_ + ", or it is damaged";
        rewind(offset());
        context().degraded(why);
        is_damaged_ = true;
        throw Error(why, true);
    }

    // ---- the position ----

    uint64_t offset() const { return buffer_at_ + cut_; }
    Position here() const {
        return file_ == nullptr ? Position() : Position{file_->id(), offset()};
    }
    void rewind(uint64_t to) {
        buffer_.clear();
        cut_ = 0;
        buffer_at_ = to;
    }

    // Whether to go on behind a message that nobody will have.
    bool may_pass(std::string_view why) {
        refused_.add();
        if (!stops_) {
            context().warn("skipped a message that was refused: " + std::string(why));
            return true;
        }
        if (!stopped_) {
            stopped_ = true;
            context().degraded("stopped at a message that was refused: " + std::string(why));
        }
        return false;
    }

    void save() {
        save_at_ = context().now() + save_every_;
        if (window_.position() == saved_ || skip_to_ > 0) return;
        const Status status = save_position(disk_, position_path_, window_.position());
        if (status.ok()) {
            saved_ = window_.position();
            if (save_failed_ && !stopped_) context().healthy();
            save_failed_ = false;
            return;
        }
        save_failed_ = true;
        context().degraded(status.message());
    }
    void save_or_throw() {
        const Status status = save_position(disk_, position_path_, window_.position());
        if (!status.ok()) throw Error(status.message());
        saved_ = window_.position();
    }

    void wait(nanoseconds deadline) const {
        const nanoseconds now = context().now();
        if (deadline <= now) return;
        const auto time = std::min(deadline - now, poll_);
        (void)::poll(nullptr, 0,
                     static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(time).count()));
    }

    std::string path_, position_path_;
    bool from_end_ = false, stops_ = false;
    nanoseconds poll_{0}, save_every_{0};
    Metric delivered_, refused_, too_long_, damaged_, behind_;

    PosixDisk disk_;
    std::unique_ptr<OpenFile> file_;  // null: there is none yet
    std::optional<FileId> gone_;      // it is the one after this
    std::string buffer_;              // of file_, from buffer_at_ on
    size_t cut_ = 0;                  // of it, done with
    uint64_t buffer_at_ = 0;
    uint64_t skip_to_ = 0;  // with `from: end`: what ends there or before is not delivered
    std::optional<nanoseconds> rotated_at_;  // since when file_ has another name, and
    uint64_t rotated_seen_ = 0;              // so many bytes

    Cutter cutter_;
    Window window_;
    OwnMessage message_;  // one for all: what is delivered is copied
    bool full_ = false;   // the bridge takes no more in this read
    bool stopped_ = false;
    bool is_damaged_ = false, save_failed_ = false;  // and said so
    Position saved_;
    nanoseconds save_at_{0};
};

}  // namespace

ZBRIDGE_PLUGIN(FileSource, "file-source", ZBRIDGE_VERSION,
               "Follows a file and brings in its lines or records, each until it is accepted.")
}  // namespace zbridge
