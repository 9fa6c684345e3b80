// Who has subscribed to what: prefixes of a message's first frame, as SUB peers say them.
//
// A radix tree of bytes: matching costs the length of the topic at most, however many prefixes
// there are.
// Order:   the peers of a prefix are kept in the order of their PeerId: the same run each time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/net/peer.h"

namespace zbridge::delivery {

class Subscriptions {
 public:
    // Each (prefix, peer) once: the peer's connection sees to that.
    void add(std::string_view prefix, net::Peer& peer);
    void remove(std::string_view prefix, net::Peer& peer);

    // Calls visit(peers) for each prefix of the topic that somebody has: shortest first. A peer
    // with several matching prefixes comes several times.
    template <class Visit>
    void match(std::string_view topic, Visit&& visit) const {
        const Node* node = &root_;
        for (;;) {
            if (!node->peers.empty()) visit(node->peers);
            if (topic.empty()) return;
            node = node->child(topic[0]);
            if (node == nullptr || topic.substr(0, node->label.size()) != node->label) return;
            topic.remove_prefix(node->label.size());
        }
    }

    // `peers`: as match() gives them.
    static bool has(const std::vector<net::Peer*>& peers, const net::Peer& peer);
    // Calls visit(prefix, number of peers) for each prefix, in the order of their bytes.
    template <class Visit>
    void each(Visit&& visit) const {
        std::string prefix;
        each_below(root_, prefix, visit);
    }
    size_t prefixes() const { return prefixes_; }
    // Of all peers of this very prefix; 0 if nobody has it.
    size_t count(std::string_view prefix) const;

 private:
    struct Node {
        std::string label;  // bytes on the edge that leads here; empty at the root only
        std::vector<std::unique_ptr<Node>> children;  // sorted by the first byte of their labels
        std::vector<net::Peer*> peers;                // sorted by PeerId
        const Node* child(char first) const;
        size_t position(char first) const;  // of the child, or where it would be
    };
    template <class Visit>
    static void each_below(const Node& node, std::string& prefix, Visit& visit) {
        if (!node.peers.empty()) visit(prefix, node.peers.size());
        for (const auto& child : node.children) {
            prefix += child->label;
            each_below(*child, prefix, visit);
            prefix.resize(prefix.size() - child->label.size());
        }
    }
    void remove_below(Node& node, std::string_view prefix, net::Peer& peer);

    Node root_;
    size_t prefixes_ = 0;
};

}  // namespace zbridge::delivery
