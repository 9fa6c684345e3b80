// Topics: named, durable sequences of messages on a log of batches.
//
// Flow:    publish() ... turn_end() -> Commits -> the log -> on_committed(), on_visible();
//          a reader that lags: read() -> [on_loaded() -> read()]; tick() -> retention -> segments go
// Life:    replay() each batch of the log, in order -> serve() -> all the rest
// Thread:  the reactor; replay() and serve() before it runs.
// Promise: what on_committed() names is on the disk, as its topics say. Offsets and numbers rise.
//          A message that was visible, and not removed by retention or a command, is visible after
//          every restart, at its offset.
// Failure: after on_failed() nothing is published, committed or read.
// Limits:  Commits::kWaitingBytesMax behind the batch in flight: has_room() says no, and publish()
//          ZB_LATER. Notes are taken all the same: there are as many as the bridge has requests.
//          TopicTable::kTopicsMax topics.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/memory.h"
#include "bridge/base/random.h"
#include "bridge/base/result.h"
#include "plugins/durable/index/ordered_index.h"
#include "plugins/durable/store.h"
#include "plugins/durable/topics/cold_cache.h"
#include "plugins/durable/topics/commits.h"
#include "plugins/durable/topics/hot_ring.h"
#include "plugins/durable/topics/notes.h"
#include "plugins/durable/topics/options.h"
#include "plugins/durable/topics/segments.h"
#include "plugins/durable/topics/topic_table.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

// As zb_engine_host has them, and a line for people.
class TopicsListener {
 public:
    virtual ~TopicsListener() = default;
    virtual void on_committed(uint64_t number) = 0;
    virtual void on_failed(const std::string& sentence) = 0;
    virtual void on_room() = 0;
    virtual void on_visible(TopicId topic, const zb_run* runs, uint32_t count) = 0;
    virtual void on_loaded(TopicId topic) = 0;
    virtual void on_note(uint64_t key, RecordType kind, std::string_view bytes) = 0;
    // Of an answer that was given to the calls below. Not ok: the body is a sentence.
    virtual void on_answer(uint64_t cookie, bool ok, const std::string& body) = 0;
    virtual void on_settled(uint64_t cookie, bool ok, const std::string& why) = 0;
    virtual void warn(const std::string& sentence) = 0;
};

// What it stands on; all outlives it.
struct TopicsWorld {
    const Clock* clock = nullptr;
    Random* random = nullptr;
    MemoryBudget* memory = nullptr;
    uint64_t epoch = 0;  // of this life
};

// A batch of the log, as it was found at the start; its body may be shortened (short_body.h).
struct LogBatch {
    Seq seq{};
    Place place;
    std::string_view body;
};
struct SeenMsg;
struct SeenMoved;

class Topics final : public CommitsListener, public ColdCacheListener {
 public:
    // After an unclean end: what an `os` topic may have lost, with offsets that its readers know.
    static constexpr uint64_t kOsJump = 1 << 20;
    // Batches behind the one that a reader waits for, which are read with it.
    static constexpr size_t kReadAheadBatches = 4;
    static constexpr size_t kMoveBytesMax = 256 << 10;
    static constexpr size_t kRemovedMax = 50'000;  // runs of a topic that go in one go
    // Of a batch, so that what it has can be moved.
    static constexpr size_t kMoveRoom = MovedHead::kBytes + kRecordHeadBytesMax;

    Topics(TopicsOptions options, const TopicsWorld& world, TopicsListener& listener);
    ~Topics() override;
    Topics(const Topics&) = delete;
    Topics& operator=(const Topics&) = delete;

    // Before the first replay(). It outlives this.
    void attach(Tenant& tenant, Keeper& keeper) {
        tenant_ = &tenant;
        keepers_.push_back(&keeper);
    }
    // kInvalid: what it says is impossible, or of a newer version.
    Status replay(const LogBatch& batch);
    // The log goes on in `store`, which outlives it; `was_clean`: the last life ended in order. Notes
    // that are open are told.
    Status serve(Store& store, bool was_clean);

