#include "tests/sim/topic_peers.h"

namespace zbridge::sim {

void TopicProducer::publish_soon() {
    const Duration pause(
        static_cast<int64_t>(around_.random.below(static_cast<uint64_t>(kPauseMax.count()) + 1)));
    around_.agenda.after(pause, [this] { publish_one(); });
}

void TopicProducer::publish_one() {
    if (gone() || published_.enough) return;
    awaited_ = published_.next++;
    Frames frames;
    if (type() == "REQ") frames.emplace_back();
    frames.push_back(published_.name);
    frames.push_back(std::to_string(awaited_));
    frames.emplace_back(around_.random.below(bytes_max_ + 1), '.');
    (void)say(encoded(frames));
    if (type() != "REQ") publish_soon();
}

void TopicProducer::on_frames(Frames frames) {
    if (type() != "REQ" || frames.size() != 2 || !frames[0].empty())
        return fail("is told what is no receipt");
    if (frames[1].starts_with("OK "))
        published_.receipted.insert(awaited_);
    else if (!frames[1].starts_with("ERR store_failed ") &&
             !frames[1].starts_with("ERR store_full "))
        fail("is refused: " + frames[1]);
    publish_soon();
}

void TopicReader::on_ready() {
    // To a peer of 3.1 a subscription is a command, to others a message.
    if (setup_.zmtp == Zmtp::k31)
        (void)say(wire::command("SUBSCRIBE", ""));
    else
        (void)say(wire::frame(std::string(1, '\1'), false));
}

void TopicReader::on_frames(Frames frames) {
    if (frames.size() != 3) return fail("got a message of " + std::to_string(frames.size()));
    log_.emplace_back(frames[0], std::stoull(frames[1]));
}

}  // namespace zbridge::sim
