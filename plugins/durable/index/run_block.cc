#include "plugins/durable/index/run_block.h"

#include "bridge/base/check.h"
#include "plugins/durable/record.h"

namespace zbridge::durable {

namespace {

enum Flag : uint8_t {
    kGap = 1,
    kCount = 2,
    kPosition = 4,
    kBytes = 8,
    kElsewhere = 16,
    kBehind = 32,
    kBody = 64,
    kTime = 128,
};

uint64_t zigzag(int64_t number) {
    return static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63);
}
int64_t unzigzag(uint64_t number) {
    return static_cast<int64_t>(number >> 1) ^ -static_cast<int64_t>(number & 1);
}

// Where a batch lies that follows this one at once.
uint64_t behind(const Place& place) {
    return place.position + BatchMemory::capacity_for(place.body_bytes);
}

int64_t beyond_messages(const Run& run) {
    return static_cast<int64_t>(run.place.body_bytes) - static_cast<int64_t>(run.bytes);
}

void pack(const Run& run, const Run& before, std::string& bytes) {
    const size_t at = bytes.size();
    bytes += '\0';
    uint8_t flags = 0;
    const auto add = [&](Flag flag, bool said, uint64_t number) {
        if (!said) return;
        flags |= flag;
        append_varint(bytes, number);
    };
    add(kGap, run.first != before.end(), run.first - before.end());
    add(kCount, run.count != before.count, run.count);
    add(kPosition, run.position != before.position, run.position);
    add(kBytes, run.bytes != before.bytes, run.bytes);
    const uint64_t expected = behind(before.place);
    const bool near = run.place.segment == before.place.segment && run.place.position >= expected &&
                      (run.place.position - expected) % BatchMemory::kSectorBytes == 0;
    add(kElsewhere, !near, run.place.segment);
    if (!near) append_varint(bytes, run.place.position);
    const uint64_t sectors = (run.place.position - expected) / BatchMemory::kSectorBytes;
    add(kBehind, near && sectors > 0, sectors);
    const int64_t body = beyond_messages(run);
    add(kBody, body != beyond_messages(before), zigzag(body));
    const int64_t later = run.stored_ms - before.stored_ms;
    add(kTime, later != 0, zigzag(later));
    bytes[at] = static_cast<char>(flags);
}

// Takes it off the front.
Run unpack(const Run& before, std::string_view& bytes) {
    const auto flags = static_cast<uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    const auto take = [&](Flag flag, uint64_t otherwise) {
        if ((flags & flag) == 0) return otherwise;
        const auto number = take_varint(bytes);
        ZB_CHECK(number.has_value());
        return *number;
    };
    Run run;
    run.first = before.end() + take(kGap, 0);
    run.count = static_cast<uint32_t>(take(kCount, before.count));
    run.position = static_cast<uint32_t>(take(kPosition, before.position));
    run.bytes = static_cast<uint32_t>(take(kBytes, before.bytes));
    run.place.segment = take(kElsewhere, before.place.segment);
    if ((flags & kElsewhere) != 0)
        run.place.position = static_cast<uint32_t>(take(kElsewhere, 0));
    else
        run.place.position = static_cast<uint32_t>(behind(before.place) +
                                                   take(kBehind, 0) * BatchMemory::kSectorBytes);
    const int64_t body = unzigzag(take(kBody, zigzag(beyond_messages(before))));
    run.place.body_bytes = static_cast<uint32_t>(body + static_cast<int64_t>(run.bytes));
    run.stored_ms = before.stored_ms + unzigzag(take(kTime, 0));
    return run;
}

}  // namespace

RunBlock pack_runs(const Run* runs, size_t count) {
    ZB_CHECK(count > 0);
    RunBlock block;
    block.first = runs[0].first;
    block.end = runs[count - 1].end();
    block.newest_ms = runs[count - 1].stored_ms;
    block.runs = static_cast<uint32_t>(count);
    Run before;
    for (size_t i = 0; i < count; i++) {
        pack(runs[i], before, block.bytes);
        before = runs[i];
    }
    block.bytes.shrink_to_fit();
    return block;
}

void unpack_runs(const RunBlock& block, std::vector<Run>& runs) {
    std::string_view rest = block.bytes;
    Run before;
    for (uint32_t i = 0; i < block.runs; i++)
        runs.push_back(before = unpack(before, rest));
    ZB_CHECK(rest.empty());
}

}  // namespace zbridge::durable
