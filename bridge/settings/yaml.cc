#include "bridge/settings/yaml.h"

#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace zbridge::settings {

namespace {

// All scalars together, aliases included: what kNodesMax is for few but long texts.
constexpr size_t kTextBytesMax = 8 << 20;

struct Stop {};  // ends the parsing after a finding that makes the rest meaningless

struct Weight {
    size_t nodes = 0, bytes = 0;
    Weight& operator+=(Weight other) {
        nodes += other.nodes;
        bytes += other.bytes;
        return *this;
    }
};

// `<<: *base` or `<<: [*base, *more]`: their entries, where the map itself has none of that name.
void merge_into(Node& map, std::set<std::string>& keys, const Node& from, Findings& findings) {
    if (from.kind == Node::Kind::kList) {
        for (const auto& item : from.items)
            merge_into(map, keys, item, findings);
        return;
    }
    if (from.kind != Node::Kind::kMap) {
        findings.error(
            from.place,
            "`<<` takes the keys of another map: expected an alias of one, as `<<: *name`");
        return;
    }
    for (const auto& entry : from.entries) {
        if (keys.insert(entry.key).second) map.entries.push_back(entry);
    }
}

class TreeBuilder final : public YAML::EventHandler {
 public:
    TreeBuilder(const Environment& environment, Findings& findings)
        : environment_(environment), findings_(findings) {}

