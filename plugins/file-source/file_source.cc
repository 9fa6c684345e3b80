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
#include <utility>

#include "bridge/base/disk.h"
#include "plugins/file-source/cutter.h"
#include "plugins/file-source/followed.h"
#include "plugins/file-source/position.h"
#include "plugins/file-source/window.h"
#include "plugins/records/record.h"
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
        line_max_ = static_cast<uint64_t>(given.integer("line_max"));
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
            const auto state = file_->state();
            if (!state.ok()) throw Error(state.error().message());
            if (cutter_.of_records())
                skip_to_ = state->size;
            else
                rewind(last_line(state->size));
        }
        window_ = Window(here());
        if (skip_to_ == 0) save_or_throw();
    }

    // Where the file's last line begins, which may be unfinished. Of one above line_max it is a
    // place within it, so far from its end that it is seen to be too long.
    uint64_t last_line(uint64_t size) const {
        const uint64_t least = size - std::min<uint64_t>(size, line_max_ + 1);
        std::string block;
        for (uint64_t end = size; end > least; end -= block.size()) {
            const uint64_t begin = end - std::min<uint64_t>(end - least, kReadBytes);
            block.clear();
            const Status read = file_->read(begin, end - begin, block);
            if (!read.ok()) throw Error(read.message());
            const size_t found = block.rfind('\n');
            if (found != block.npos) return begin + found + 1;
            block.resize(end - begin);  // it may have been made shorter
        }
        return least;
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
        state_ = {};
        torn_is_damage_.reset();
    }

    // ---- reading ----

    // False: there was nothing to do.
    bool read_some() {
        full_ = false;
        if (file_ == nullptr && !open_next()) return false;
        if (std::exchange(torn_, false)) look_again();
        size_t budget = kMessagesAReadMax;
        bool any = false;
        for (;;) {
            any |= cut_messages(budget);
            if (full_ || budget == 0 || stopped_) return any;
            if (read_more()) continue;
            return at_end() || any;
        }
    }

    // A torn end may have been cut off and written anew: its bytes are read again. Those of a large
    // one only if somebody has written since.
    void look_again() {
        if (buffer_.size() - cut_ > kReadBytes) {
            const auto state = file_->state();
            if (state.ok() && *state == state_) return;
        }
        rewind(offset());
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
        fill_message();
        try {
            if (!deliver(message_, window_.next_cookie())) {
                full_ = true;
                return false;
            }
        } catch (const Error& error) {  // not one that the bridge takes
            if (!may_pass(error.what())) return false;
            window_.skip(end);
            return true;
        }
        window_.add(end);
        delivered_.add();
        set_trouble(damaged_why_, "");  // somebody has mended it
        return true;
    }

    // Throws: it is not the message's fault that it is not taken, and it is not passed over.
    void fill_message() {
        try {
            (*message_).set_frames(cutter_.frames());
        } catch (const Error& error) {
            if (error.code() != ZB_FULL) throw;
            size_t bytes = 0;
            for (const std::string_view frame : cutter_.frames())
                bytes += frame.size();
            throw Error("the message at byte " + std::to_string(offset()) + " of " + path_ +
                            " has " + std::to_string(bytes) +
                            " bytes, more than the instance may keep: set `limits: { max_kept }`",
                        false, ZB_FULL);
        }
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
        const uint64_t seen = buffer_at_ + buffer_.size();
        const bool torn = seen > offset();
        skip_to_ = 0;
        const auto state = file_->state();
        if (!state.ok()) throw Error(state.error().message(), true);
        const uint64_t size = state->size;
        behind_.set(static_cast<int64_t>(size - std::min(size, offset())));
        if (size < offset()) {
            context().warn(path_ + " was made shorter: reading it from its beginning");
            cutter_.reset();
            rewind(0);
            window_.skip(here());
            return true;
        }
        if (!torn) set_trouble(damaged_why_, "");  // what was damaged is gone
        const bool changed = std::exchange(state_, *state) != *state;
        if (changed) torn_is_damage_.reset();
        if (changed && torn) rewind(offset());
        torn_ = torn;
        // A large torn end that grows is read again once in a poll.
        if (size > seen) return seen - offset() <= kReadBytes;
        if (torn && !changed) check_torn();
        if (is_named(path_, file_->id())) {
            rotated_at_.reset();
            return false;
        }
        // Whoever writes may still have it open: until nothing has come for a while.
        if (!rotated_at_ || changed) rotated_at_ = context().now();
        if (context().now() < *rotated_at_ + poll_) return false;
        return leave(torn);
    }

    // Nobody has written for a while. A size that is damaged looks like a record that is not whole
    // yet, and hides those behind it.
    void check_torn() {
        if (!cutter_.of_records()) return;
        if (!torn_is_damage_)
            torn_is_damage_ =
                records::find_record(std::string_view(buffer_).substr(cut_), 1).has_value();
        if (*torn_is_damage_) fail_damaged();
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
        set_trouble(damaged_why_, why);
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
        cutter_.again();
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
            set_trouble(stopped_why_, "stopped at a message that was refused: " + std::string(why));
        }
        return false;
    }

    // One of the three reasons for which it is degraded; empty: not for this one any more.
    void set_trouble(std::string& which, const std::string& why) {
        if (which == why) return;
        which = why;
        for (const std::string* each : {&stopped_why_, &damaged_why_, &unsaved_why_}) {
            if (!each->empty()) return context().degraded(*each);
        }
        context().healthy();
    }

    void save() {
        save_at_ = context().now() + save_every_;
        if (window_.position() == saved_ || skip_to_ > 0) return;
        const Status status = save_position(disk_, position_path_, window_.position());
        if (status.ok()) {
            saved_ = window_.position();
            set_trouble(unsaved_why_, "");
            return;
        }
        set_trouble(unsaved_why_, status.message());
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
    uint64_t line_max_ = 0;
    nanoseconds poll_{0}, save_every_{0};
    Metric delivered_, refused_, too_long_, damaged_, behind_;

    PosixDisk disk_;
    std::unique_ptr<OpenFile> file_;  // null: there is none yet
    std::optional<FileId> gone_;      // it is the one after this
    std::string buffer_;              // of file_, from buffer_at_ on
    size_t cut_ = 0;                  // of it, done with
    uint64_t buffer_at_ = 0;
    uint64_t skip_to_ = 0;  // records, `from: end`: what ends there or before is not delivered
    std::optional<nanoseconds> rotated_at_;  // since when file_ has another name, unchanged

    Cutter cutter_;
    Window window_;
    OwnMessage message_;  // one for all: what is delivered is copied
    bool full_ = false;   // the bridge takes no more in this read
    bool stopped_ = false;
    std::string stopped_why_, damaged_why_, unsaved_why_;  // why it is degraded
    bool torn_ = false;                                    // what is in the buffer has no end yet
    OpenFile::State state_;                                // of file_, when its end was read last
    std::optional<bool> torn_is_damage_;                   // of what is there in this state
    Position saved_;
    nanoseconds save_at_{0};
};

}  // namespace

ZBRIDGE_PLUGIN(FileSource, "file-source", ZBRIDGE_VERSION,
               "Follows a file and brings in its lines or records, each until it is accepted.")
}  // namespace zbridge
