// A sink that takes about half of the messages of each batch, by a seed, and appends those to a
// file.
#include <fcntl.h>
#include <unistd.h>

#include "plugins/sdk/zbridge_plugin.hpp"

namespace {

class FlakySink final : public zbridge::Sink {
 public:
    static constexpr zbridge::Option options[] = {
        zbridge::Option("path", ZB_OPTION_TEXT, "The file.").required(),
        zbridge::Option("seed", ZB_OPTION_COUNT, "Of its moods.").by_default("1")};
    using Sink::Sink;

    void start() override {
        const std::string path(Sink::options().text("path"));
        file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (file_ < 0) throw zbridge::Error("cannot open " + path);
        state_ = static_cast<uint64_t>(Sink::options().integer("seed")) * 2 + 1;
    }
    void stop() override { close(file_); }
    void on_batch(Batch& batch) override {
        for (uint32_t i = 0; i < batch.size(); i++) {
            state_ = state_ * 6364136223846793005U + 1442695040888963407U;
            if (state_ >> 63 != 0) continue;  // again, please
            const std::string line = std::string(batch[i].frame(0)) + "\n";
            if (write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
                throw zbridge::Error("cannot write", true);
            batch.done(i);
        }
    }

 private:
    int file_ = -1;
    uint64_t state_ = 1;
};

}  // namespace

ZBRIDGE_PLUGIN(FlakySink, "flaky-sink", "1.0.0", "Takes half of what it is given.")