    std::optional<Node> take() { return std::move(root_); }
    // Of the innermost `[` or `{` that is open; none in block style.
    std::optional<Place> open_bracket() const {
        if (open_.empty() || !open_.back().flow) return std::nullopt;
        return open_.back().node.place;
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (root_) stop(place_of(mark), "a second document begins: expected one in a file");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        complete(Node{Node::Kind::kNothing, place_of_nothing(mark), {}, {}, {}}, anchor, {1, 0},
                 {1, 0});
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        const Place place = place_of(mark);
        check_tag(place, tag);
        check_quotes(place, mark);
        if (expects_key()) {
            if (anchor != YAML::NullAnchor)
                anchors_[anchor] = {scalar(place, text), {1, text.size()}};
            return take_key(place, text);
        }
        auto expanded = expand(text, environment_);
        if (!expanded) findings_.error(place, expanded.error().message());
        auto node = scalar(place, expanded ? *expanded : std::string());
        // A scalar that could not be read is nothing more to complain about.
        if (!expanded) node.kind = Node::Kind::kUnreadable;
        const Weight weight{1, node.text.size()};
        complete(std::move(node), anchor, weight, weight);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const Place place = place_of(mark);
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) stop(place, "this alias stands inside what it names");
        if (expects_key()) return take_key(place, found->second.node.text);
        Node copy = found->second.node;
        copy.place = place;
        complete(std::move(copy), YAML::NullAnchor, found->second.weight, found->second.weight);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        begin(Node::Kind::kList, mark, tag, anchor, style);
    }
    void OnSequenceEnd() override { end(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        begin(Node::Kind::kMap, mark, tag, anchor, style);
    }
    void OnMapEnd() override {
        for (const auto& merge : open_.back().merges) {
            merge_into(open_.back().node, open_.back().keys, merge, findings_);
        }
        end();
    }

    Place place_of(const YAML::Mark& mark) const {
        const auto line = static_cast<uint32_t>(mark.line + 1);
        return {line, findings_.source().column_of_byte(line, static_cast<size_t>(mark.column))};
    }

 private:
    struct Anchored {
        Node node;
        Weight weight;
    };
    struct Open {
        Node node;
        YAML::anchor_t anchor = YAML::NullAnchor;
        bool flow = false;
        bool is_key = false;  // a map or list in the place of a key: read and dropped
        Weight weight;
        std::set<std::string> keys;
        std::vector<Node> merges;
        std::optional<Node::Entry> key;  // whose value comes next
        bool drop_value = false;
    };

    static Node scalar(Place place, std::string text) {
        return {Node::Kind::kScalar, place, std::move(text), {}, {}};
    }

    // yaml-cpp marks what is not there by what comes next.
    Place place_of_nothing(const YAML::Mark& mark) const {
        if (open_.empty()) return place_of(mark);
        if (open_.back().key) return open_.back().key->place;
        const std::string& text = findings_.source().text();
        const auto line = static_cast<uint32_t>(mark.line + 1);
        size_t at = std::min(findings_.source().offset_of(line) + static_cast<size_t>(mark.column),
                             text.size());
        at = text.find_last_of("-,[", at == 0 ? 0 : at - 1);
        return at == std::string::npos ? place_of(mark) : findings_.source().place_of_byte(at);
    }

    [[noreturn]] void stop(Place place, std::string message) {
        findings_.error(place, std::move(message));
        throw Stop{};
    }

    bool expects_key() const {
        return !open_.empty() && open_.back().node.kind == Node::Kind::kMap && !open_.back().key;
    }

    void take_key(Place place, const std::string& text) {
        Open& map = open_.back();
        map.key = Node::Entry{text, place, {}};
        map.drop_value = false;
        if (text == "<<" || map.keys.insert(text).second) return;
        map.drop_value = true;
        for (const auto& entry : map.node.entries) {
            if (entry.key != text) continue;
            findings_.error(
                place, fmt::format("the key {} stands twice in this map: the first is on line {}",
                                   in_quotes(text), entry.place.line));
        }
    }

    void begin(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
               YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
        const Place place = place_of(mark);
        check_tag(place, tag);
        if (open_.size() >= kDepthMax) {
            stop(place,
                 fmt::format("more than {} maps and lists stand in each other here", kDepthMax));
        }
        Open open;
        open.node = {kind, place, {}, {}, {}};
        open.anchor = anchor;
        open.flow = style == YAML::EmitterStyle::Flow;
        open.is_key = expects_key();
        open.weight = {1, 0};
        open_.push_back(std::move(open));
    }

    void end() {
        Open done = std::move(open_.back());
        open_.pop_back();
        if (done.is_key) return refuse_key(done.node.place);
        complete(std::move(done.node), done.anchor, done.weight, {1, 0});
    }

    void refuse_key(Place place) {
        findings_.error(place, "this key is no text: expected `key: value`");
        open_.back().key = Node::Entry{};
        open_.back().drop_value = true;
    }

    // Puts a whole value where it belongs. `fresh`: what of its weight has not been counted yet.
    void complete(Node node, YAML::anchor_t anchor, Weight weight, Weight fresh) {
        if (expects_key()) return refuse_key(node.place);
        total_ += fresh;
        if (total_.nodes > kNodesMax || total_.bytes > kTextBytesMax) {
            stop(node.place,
                 fmt::format("the file holds more than {} values or {} MiB of text, its aliases "
                             "written out",
                             kNodesMax, kTextBytesMax >> 20));
        }
        if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, weight};
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& parent = open_.back();
        parent.weight += weight;
        if (parent.node.kind == Node::Kind::kList) {
            parent.node.items.push_back(std::move(node));
            return;
        }
        Node::Entry entry = std::move(*parent.key);
        parent.key.reset();
        if (parent.drop_value) return;
        if (entry.key == "<<") {
            parent.merges.push_back(std::move(node));
            return;
        }
        entry.value = std::move(node);
        parent.node.entries.push_back(std::move(entry));
    }

    void check_tag(Place place, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:"))
            return;
        findings_.error(place,
                        fmt::format("the tag {} means nothing here: leave it out", in_quotes(tag)));
    }

    // yaml-cpp takes a quote that is never closed for one that ends with the file.
    void check_quotes(Place place, const YAML::Mark& mark) {
        const std::string& text = findings_.source().text();
        size_t at = findings_.source().offset_of(place.line) + static_cast<size_t>(mark.column);
        if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return;
        const char quote = text[at];
        for (at++; at < text.size(); at++) {
            if (quote == '"' && text[at] == '\\')
                at++;
            else if (text[at] == quote && text.substr(at + 1, 1) == "'" && quote == '\'')
                at++;
            else if (text[at] == quote)
                return;
        }
        stop(place, fmt::format("this {} is never closed", quote));
    }

    const Environment& environment_;
    Findings& findings_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    Weight total_;
    std::optional<Node> root_;
};

