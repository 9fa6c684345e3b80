// Digests: a start with them shows what one without them shows, whatever has become of them.
#include <doctest/doctest.h>

#include <algorithm>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/little_endian.h"
#include "tests/unit/plugins/durable/journal_life.h"

namespace zbridge::durable {

namespace {

// All of it: so that what is shown can be compared.
void keep_all(std::string_view body, std::string& into) {
    into += body;
}

// Segments 1 to 3, of which the first two are sealed and have a digest.
struct DigestedLife : JournalLife {
    DigestedLife() {
        options.shorten = keep_all;
        options.segment_bytes = 16 << 10;
    }
    void fill() {
        REQUIRE(open() == "yes");
        for (int i = 0; journal->segments().size() < 3; i++) {
            appended.push_back(std::string(1000 + static_cast<size_t>(i), static_cast<char>(i)));
            REQUIRE(append(appended.back()).ok());
            places.push_back(place);
        }
        settle();
        end();
        REQUIRE(has(kFirst));
        REQUIRE(has(kSecond));
    }
    void put(const std::string& name, const std::string& bytes) {
        truncate(name, bytes.size());
        if (!bytes.empty()) overwrite(name, 0, bytes);
    }
    void remove(const std::string& name) {
        REQUIRE(disk.remove(std::string(kFolder) + "/" + name).ok());
    }
    Place first_of(uint64_t segment) const {
        return *std::find_if(places.begin(), places.end(),
                             [&](const Place& each) { return each.segment == segment; });
    }

    const std::string kFirst = digest_name(1), kSecond = digest_name(2);
    std::vector<std::string> appended;
    std::vector<Place> places;
};

bool says(const std::string& text, const std::string& part) {
    if (text.find(part) != text.npos) return true;
    MESSAGE(text << " has no " << part);
    return false;
}

}  // namespace

TEST_CASE("a start reads the digests of sealed segments, and shows what they were made of") {
    DigestedLife life;
    life.fill();
    REQUIRE(life.open() == "yes");
    CHECK(life.journal->found().digests.used == 2);
    CHECK(life.journal->found().digests.sentence().empty());
    CHECK(bodies(life.seen) == life.appended);
    const auto with = life.seen;
    life.end();

    life.remove(life.kFirst);
    life.remove(life.kSecond);
    // In between the segment of the life before was sealed.
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == life.appended);
    CHECK(std::equal(with.begin(), with.end(), life.seen.begin()));
    CHECK(says(life.journal->found().digests.sentence(),
               "2 of 3 segments had no digest and were read, it is made again"));
    // They are made again, and the one of the segment that this start has sealed.
    life.pass(Digests::kPause);
    life.pass(Digests::kPause);
    life.pass(Digests::kPause);
    CHECK(life.journal->digests().made() == 3);
    CHECK(life.has(life.kFirst));
}

TEST_CASE("a digest that is cut anywhere, or of which a bit is flipped, is made again") {
    DigestedLife life;
    life.fill();
    const std::string whole = life.file_bytes(life.kFirst);
    const auto opens_without = [&](const std::string& bytes) {
        life.put(life.kFirst, bytes);
        const auto parsed = SegmentDigest::parse(bytes, *StoreId::parse(std::string(32, '0')));
        CHECK_FALSE(parsed.ok());
        REQUIRE(life.open() == "yes");
        CHECK(bodies(life.seen) == life.appended);
        CHECK(life.journal->found().digests.wanted == std::vector<uint64_t>{1});
        CHECK(says(life.journal->found().digests.sentence(), life.kFirst + ": "));
        CHECK(life.journal->found().damage.empty());
        life.pass(Digests::kPause);
        life.pass(Digests::kPause);
        CHECK(life.file_bytes(life.kFirst) == whole);
        REQUIRE(life.journal->close().ok());
        life.end();
    };
    // Each life goes on in the same segment, while it has room: the digests stay two.
    for (size_t size = 0; size < whole.size(); size += size < 80 ? 1 : 997)
        opens_without(whole.substr(0, size));
    for (size_t bit = 0; bit < whole.size() * 8; bit += bit < 80 * 8 ? 1 : 9973) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        opens_without(flipped);
    }
    opens_without(whole + '\0');
}

