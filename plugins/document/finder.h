// Finds values in a document by their paths, or by their key at any depth.
//
//   Finder finder;
//   finder.add("card");              // every value with this key, wherever it is
//   finder.add("$.customer.iban");
//   if (finder.read(Format::kJson, body).ok()) for (const Match& match : finder.matches()) ...
//
// Promise: keys are met by what they say, however they are escaped; one that stands twice in a map
//          is met twice; msgpack's bytes as a key are met as a text, numbers by their digits.
//          Matches are in the document's order and never overlap: within one nothing more is looked
//          for.
// Limits:  kFieldsMax fields; scan.h's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "plugins/document/path.h"
#include "plugins/document/scan.h"

namespace zbridge::document {

struct Match {
    size_t begin = 0, end = 0;  // bytes of the document
    Scalar value;               // of a map or an array its kind alone
};

class Finder final : private Visitor {
 public:
    static constexpr size_t kFieldsMax = 64;

    // A key, or a path that begins with $. The error says what would be right.
    Status add(std::string_view field);
    // Views of `bytes`; until the next read().
    Status read(Format format, std::string_view bytes);
    const std::vector<Match>& matches() const { return matches_; }

 private:
    using Paths = uint64_t;  // one bit each
    struct Level {
        Paths alive = 0;  // lead through this map or array
        uint64_t next_index = 0;
        bool is_map = false;
    };

    void on_open(Kind kind, size_t at) override;
    void on_key(const Scalar& key) override;
    void on_scalar(const Scalar& value) override;
    void on_close(size_t end) override;
    // Whether the value that begins now is one; sets here_ to the paths that lead through it.
    bool meets();
    template <class Step>
    void follow(const Step& step);

    std::vector<std::string> keys_;
    std::vector<Path> paths_;

    Format format_ = Format::kJson;
    std::string_view bytes_;
    std::vector<Match> matches_;
    std::array<Level, kDepthMax> levels_;
    size_t depth_ = 0;
    size_t match_depth_ = 0;  // not 0: within a match that was opened at this depth
    Paths here_ = 0;          // lead through the value that comes next
    bool found_ = false;      // the value that comes next is one
    std::string room_;        // of an escaped key
};

}  // namespace zbridge::document