// Says in our words what yaml-cpp found; its own where we have none.
std::string sentence_for(const YAML::Exception& exception) {
    using namespace YAML::ErrorMsg;  // NOLINT(google-build-using-namespace)
    struct Row {
        const char* theirs;
        const char* ours;
    };
    static const Row rows[] = {
        {TAB_IN_INDENTATION, "a tab in the indentation: YAML takes spaces only"},
        {MAP_VALUE,
         "this `:` is not expected here: is the line indented as its neighbours, does the line "
         "above end "
         "with its `:`, and is a text that holds `: ` in quotes?"},
        {MAP_KEY, "a key is not expected here: is the line indented as its neighbours?"},
        {BLOCK_ENTRY, "this `- ` is not expected here: a list begins on a line of its own"},
        {END_OF_MAP, "this line is not indented as the map above it, nor as one around it"},
        {END_OF_SEQ, "this line is not indented as the list above it, nor as a map around it"},
        {END_OF_MAP_FLOW, "this `{` is never closed, or a `,` is missing behind it"},
        {END_OF_SEQ_FLOW, "this `[` is never closed, or a `,` is missing behind it"},
        {FLOW_END, "this bracket closes none that is open"},
        {UNKNOWN_TOKEN, "a text cannot begin with this character: put it in quotes"},
        {ALIAS_NOT_FOUND,
         "a `*` begins the name of an anchor: put a text that begins with it in quotes"},
        {CHAR_IN_ALIAS,
         "a `*` begins the name of an anchor: put a text that begins with it in quotes"},
        {UNKNOWN_ANCHOR,
         "no anchor of this name stands above; put a text that begins with `*` in quotes"},
        {ANCHOR_NOT_FOUND, "a `&` begins an anchor: put a text that begins with it in quotes"},
        {CHAR_IN_ANCHOR, "a `&` begins an anchor: put a text that begins with it in quotes"},
        {EOF_IN_SCALAR, "the file ends within this text: is a quote not closed?"},
        {INVALID_ESCAPE,
         "this `\\` begins no escape that YAML knows: write `\\\\`, or put the text in '...'"},
    };
    for (const auto& row : rows) {
        if (exception.msg.find(row.theirs) != std::string::npos) return row.ours;
    }
    return "this is not YAML: " + exception.msg;
}

// A tab before the text of this line: more often the cause than what the parser stumbled over.
std::optional<Place> tab_in_indentation(const Source& source, uint32_t line_number) {
    const auto line = source.line(line_number);
    const size_t text = line.find_first_not_of(" \t");
    const size_t tab = line.find('\t');
    if (text == std::string_view::npos || tab >= text) return std::nullopt;
    return Place{line_number, source.column_of_byte(line_number, tab)};
}

void report(const YAML::Exception& exception, const TreeBuilder& builder, Findings& findings) {
    const Source& source = findings.source();
    Place place = builder.place_of(exception.mark);
    for (const uint32_t line : {place.line, place.line - 1}) {
        const auto tab = tab_in_indentation(source, line);
        if (tab) return findings.error(*tab, "a tab in the indentation: YAML takes spaces only");
    }
    const bool unclosed = exception.msg == YAML::ErrorMsg::END_OF_MAP_FLOW ||
                          exception.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW;
    if (const auto bracket = builder.open_bracket(); unclosed && bracket) place = *bracket;
    std::string sentence = sentence_for(exception);
    const auto line = source.line(place.line);
    if (const size_t variable = line.find("${");
        unclosed || exception.msg == YAML::ErrorMsg::FLOW_END) {
        // ${NAME} ends at its brace, where braces are YAML's own.
        if (variable != std::string_view::npos)
            sentence += "; within { } or [ ], put a text with ${ } in quotes";
    }
    findings.error(place, std::move(sentence));
}

}  // namespace

std::optional<Node> read_yaml(const Environment& environment, Findings& findings) {
    TreeBuilder builder(environment, findings);
    std::istringstream in(findings.source().text());
    try {
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop&) {
        return std::nullopt;
    } catch (const YAML::Exception& exception) {
        report(exception, builder, findings);
        return std::nullopt;
    } catch (const std::exception& exception) {
        // Nothing else is documented to come; a file must not end the bridge if it does.
        findings.error({}, std::string("the YAML library gave up: ") + exception.what());
        return std::nullopt;
    }
    auto root = builder.take();
    return root ? std::move(root) : Node{};
}

}  // namespace zbridge::settings
