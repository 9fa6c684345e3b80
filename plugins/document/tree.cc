#include "plugins/document/tree.h"

#include <algorithm>

#include "plugins/document/text.h"

namespace zbridge::document {

namespace {

Status invalid(std::string message) {
    return {Code::kInvalid, std::move(message)};
}

// Calls with each map or array that all parts but the last one lead to.
template <class Call>
void at_container(Node& node, const Path& path, size_t part, const Call& call) {
    if (part + 1 == path.size()) return call(node);
    for (size_t i = 0; i < node.children.size(); i++) {
        Node& child = node.children[i];
        const bool leads =
            node.is(Kind::kMap) ? path[part].meets(child.name) : path[part].meets(uint64_t{i});
        if (leads) at_container(child, path, part + 1, call);
    }
}

}  // namespace

size_t count_nodes(const Node& node) {
    size_t count = 1;
    for (const Node& child : node.children)
        count += count_nodes(child);
    return count;
}

Status Tree::read(Format format, std::string_view bytes) {
    format_ = format;
    root_ = {};
    open_.clear();
    kept_.clear();
    nodes_ = 0;
    Status status = scan(format, bytes, *this);
    if (status.ok() && nodes_ > kNodesMax)
        return invalid("more than " + std::to_string(kNodesMax) + " values");
    return status;
}

// Null: there are too many. What is read on after that is thrown away.
Node* Tree::add(Format format, const Scalar& value) {
    if (++nodes_ > kNodesMax) return nullptr;
    Node node;
    node.format = format;
    node.value = value;
    if (open_.empty()) {
        root_ = std::move(node);
        return &root_;
    }
    Node& parent = *open_.back();
    if (parent.is(Kind::kMap)) {
        node.name = name_;
        node.key_format = format;
        node.key = key_;
    }
    parent.children.push_back(std::move(node));
    return &parent.children.back();
}

void Tree::on_open(Kind kind, size_t) {
    // The address holds until it is closed: its parent gets no other child before.
    if (Node* node = add(format_, {kind, {}, {}, false})) open_.push_back(node);
}

void Tree::on_key(const Scalar& key) {
    if (nodes_ > kNodesMax) return;
    key_ = key;
    if (key.escaped) {
        std::string room;
        name_ = keep(std::string(text_of(key, room)));
    } else if (key.kind == Kind::kText || key.kind == Kind::kBytes) {
        name_ = key.text;
    } else {
        name_ = keep(words_of(format_, key).value_or(""));
    }
}

void Tree::on_scalar(const Scalar& value) {
    (void)add(format_, value);  // counted, if it is one too many
}

void Tree::on_close(size_t) {
    if (nodes_ <= kNodesMax) open_.pop_back();
}

const Node* Tree::find(const Path& path) const {
    const Node* node = &root_;
    for (const PathPart& part : path) {
        if (node->is(Kind::kArray) && part.kind == PathPart::Kind::kIndex) {
            if (part.index >= node->children.size()) return nullptr;
            node = &node->children[part.index];
            continue;
        }
        if (!node->is(Kind::kMap)) return nullptr;
        const auto last = std::find_if(node->children.rbegin(), node->children.rend(),
                                       [&](const Node& child) { return part.meets(child.name); });
        if (last == node->children.rend()) return nullptr;
        node = &*last;
    }
    return node;
}

size_t Tree::remove(const Path& path) {
    size_t removed = 0;
    at_container(root_, path, 0, [&](Node& node) {
        std::vector<Node>& children = node.children;
        const size_t before = children.size();
        if (node.is(Kind::kMap)) {
            std::erase_if(children,
                          [&](const Node& child) { return path.back().meets(child.name); });
        } else if (path.back().kind == PathPart::Kind::kEach) {
            children.clear();
        } else if (path.back().kind == PathPart::Kind::kIndex && path.back().index < before) {
            children.erase(children.begin() + static_cast<ptrdiff_t>(path.back().index));
        }
        removed += before - children.size();
    });
    return removed;
}

Node Tree::key_node(std::string_view name) {
    Node node;
    std::string raw;
    append_text(Format::kJson, name, raw);
    node.key.kind = Kind::kText;
    node.key.raw = keep(std::move(raw));
    node.key.text = node.key.raw.substr(1, node.key.raw.size() - 2);
    node.key.escaped = node.key.text != name;
    node.name = keep(std::string(name));
    return node;
}

size_t Tree::rename(const Path& path, std::string_view name) {
    size_t renamed = 0;
    at_container(root_, path, 0, [&](Node& node) {
        if (!node.is(Kind::kMap)) return;
        std::vector<Node>& children = node.children;
        const auto last = std::find_if(children.rbegin(), children.rend(), [&](const Node& child) {
            return path.back().meets(child.name);
        });
        if (last == children.rend()) return;
        Node moved = std::move(*last);
        const Node key = key_node(name);
        moved.name = key.name;
        moved.key = key.key;
        moved.key_format = key.key_format;
        const std::string_view old_name = path.back().key;
        *last = std::move(moved);
        const Node* const kept = &*last;
        // In place: what is moved by erase_if has been looked at.
        std::vector<Node> left;
        left.reserve(children.size());
        for (Node& child : children) {
            if (&child == kept || (child.name != old_name && child.name != name))
                left.push_back(std::move(child));
        }
        children = std::move(left);
        renamed++;
    });
    return renamed;
}

Result<size_t> Tree::set(const Path& path, const Node& value) {
    places_ = 0;
    if (auto status = set_below(root_, path, 0, value, count_nodes(value)); !status.ok())
        return status;
    return places_;
}

Status Tree::set_below(Node& node, const Path& path, size_t part, const Node& value,
                       size_t value_nodes) {
    const PathPart& here = path[part];
    const bool by_key = here.kind == PathPart::Kind::kKey;
    if (!node.is(by_key ? Kind::kMap : Kind::kArray))
        return invalid(by_key ? "it leads through what is no map"
                              : "it leads through what is no array");
    if (part + 1 == path.size()) return put(node, here, value, value_nodes);

    bool found = false;
    for (size_t i = node.children.size(); i-- > 0;) {
        Node& child = node.children[i];
        if (!(by_key ? here.meets(child.name) : here.meets(uint64_t{i}))) continue;
        found = true;
        if (auto status = set_below(child, path, part + 1, value, value_nodes); !status.ok())
            return status;
        if (by_key) return {};  // of keys that stand twice the last one counts
    }
    if (found || here.kind == PathPart::Kind::kEach) return {};
    if (!by_key) return invalid("the array has no element " + std::to_string(here.index));
    if (path[part + 1].kind != PathPart::Kind::kKey)
        return invalid("the array " + here.key + " is missing");
    Node made = key_node(here.key);
    made.value.kind = Kind::kMap;
    if (++nodes_ > kNodesMax) return invalid("the body would have too many values");
    node.children.push_back(std::move(made));
    return set_below(node.children.back(), path, part + 1, value, value_nodes);
}

Status Tree::put(Node& container, const PathPart& last, const Node& value, size_t value_nodes) {
    std::vector<Node>& children = container.children;
    const size_t places = last.kind == PathPart::Kind::kEach ? children.size() : 1;
    nodes_ += value_nodes * places;
    if (nodes_ > kNodesMax) return invalid("the body would have too many values");
    places_ += places;

    const auto put_into = [&](Node& place) {
        place.format = value.format;
        place.value = value.value;
        place.children = value.children;
    };
    if (last.kind == PathPart::Kind::kEach) {
        std::for_each(children.begin(), children.end(), put_into);
        return {};
    }
    if (last.kind == PathPart::Kind::kIndex) {
        if (last.index > children.size())
            return invalid("the array has no element " + std::to_string(last.index));
        if (last.index == children.size()) children.emplace_back();
        put_into(children[last.index]);
        return {};
    }
    const auto meets = [&](const Node& child) { return last.meets(child.name); };
    const auto first = std::find_if(children.begin(), children.end(), meets);
    if (first == children.end()) {
        children.push_back(key_node(last.key));
        put_into(children.back());
        return {};
    }
    put_into(*first);
    children.erase(std::remove_if(first + 1, children.end(), meets), children.end());
    return {};
}

}  // namespace zbridge::document