    // Made, if it is not there. None: too many, or no name of a topic.
    std::optional<TopicId> topic(std::string_view name);
    // False: on_room() comes. A full disk is no reason to wait: publish() says so.
    bool has_room() { return store_->full() || commits_->has_room(); }
    // `with`: a record for the same batch; it is written only if they are taken.
    zb_taken publish(const zb_publication* publications, uint32_t count, zb_receipt& receipt,
                     const Companion* with = nullptr);
    zb_taken note(uint64_t key, RecordType kind, std::string_view bytes, bool closes,
                  zb_receipt& receipt);
    void turn_end() {
        read_.clear();
        turn_ms_ = 0;
        commits_->turn_end();
    }

    // A message that waited is visible in its topic from now on, under its own id: it and the record
    // are in one batch. Another result than ZB_TAKEN: nothing is written; ZB_LATER: on_room() comes.
    zb_taken deliver(TopicId target, const zb_run& message, std::string_view attributes,
                     const Companion& with, zb_receipt& receipt);
    // A message that nobody sees before commit(), and where it waits. Results as of publish().
    zb_taken prepare(const zb_publication& publication, std::string_view checker,
                     zb_receipt& receipt, Offset& where);
    // As deliver(), but one whose producer's id is known by then is a duplicate: the record alone is
    // written.
    zb_taken commit(TopicId target, const zb_run& message, std::string_view attributes,
                    const Companion& with, zb_receipt& receipt);
    // Of this topic messages are needed as long as the tenant says so. After serve().
    void keep_for_tenant(TopicId topic);
    // The tenant does not need this one any more.
    void done_with(TopicId topic, Offset offset, uint64_t bytes);
    // Records of so many bytes, which are written next, are in one batch.
    void keep_together(size_t bytes) { commits_->make_room(bytes); }
    // A record of the tenant.
    void write(RecordType type, std::string_view payload,
               const std::optional<TenantEffect>& effect = {});
    // An effect of what was written last.
    void effect(const TenantEffect& effect) { commits_->filling().effects.push_back(effect); }
    // The turn's end will commit something.
    bool has_unwritten() const {
        return !commits_->filling().empty() || commits_->writer().body_bytes() > 0;
    }
    // The tenant still needs something in it.
    void use_segment(uint64_t segment) { segments_.use(segment); }
    void release_segment(uint64_t segment) { segments_.release(segment); }

    zb_bounds bounds(TopicId topic) const;
    // Visible, and not below its floor.
    uint64_t messages_of(const Topic& topic) const;
    Offset position(TopicId topic, uint32_t where, int64_t value) const;
    zb_taken read(TopicId topic, Offset offset, uint64_t bytes_max, zb_run* runs, uint32_t runs_max,
                  uint32_t& count);

    // Once a second or so: what is too old goes, what is not needed is given back.
    void tick();
    // Removes what is visible below `below`; answered when that is durable. REQUIRES: it is there.
    void purge(TopicId topic, Offset below, Answer answer);
    // Its handle is dead from now on. REQUIRES: likewise.
    void remove(TopicId topic, Answer answer);
    // Its options are these from now on, and stay so: REQUIRES: no file says them. Answered likewise.
    // Keys and ids of messages that are there already may not count.
    void set_options(TopicId topic, const TopicOptions& options, Answer answer);
    // What a group still needs; none: there are no groups any more. REQUIRES: likewise.
    void hold_unread(TopicId topic, std::optional<Offset> unread);
    // Answered when all that was taken before is durable; after a failure at once.
    void answer_when_durable(Answer its) {
        if (!failure_.empty()) return answer(its, false, failure_);
        commits_->filling().answers.push_back(std::move(its));
    }

