// A sink that writes to a pipe which nobody reads any more.
#include <unistd.h>

#include "plugins/sdk/zbridge_plugin.hpp"

namespace {

class BrokenPipe final : public zbridge::Sink {
 public:
    using Sink::Sink;

    void start() override {
        int ends[2];
        if (pipe(ends) != 0) throw zbridge::Error("has no pipe");
        close(ends[0]);
        pipe_ = ends[1];
    }
    void stop() override { close(pipe_); }
    void on_batch(Batch& batch) override {
        const auto body = batch[0].frame(0);
        if (write(pipe_, body.data(), body.size()) >= 0) return batch.done(0);
        context().degraded("nobody reads the pipe");
        batch.reject(0);
    }

 private:
    int pipe_ = -1;
};

}  // namespace

ZBRIDGE_PLUGIN(BrokenPipe, "broken-pipe", "1.0.0", "Writes where nobody reads.")
