#include "plugins/durable/journal/digest_collector.h"

namespace zbridge::durable {

void DigestCollector::begin() {
    its_.reset();
    if (shorten_) its_.emplace();
}

void DigestCollector::take(const BatchHeader& header, std::string_view body) {
    if (!its_) return;
    short_.clear();
    shorten_(body, short_);
    append_digested(its_->bytes, header, short_);
    its_->position += header.padded_bytes();
    its_->next = next(header.seq);
    its_->prev_crc = header.body_crc;
    if (its_->bytes.size() > kBytesMax) its_.reset();
}

std::optional<CollectedBatches> DigestCollector::end() {
    return std::exchange(its_, std::nullopt);
}

}  // namespace zbridge::durable