TEST_CASE("of a small digest every prefix and every flipped bit is refused") {
    DigestHead head;
    head.store = *StoreId::parse("00112233445566778899aabbccddeeff");
    head.segment = 7;
    head.first = Seq{1000};
    head.batches = 2;
    head.end = kSegmentHeadBytes + 2 * kSectorBytes;
    std::string bytes = encode(head);
    BatchHeader batch;
    batch.body_bytes = 5;
    append_digested(bytes, batch, "short");
    append_digested(bytes, batch, "");
    const auto sum = [](std::string& of) {
        put_digest_crc(of, crc32c(std::string_view(of).substr(8)));
    };
    sum(bytes);

    auto digest = SegmentDigest::parse(bytes, head.store);
    REQUIRE(digest.ok());
    CHECK(digest->head() == head);
    CHECK(number(digest->head().last()) == 1001);
    const auto first = digest->next();
    REQUIRE(first);
    CHECK(first->body == "short");
    CHECK(first->place == Place{7, 4096, 5});
    CHECK(digest->next()->place == Place{7, 4608, 5});
    CHECK_FALSE(digest->next());

    for (size_t size = 0; size < bytes.size(); size++)
        CHECK_FALSE(SegmentDigest::parse(bytes.substr(0, size), head.store).ok());
    for (size_t bit = 0; bit < bytes.size() * 8; bit++) {
        std::string flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        CHECK_FALSE(SegmentDigest::parse(flipped, head.store).ok());
        // What is wrong in itself is refused with a sum that is right, too.
        if (bit / 8 >= 4 && bit / 8 < 8) continue;
        sum(flipped);
        const auto summed = SegmentDigest::parse(flipped, head.store);
        CHECK((!summed.ok() || summed->head() != head || bit / 8 >= 60));
    }
    const auto why = [&](std::string of, const StoreId& store) {
        return SegmentDigest::parse(std::move(of), store).error().message();
    };
    CHECK(why(bytes, StoreId{}) == "it is of another store");
    std::string newer = bytes;
    newer[8] = 2;
    sum(newer);
    CHECK(why(newer, head.store) == "it has the format 2, this zbridge knows 1");
    std::string fewer = bytes;
    fewer[12] = 3;
    sum(fewer);
    CHECK(why(fewer, head.store) == "its batches are not those that its head tells of");
}

TEST_CASE("a digest of another segment, or of another log, is not taken") {
    DigestedLife life;
    life.fill();
    const std::string first = life.file_bytes(life.kFirst);
    life.put(life.kSecond, first);
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == life.appended);
    CHECK(says(life.journal->found().digests.sentence(), "it does not fit its segment"));
    life.end();

    // The same numbers, of a store whose batches were others.
    DigestedLife other;
    other.random = SeededRandom(7);
    other.fill();
    life.put(life.kFirst, other.file_bytes(life.kFirst));
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == life.appended);
    CHECK(says(life.journal->found().digests.sentence(), "it is of another store"));
}

TEST_CASE("what rots in a segment with a digest costs its messages, and no start") {
    DigestedLife life;
    life.fill();
    const Place rotten = life.first_of(2);
    life.flip(segment_name(2), rotten.position + 100, 3);
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == life.appended);  // the digest has them
    CHECK(says(life.read(rotten), "the batch is damaged"));
    life.end();

    life.options.replay.strict = true;
    CHECK(says(life.open(), segment_name(2) + ", offset " + std::to_string(rotten.position)));
    life.options.replay.strict = false;

    life.remove(life.kSecond);
    CHECK(says(life.open(), "is lost; whole batches follow. To start with what is left"));

    // What was accepted is not whole: there is no digest of it, and no word about that.
    life.options.replay.accept_loss = true;
    REQUIRE(life.open() == "yes");
    life.options.replay.accept_loss = false;
    for (int i = 0; i < 4; i++)
        life.pass(Digests::kPause);
    CHECK(life.journal->digests().failed() == 0);
    life.end();
    REQUIRE(life.open() == "yes");
    CHECK(life.journal->found().digests.sentence().empty());
    CHECK(bodies(life.seen).size() == life.appended.size() - 1);
}

