// Whatever a body is: the scanners and the tree stay whole, agree with simdjson and msgpack-c about
// what is a document, and masking leaves no masked value behind.
//
// An input is one octet, which says how it is looked at, then the body.
#include <simdjson.h>
#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/base/check.h"
#include "plugins/document/finder.h"
#include "plugins/document/text.h"
#include "plugins/document/tree.h"

namespace zbridge::document {
namespace {

// What is told must be whole: it opens and closes, and stands where it says.
class Watcher final : public Visitor {
 public:
    explicit Watcher(Format format, std::string_view bytes) : format_(format), bytes_(bytes) {}
    void on_open(Kind, size_t at) override {
        ZB_CHECK(at < bytes_.size());
        ZB_CHECK(++depth_ <= kDepthMax);
    }
    void on_key(const Scalar& key) override { look_at(key); }
    void on_scalar(const Scalar& value) override { look_at(value); }
    void on_close(size_t end) override {
        ZB_CHECK(end <= bytes_.size());
        ZB_CHECK(depth_-- > 0);
    }
    bool large_number = false;  // that simdjson does not take
    size_t depth() const { return depth_; }

 private:
    void look_at(const Scalar& scalar) {
        ZB_CHECK(!scalar.raw.empty() && scalar.raw.data() >= bytes_.data());
        ZB_CHECK(scalar.raw.data() + scalar.raw.size() <= bytes_.data() + bytes_.size());
        if (format_ == Format::kJson && scalar.kind == Kind::kText) {
            std::string room;
            ZB_CHECK(is_utf8(text_of(scalar, room)));
        }
        if (format_ == Format::kJson && scalar.kind == Kind::kNumber && scalar.raw.size() > 15)
            large_number = true;
        if (format_ == Format::kJson && scalar.kind == Kind::kNumber &&
            scalar.raw.find_first_of("eE") != std::string_view::npos)
            large_number = true;
        (void)words_of(format_, scalar);
    }

    Format format_;
    std::string_view bytes_;
    size_t depth_ = 0;
};

bool simdjson_takes(std::string_view bytes) {
    simdjson::dom::parser parser;
    if (parser.allocate(bytes.size() + 1, kDepthMax + 2) != simdjson::SUCCESS) return false;
    simdjson::dom::element root;
    return parser.parse(simdjson::padded_string(bytes)).get(root) == simdjson::SUCCESS;
}

bool msgpack_c_takes(std::string_view bytes) {
    try {
        msgpack::null_visitor visitor;
        size_t end = 0;
        return msgpack::parse(bytes.data(), bytes.size(), end, visitor) && end == bytes.size();
    } catch (const std::exception&) {
        return false;
    }
}

void compare(Format format, std::string_view bytes) {
    Watcher watcher(format, bytes);
    const Status ours = scan(format, bytes, watcher);
    if (ours.ok()) ZB_CHECK(watcher.depth() == 0);
    if (format == Format::kMsgpack) {
        ZB_CHECK(!ours.ok() || msgpack_c_takes(bytes));
    } else if (!watcher.large_number) {
        const bool too_deep = ours.message().find("inside each other") != std::string::npos;
        ZB_CHECK(too_deep || ours.ok() == simdjson_takes(bytes), ours.message());
    }
}

std::string masked(Format format, std::string_view bytes, Finder& finder) {
    std::string out;
    size_t at = 0;
    for (const Match& match : finder.matches()) {
        ZB_CHECK(match.begin >= at && match.end > match.begin && match.end <= bytes.size());
        out += bytes.substr(at, match.begin - at);
        append_text(format, "***", out);
        at = match.end;
    }
    return out.append(bytes.substr(at));
}

void mask(Format format, std::string_view bytes) {
    Finder finder;
    ZB_CHECK(finder.add("card").ok() && finder.add("$.a.b").ok() && finder.add("$.l[*][1]").ok());
    if (!finder.read(format, bytes).ok()) return;
    const size_t found = finder.matches().size();
    const std::string once = masked(format, bytes, finder);
    ZB_CHECK(finder.read(format, once).ok());
    ZB_CHECK(finder.matches().size() == found);
    for (const Match& match : finder.matches())
        ZB_CHECK(match.value.kind == Kind::kText && match.value.text == "***");
    ZB_CHECK(masked(format, once, finder) == once);
}

void change(Format format, std::string_view bytes, uint8_t how) {
    Tree tree;
    if (!tree.read(format, bytes).ok()) return;
    std::string same;
    ZB_CHECK(tree.write(format, same).ok());
    Tree again;
    ZB_CHECK(again.read(format, same).ok());

    const Path a = *parse_path("$.a"), b = *parse_path("$.a.b"), c = *parse_path("$.l[*]");
    if ((how & 4) != 0) (void)tree.remove(b);
    if ((how & 8) != 0) (void)tree.rename(a, "l");
    const Node* from = tree.find(a);
    const Node value = from == nullptr ? tree.root() : *from;
    if ((how & 16) != 0) (void)tree.set(b, value);
    if ((how & 32) != 0) (void)tree.set(c, value);
    const Format to = (how & 2) != 0 ? Format::kMsgpack : Format::kJson;
    std::string out;
    if (!tree.write(to, out).ok()) return;
    Watcher watcher(to, out);
    const Status read = scan(to, out, watcher);
    // A set may put maps into each other deeper than one may read.
    ZB_CHECK(read.ok() || (how & 48) != 0, read.message());
}

}  // namespace
}  // namespace zbridge::document

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace zbridge::document;
    if (size < 1) return 0;
    const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Format format = (data[0] & 1) != 0 ? Format::kMsgpack : Format::kJson;
    compare(format, bytes);
    mask(format, bytes);
    change(format, bytes, data[0]);
    for (const std::string& name : {"$" + bytes, bytes})
        (void)parse_path(name);
    return 0;
}
