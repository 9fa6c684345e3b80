#include "bridge/delivery/subscriptions.h"

#include <algorithm>

namespace zbridge::delivery {

namespace {

size_t common_length(std::string_view a, std::string_view b) {
    const size_t shorter = std::min(a.size(), b.size());
    size_t i = 0;
    while (i < shorter && a[i] == b[i])
        i++;
    return i;
}

auto place_of(auto& peers, const net::Peer& peer) {
    return std::lower_bound(peers.begin(), peers.end(), peer.id(),
                            [](const net::Peer* each, PeerId id) { return each->id() < id; });
}

}  // namespace

size_t Subscriptions::Node::position(char first) const {
    const auto at =
        std::lower_bound(children.begin(), children.end(), first, [](const auto& child, char byte) {
            return static_cast<unsigned char>(child->label[0]) < static_cast<unsigned char>(byte);
        });
    return static_cast<size_t>(at - children.begin());
}

const Subscriptions::Node* Subscriptions::Node::child(char first) const {
    const size_t at = position(first);
    return at < children.size() && children[at]->label[0] == first ? children[at].get() : nullptr;
}

bool Subscriptions::has(const std::vector<net::Peer*>& peers, const net::Peer& peer) {
    const auto at = place_of(peers, peer);
    return at != peers.end() && *at == &peer;
}

void Subscriptions::add(std::string_view prefix, net::Peer& peer) {
    Node* node = &root_;
    while (!prefix.empty()) {
        const size_t at = node->position(prefix[0]);
        if (at == node->children.size() || node->children[at]->label[0] != prefix[0]) {
            auto leaf = std::make_unique<Node>();
            leaf->label = prefix;
            node = node->children
                       .insert(node->children.begin() + static_cast<long>(at), std::move(leaf))
                       ->get();
            break;
        }
        Node* next = node->children[at].get();
        const size_t common = common_length(prefix, next->label);
        if (common < next->label.size()) {  // split the edge
            auto upper = std::make_unique<Node>();
            upper->label = next->label.substr(0, common);
            next->label.erase(0, common);
            upper->children.push_back(std::move(node->children[at]));
            node->children[at] = std::move(upper);
            next = node->children[at].get();
        }
        prefix.remove_prefix(common);
        node = next;
    }
    if (node->peers.empty()) prefixes_++;
    const auto at = place_of(node->peers, peer);
    ZB_CHECK(at == node->peers.end() || *at != &peer, peer.id());
    node->peers.insert(at, &peer);
}

void Subscriptions::remove(std::string_view prefix, net::Peer& peer) {
    remove_below(root_, prefix, peer);
}

void Subscriptions::remove_below(Node& node, std::string_view prefix, net::Peer& peer) {
    if (prefix.empty()) {
        const auto at = place_of(node.peers, peer);
        if (at == node.peers.end() || *at != &peer) return;
        node.peers.erase(at);
        if (node.peers.empty()) {
            node.peers.shrink_to_fit();
            prefixes_--;
        }
        return;
    }
    const size_t at = node.position(prefix[0]);
    if (at == node.children.size() ||
        prefix.substr(0, node.children[at]->label.size()) != node.children[at]->label) {
        return;
    }
    Node& child = *node.children[at];
    remove_below(child, prefix.substr(child.label.size()), peer);
    if (!child.peers.empty()) return;
    if (child.children.empty()) {
        node.children.erase(node.children.begin() + static_cast<long>(at));
    } else if (child.children.size() == 1) {  // join the edges
        std::unique_ptr<Node> only = std::move(child.children[0]);
        only->label.insert(0, child.label);
        node.children[at] = std::move(only);
    }
}

size_t Subscriptions::count(std::string_view prefix) const {
    const Node* node = &root_;
    while (!prefix.empty()) {
        node = node->child(prefix[0]);
        if (node == nullptr || prefix.substr(0, node->label.size()) != node->label) return 0;
        prefix.remove_prefix(node->label.size());
    }
    return node->peers.size();
}

}  // namespace zbridge::delivery