TEST_CASE("a segment's file that ends early costs the messages behind, and no start") {
    DigestedLife life;
    life.fill();
    const Place from = life.first_of(2);
    life.truncate(segment_name(2), from.position + 600);
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == life.appended);
    const Found& found = life.journal->found();
    REQUIRE(found.damage.size() == 1);
    CHECK(found.damage[0].messages_only);
    CHECK(found.damage[0].position == from.position);
    CHECK(says(found.damage[0].sentence(), "are lost; the file ends before them"));
    const auto in_second = std::count_if(life.places.begin(), life.places.end(),
                                         [](const Place& each) { return each.segment == 2; });
    CHECK(found.batches_without_messages() == static_cast<uint64_t>(in_second));
    life.end();
    life.options.replay.strict = true;
    CHECK(says(life.open(), "Refused, because --strict was given"));
}

TEST_CASE("a digest is a witness for the batches of its segment, and for the segment behind it") {
    DigestedLife life;
    life.fill();
    life.remove(segment_name(3));
    CHECK(says(life.open(), segment_name(3) + ", offset 0: batches from"));
    life.remove(segment_name(2));
    CHECK(says(life.open(), "has them, up to batch"));
    CHECK(life.has(life.kSecond));  // nothing is changed by a start that is refused
    DigestedLife none;
    none.fill();
    for (const uint64_t segment : {1, 2, 3})
        none.remove(segment_name(segment));
    none.remove(std::string(StoreFile::kName));
    CHECK(says(none.open(), "all its segments are missing"));
    life.options.replay.accept_loss = true;
    REQUIRE(life.open() == "yes");
    CHECK_FALSE(life.has(life.kSecond));
    REQUIRE(life.append("behind").ok());
    life.end();
    life.options.replay.accept_loss = false;
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen).back() == "behind");
}

TEST_CASE("a digest goes with its segment, and what is left of one goes at the next start") {
    DigestedLife life;
    life.fill();
    REQUIRE(life.open() == "yes");
    life.journal->drop(1);
    life.settle();
    CHECK_FALSE(life.has(life.kFirst));
    CHECK(life.has(life.kSecond));
    life.end();

    const std::string scrap = life.kSecond + std::string(kDigestTemporary);
    life.overwrite(life.kFirst, 0, "left over");
    life.overwrite(scrap, 0, "half of it");
    REQUIRE(life.open() == "yes");
    CHECK_FALSE(life.has(life.kFirst));
    CHECK_FALSE(life.has(scrap));
}

TEST_CASE("a segment that was seen from its beginning is not read for its digest") {
    for (const bool large : {false, true}) {
        DigestedLife life;
        if (large) {  // more than is collected
            life.options.shorten = [](std::string_view body, std::string& into) {
                into += body;
                into.append(DigestCollector::kBytesMax / 4, 'x');
            };
        }
        REQUIRE(life.open() == "yes");
        life.disk.fail(SimDisk::Operation::kRead, Code::kIo, 1);
        while (life.journal->segments().size() < 2)
            REQUIRE(life.append(std::string(1000, 'x')).ok());
        life.settle();
        life.disk.heal();
        CHECK(life.journal->digests().made() == (large ? 0 : 1));
        CHECK(life.journal->digests().failed() == (large ? 1 : 0));
        CHECK(life.has(life.kFirst) == !large);
    }
}

TEST_CASE("a digest that would be too large is not kept, nor one of a segment that is not whole") {
    DigestedLife life;
    life.fill();
    const uint64_t failed = [&] {
        life.remove(life.kFirst);
        life.options.shorten = [](std::string_view, std::string& into) {
            into.append(SegmentDigest::kBytesMax / 8, 'x');
        };
        REQUIRE(life.open() == "yes");
        for (int i = 0; i < 4; i++)
            life.pass(Digests::kPause);
        return life.journal->digests().failed();
    }();
    CHECK(failed == 1);
    CHECK(says(life.journal->digests().failure().message(), "would be above 67108864 bytes"));
    CHECK_FALSE(life.has(life.kFirst));
    CHECK_FALSE(life.has(life.kFirst + std::string(kDigestTemporary)));
    life.end();

    life.options.shorten = keep_all;
    REQUIRE(life.open() == "yes");
    life.flip(segment_name(1), life.first_of(1).position + 100, 3);
    for (int i = 0; i < 4; i++)
        life.pass(Digests::kPause);
    CHECK(life.journal->digests().failed() == 1);
    CHECK(says(life.journal->digests().failure().message(), "what stands here is not the batch"));
    CHECK_FALSE(life.has(life.kFirst));
}

}  // namespace zbridge::durable