    bool idle() const { return commits_->idle(); }
    const TopicTable& table() const { return table_; }
    const Index& index() const { return index_; }
    const std::string& failure() const { return failure_; }  // empty: none
    uint64_t damaged_batches() const { return cold_->damaged_batches(); }
    size_t open_notes() const { return notes_.open(); }
    uint64_t refused() const { return refused_; }
    uint64_t live_bytes() const { return segments_.live_bytes(); }
    uint64_t moved_bytes() const { return moved_bytes_; }  // by the cleaner, in this life

 private:
    // A publication that was looked at, and what it will be.
    struct Planned {
        Topic* topic = nullptr;
        size_t attributes_at = 0, attribute_bytes = 0;  // in attributes_
        std::optional<MessageId> first;                 // it is a duplicate of this one
        int64_t due_ms = 0;                             // it waits for then; `topic` is where
        Topic* target = nullptr;                        // that it is for
    };

    // topics.cc: what is published
    zb_taken publish_plain(const zb_publication& publication, zb_receipt& receipt);
    zb_taken plan(const zb_publication& publication, const Companion* with, zb_receipt& receipt);
    zb_taken check(const Topic* topic, uint64_t message_bytes, bool frees, zb_receipt& receipt);
    zb_taken refuse(zb_taken why, std::string sentence, zb_receipt& receipt);
    bool has_one_before(size_t at) const;
    void write(Topic& topic, std::string_view attributes, std::string_view wire, uint32_t frames);
    void take_number(MessageId id, zb_receipt& receipt);
    void write_record(RecordType type, std::string_view payload, uint8_t version = kPayloadVersion);
    void write_topic_of(const Topic& topic);
    void write_snapshot();

    // topics_prepare.cc: what waits for its commit
    zb_taken look_at_prepared(const Topic* target, const zb_publication& publication,
                              zb_receipt& receipt);

    // topics_committed.cc: what is durable
    void on_batch_committed(Batch& batch, const std::optional<Place>& place) override;
    void on_commits_failed(const Status& why, std::vector<Answer> lost) override;
    void on_commits_room() override {
        listener_.on_room();
        if (tenant_ != nullptr) tenant_->on_room();
    }
    void place_batch(Batch& batch, const Place& place);
    void expect_soon(const Batch& batch, size_t at) const;
    void show(Batch& batch);
    void answer(const Answer& answer, bool ok, const std::string& why);
    void add_run(Topic& topic, const Run& run);

    // topics_read.cc: what readers ask
    void on_batch_loaded(TopicId topic) override;
    void on_batch_damaged(const Place& place, const Status& why) override;
    static uint64_t skipped_in(const Topic& topic, uint64_t gap);
    const Body* body_at(const Place& place);
    void load(TopicId topic, const Run& run);
    void load_behind(TopicId topic, const Run& run);

    // topics_retention.cc: what goes
    void retain(Topic& topic);
    void raise_floor(Topic& topic, Offset floor, size_t removed_max = SIZE_MAX);
    void remove_first(Topic& topic);
    // False: there are more.
    bool remove_below(Topic& topic, Offset floor, size_t removed_max);
    bool remove_all(Topic& topic, size_t removed_max = SIZE_MAX) {
        return remove_below(topic, {UINT64_MAX}, removed_max);
    }
    void write_floor_of(Topic& topic);
    void drop_segments();

    // topics_clean.cc: what holds old segments is moved
    bool wants_cleaning() const;
    void clean();
    std::optional<Run> find_next();
    bool move_from(Topic& topic, const Run& first);
    void write_moved_run(const Topic& topic, Run run, uint64_t gone, const std::string& records);
    void place_moved(MovedRun& moved, const Place& place, const BatchMemory& memory);
    void put_moved(Topic& topic, const Run& run, uint64_t gone);
    static uint64_t live_bytes_of(const Run& run) { return run.bytes + MsgHead::kRecordHeadBytes; }

    // topics_rewrite.cc: so is what else it has
    bool rewrite_from(uint64_t segment);
    bool at_hand(const Needed& needed);
    size_t rewrite(Keeper& keeper, const Needed& needed);
    void place_again(WrittenAgain& again, const Place& place);

