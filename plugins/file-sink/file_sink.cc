// The sink `file-sink`: appends messages to a file. README.md tells its options.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/disk.h"
#include "plugins/file-sink/appender.h"
#include "plugins/records/record.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge {
namespace {

using file_sink::Appender;

class FileSink final : public Sink {
 public:
    static constexpr Option options[] = {
        Option("path", ZB_OPTION_TEXT, "The file that is appended to; its folder must be there.")
            .required()
            .short_form()
            .such_as("/var/lib/shop/orders.log"),
        Option("format", ZB_OPTION_CHOICE,
               "lines: a message is a line; records: any bytes, all frames, a checksum.")
            .by_default("lines")
            .one_of("lines|records"),
        Option("sync", ZB_OPTION_CHOICE,
               "Whether a message is done when it is on the disk, or when the kernel has it.")
            .by_default("each_batch")
            .one_of("each_batch|never"),
        Option("rotate_size", ZB_OPTION_SIZE,
               "Before the file gets larger it is renamed, and a new one begun; 0: never.")
            .by_default("0")
            .such_as("100MiB"),
        Option("rotate_keep", ZB_OPTION_COUNT, "Renamed files that are kept: PATH.1, PATH.2, ...")
            .by_default("5")
            .at_least("1")
            .at_most("1000"),
    };

    explicit FileSink(Context& context) : Sink(context) {
        const Options given = context.options();
        appends_.path = given.text("path");
        if (appends_.path.empty() || appends_.path.find('\0') != std::string::npos)
            given.refuse("path", "a file's path is expected");
        appends_.records = given.text("format") == "records";
        appends_.sync_each = given.text("sync") == "each_batch";
        appends_.rotate_bytes = static_cast<uint64_t>(given.integer("rotate_size"));
        appends_.rotate_keep = static_cast<uint32_t>(given.integer("rotate_keep"));
        written_ = context.counter("written", "messages that are in the file");
        rejected_ = context.counter("rejected", "messages that the format cannot hold");
        failures_ = context.counter("failures", "batches that were not written whole");
        rotations_ = context.gauge("rotations", "files that were renamed since the start");
    }

    void start() override {
        appender_ = std::make_unique<Appender>(appends_, disk_);
        if (const Status opened = appender_->open(); !opened.ok()) throw Error(opened.message());
        if (appender_->torn_bytes() > 0) {
            context().warn("cut " + std::to_string(appender_->torn_bytes()) +
                           " bytes of an unfinished write off " + appends_.path + ", kept in " +
                           appender_->torn_path());
        }
    }

    void on_batch(Batch& batch) override {
        bytes_.clear();
        ends_.clear();
        taken_.clear();
        for (uint32_t i = 0; i < batch.size(); i++) {
            if (!take(batch, i)) break;  // those behind it must not come before it
        }
        if (ends_.empty()) return;

        const Appender::Appended appended = appender_->append(bytes_, ends_);
        for (size_t i = 0; i < appended.done; i++)
            batch.done(taken_[i]);
        written_.add(static_cast<int64_t>(appended.done));
        rotations_.set(static_cast<int64_t>(appender_->rotations()));
        if (bytes_.capacity() > kKeptBytes) bytes_ = {};
        tell(appended.status);
    }

    void stop() override {
        if (const Status closed = appender_->close(); !closed.ok())
            context().warn(closed.message());
    }

 private:
    static constexpr size_t kKeptBytes = 4 << 20;  // of room, for the next batch

    // The message into bytes_, or rejects it. False: the batch is full.
    bool take(Batch& batch, uint32_t index) {
        const Message message = batch[index];
        frames_.clear();
        for (uint32_t i = 0; i < message.frame_count(); i++)
            frames_.push_back(message.frame(i));
        if (!ends_.empty() && bytes_.size() + bytes_of(frames_) > kBatchBytesMax) return false;
        if (const char* why = appends_.records ? add_record() : add_line()) {
            batch.reject(index);
            rejected_.add();
            context().warn(std::string("rejected a message ") + why);
            return true;
        }
        ends_.push_back(bytes_.size());
        taken_.push_back(index);
        return true;
    }
    const char* add_record() {
        return records::append_record(frames_, bytes_) ? nullptr
                                                       : "of more than 64 MiB or 64 frames";
    }
    const char* add_line() {
        if (frames_.size() != 1) return "of several frames: `format: records` holds them";
        const std::string_view body = frames_[0];
        if (body.size() > records::kPayloadBytesMax) return "of more than 64 MiB";
        if (body.find('\n') != body.npos) return "with a line break: `format: records` holds it";
        if (body.find('\0') != body.npos) return "with a zero byte: `format: records` holds it";
        bytes_ += body;
        bytes_ += '\n';
        return nullptr;
    }
    static size_t bytes_of(const std::vector<std::string_view>& frames) {
        size_t bytes = 0;
        for (const std::string_view frame : frames)
            bytes += frame.size();
        return bytes;
    }

    // What is not done comes again.
    void tell(const Status& status) {
        if (status.ok()) {
            if (in_trouble_) context().healthy();
            in_trouble_ = false;
            return;
        }
        failures_.add();
        in_trouble_ = true;
        context().degraded(status.message());
        throw Error(status.message(), true);
    }

    // Beyond the first message: more than a call has (zb_sink.batch_bytes), with what frames it.
    static constexpr size_t kBatchBytesMax = 5 << 18;
    static constexpr size_t kFramingBytesMax = records::kHeadBytes + 4 * records::kFramesMax;
    static_assert(kBatchBytesMax + kFramingBytesMax <= file_sink::kSeveralBytesMax);
    static_assert(records::kPayloadBytesMax + kFramingBytesMax <= file_sink::kTornBytesMax);

    file_sink::AppenderOptions appends_;
    PosixDisk disk_;
    std::unique_ptr<Appender> appender_;  // from start on
    Metric written_, rejected_, failures_, rotations_;
    bool in_trouble_ = false;
    std::string bytes_;  // of the batch
    std::vector<size_t> ends_;
    std::vector<uint32_t> taken_;  // the messages that they are of
    std::vector<std::string_view> frames_;
};

}  // namespace

ZBRIDGE_PLUGIN(FileSink, "file-sink", ZBRIDGE_VERSION,
               "Appends messages to a file, as lines or as records, and rotates it.")
}  // namespace zbridge
