// The bytes on the disk, and what docs/JOURNAL.md shows of them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/folder.h"
#include "tests/unit/plugins/durable/journal_life.h"

namespace zbridge::durable {

namespace {

StoreId example_store() {
    return *StoreId::parse("00112233445566778899aabbccddeeff");
}

BatchHeader example_header() {
    BatchHeader header;
    header.segment = 7;
    header.seq = Seq{1000};
    header.synced = Seq{999};
    header.prev_crc = 0x01020304;
    header.body_bytes = 5;
    header.body_crc = 0x0bdd5334;  // of the body below
    header.records = 1;
    header.time_us = 1'700'000'000'000'000;
    header.flags = kFirstAfterOpen;
    return header;
}

SegmentHeader example_segment() {
    SegmentHeader header;
    header.store = example_store();
    header.segment = 7;
    header.first = Seq{1000};
    header.prev_crc = 0x01020304;
    header.prev_end = 123'392;
    header.created_us = 1'700'000'000'000'000;
    header.reused_from = 3;
    header.file_bytes = 64 << 20;
    return header;
}

// As docs/JOURNAL.md shows them: sixteen a line, behind their offset.
std::string dump(std::string_view bytes) {
    std::string text;
    for (size_t at = 0; at < bytes.size(); at += 16) {
        text += fmt::format("{:4}", at);
        for (const char c : bytes.substr(at, 16))
            text += fmt::format(" {:02x}", static_cast<uint8_t>(c));
        text += '\n';
    }
    return text;
}

std::string document() {
    std::ifstream file(ZBRIDGE_SOURCE_DIR "/docs/JOURNAL.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

bool shows(const std::string& bytes) {
    const bool shown = document().find("```\n" + bytes + "```\n") != std::string::npos;
    if (!shown) MESSAGE("docs/JOURNAL.md does not show:\n", bytes);
    return shown;
}

}  // namespace

TEST_CASE("a batch's bytes are those that the document shows") {
    std::string body;
    append_record(body, RecordType::kEpoch, 1, "\xac\x02");
    CHECK(crc32c(body) == example_header().body_crc);
    std::string batch(kBatchHeadBytes, '\0');
    encode(example_header(), example_store(), batch.data());
    CHECK(shows(dump(batch + body)));
    CHECK(decode_batch_header(batch.data(), example_store()) == example_header());
    // The same bytes are no batch of another store.
    CHECK_FALSE(decode_batch_header(batch.data(), StoreId{}));
}

TEST_CASE("a segment's header is the one that the document shows") {
    const std::string bytes = encode(example_segment());
    REQUIRE(bytes.size() == kSegmentHeadBytes);
    CHECK(shows(dump(bytes.substr(0, 80))));
    CHECK(bytes.substr(80) == std::string(kSegmentHeadBytes - 80, '\0'));
    const SegmentHead head = decode_segment_head(bytes);
    CHECK(head.kind == SegmentHead::Kind::kWhole);
    CHECK(head.header == example_segment());
}

TEST_CASE("a digest's bytes are those that the document shows") {
    // Of segment 7, whose two batches are the one above, and an idle mark.
    Bound begin{Seq{1000}, 123'392, 0x01020304}, end{Seq{1002}, 5120, 0};
    std::string body;
    append_record(body, RecordType::kEpoch, 1, "\xac\x02");
    BatchHeader idle;
    idle.flags = kIdleMark;
    std::string bytes = encode(DigestHead::of(example_store(), {7, begin, end}));
    append_digested(bytes, example_header(), body);
    append_digested(bytes, idle, "");
    put_digest_crc(bytes, crc32c(std::string_view(bytes).substr(8)));
    CHECK(shows(dump(bytes)));
    auto digest = SegmentDigest::parse(bytes, example_store());
    REQUIRE(digest.ok());
    CHECK(digest->next()->body == body);
    CHECK(digest->next()->flags == kIdleMark);
    CHECK_FALSE(digest->next());
}

TEST_CASE("the file store reads back as it is written, and as the document shows it") {
    StoreFile file;
    file.store = example_store();
    file.from = 3;
    file.dropped[5] = {Seq{1000}, 123'392, 0x1a2b3c4d};
    file.lost.insert({7, 4096, Seq{1200}});
    CHECK(shows(file.text()));
    const auto parsed = StoreFile::parse(file.text());
    REQUIRE(parsed.ok());
    CHECK(*parsed == file);
    const std::string text = file.text();
    for (size_t at = 0; at < text.size(); at++) {
        std::string flipped = text;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        CHECK_FALSE(StoreFile::parse(flipped).ok());
        CHECK_FALSE(StoreFile::parse(text.substr(0, at)).ok());
    }
}

TEST_CASE("what was dropped is remembered until all below it is gone") {
    StoreFile file;
    file.drop(2, {Seq{20}, 8192, 1}, 1);
    file.drop(4, {Seq{40}, 8192, 1}, 1);
    file.lost.insert({1, 4096, Seq{3}});
    CHECK(file.dropped.size() == 2);
    file.drop(1, {Seq{1}, 0, 0}, 3);
    CHECK(file.from == 3);
    CHECK(file.dropped.size() == 1);
    CHECK(file.lost.empty());
    file.drop(3, {Seq{30}, 8192, 1}, 5);
    CHECK(file.dropped.empty());
}

TEST_CASE("files have names that read back, and no other name is taken for one") {
    CHECK(segment_name(0x1f) == "000000000000001f.seg");
    CHECK(spare_name(7) == "spare-0000000000000007");
    CHECK(fresh_name(7) == "fresh-0000000000000007");
    CHECK(parse_segment_name("000000000000001f.seg") == 0x1f);
    for (const char* name : {"", "1f.seg", "000000000000001F.seg", "000000000000001f.seg ",
                             "000000000000001f", "-00000000000001f.seg"})
        CHECK_FALSE(parse_segment_name(name));
}

TEST_CASE("what a file begins with tells what it is") {
    using Kind = SegmentHead::Kind;
    const std::string whole = encode(example_segment());
    CHECK(decode_segment_head("").kind == Kind::kDamaged);
    CHECK(decode_segment_head(std::string(4096, '\0')).kind == Kind::kDamaged);
    CHECK(decode_segment_head(std::string(4096, 'x')).kind == Kind::kForeign);
    CHECK(decode_segment_head("#!/bin/sh").kind == Kind::kForeign);
    CHECK(decode_segment_head(whole.substr(0, 100)).kind == Kind::kDamaged);
    for (size_t bit = 0; bit < 80 * 8; bit++) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        CHECK(decode_segment_head(flipped).kind == Kind::kDamaged);
    }
}

}  // namespace zbridge::durable