    // topics_keys.cc: what newer messages of the same key replace
    void note_keys(Topic& topic, const Run& run, const BatchMemory& memory);
    void note_key(Topic& topic, const MsgHead& head, std::string_view attributes,
                  uint64_t bytes_of_all);
    void bury(Topic& topic, Offset first, uint32_t messages, uint64_t bytes);
    void limit_holes(Topic& topic);
    std::unique_ptr<KeyTable> make_keys(const TopicOptions& options) const;
    void keep_as(Topic& topic, const TopicOptions& options);

    // topics_replay.cc: the start
    struct ReplayedRun {
        TopicId topic;
        Run run;
    };
    Status replay_msg(const SeenMsg& msg, const Place& place, std::vector<ReplayedRun>& runs);
    Status replay_topic(const TopicState& state);
    void remember(Topic& topic, const SeenMsg& msg) const;
    void remember_id(Topic& topic, std::string_view id, const SeenMsg& msg) const;
    void remember(Topic& topic, std::string_view id, MessageId message, int64_t stored_ms) const;
    Status replay_moved(const SeenMoved& moved, const Place& place);
    void configure(Topic& topic, const TopicOptions& options);
    void change(Topic& topic, const TopicOptions& options);
    void take_over(Topic& topic, bool was_clean);
    void give_name(Topic& topic);
    const TopicOptions* declared(std::string_view name) const;
    std::vector<uint32_t> run_of_;  // by topic, in `runs`; where that is another's, it has none yet

    size_t body_bytes_max() const { return store_->body_bytes_max() - kMoveRoom; }
    int64_t now_ms() const { return world_.clock->wall_us() / 1000; }
    // Messages of one turn are stored at the same time: the clock is asked once.
    int64_t turn_ms() {
        if (turn_ms_ == 0) turn_ms_ = now_ms();
        return turn_ms_;
    }

    TopicsOptions options_;
    std::map<std::string, size_t, std::less<>> declared_;  // name -> place in options_.topics
    TopicsWorld world_;
    TopicsListener& listener_;
    Tenant* tenant_ = nullptr;  // null: none
    HashKey dedup_key_;

    Store* store_ = nullptr;
    TopicTable table_;
    std::deque<std::unique_ptr<Topic>> leaving_;  // removed, and their runs not yet
    OrderedIndex index_;
    Segments segments_;
    Notes notes_;
    std::vector<Keeper*> keepers_{&notes_};  // of what is no message
    ChunkPool pool_;
    HotRing hot_;
    std::unique_ptr<ColdCache> cold_;   // from serve() on
    std::unique_ptr<Commits> commits_;  // likewise

    uint64_t next_sequence_ = 1;
    uint64_t number_ = 0;
    uint64_t refused_ = 0;
    int64_t turn_ms_ = 0;  // 0: not asked yet
    std::string reason_;   // of the last refusal
    std::string failure_;
    std::string attributes_;  // of the publications that are looked at
    std::vector<Planned> plan_;
    std::vector<zb_run> visible_;
    std::vector<ChunkRef> read_;  // of the runs that the last read() gave

    bool snapshot_pending_ = false;  // its records are on their way
    uint64_t snapshot_segment_ = 0;  // where its first one lies
    uint64_t dropped_below_ = 0;

    // The segment that is cleaned, and how far: what is behind it was looked at.
    struct Cleaning {
        uint64_t segment = 0;
        uint32_t topic = 0;
        Offset from;
    };
    std::optional<Cleaning> cleaning_;
    uint64_t cleaned_segment_ = 0;  // the last one that was done with
    size_t moves_in_flight_ = 0;
    uint64_t clean_budget_ = 0;  // bytes, until the next tick
    size_t looks_left_ = 0;      // of one clean()
    uint64_t moved_bytes_ = 0;
};

}  // namespace zbridge::durable
