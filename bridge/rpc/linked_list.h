// A list whose links are members of its items: nothing is allocated, and an item is taken out in
// constant time.
//
// An item is in at most one list of each of its links. The list owns nothing: items are taken out
// before they end.
#pragma once

#include <cstddef>

#include "bridge/base/check.h"

namespace zbridge::rpc {

template <class T>
struct Link {
    T* before = nullptr;
    T* after = nullptr;
    bool linked = false;
};

template <class T, Link<T> T::*kLink>
class LinkedList {
 public:
    LinkedList() = default;
    LinkedList(const LinkedList&) = delete;
    LinkedList& operator=(const LinkedList&) = delete;

    bool empty() const { return front_ == nullptr; }
    size_t size() const { return size_; }
    T* front() const { return front_; }
    T* back() const { return back_; }
    static T* after(const T& item) { return (item.*kLink).after; }
    static T* before(const T& item) { return (item.*kLink).before; }
    static bool holds(const T& item) { return (item.*kLink).linked; }

    void push_back(T& item) { insert(nullptr, item); }
    // Puts `item` before `position`; null is the end.
    void insert(T* position, T& item) {
        Link<T>& link = item.*kLink;
        ZB_CHECK(!link.linked);
        link.after = position;
        link.before = position != nullptr ? (position->*kLink).before : back_;
        (link.before != nullptr ? (link.before->*kLink).after : front_) = &item;
        (position != nullptr ? (position->*kLink).before : back_) = &item;
        link.linked = true;
        size_++;
    }
    void remove(T& item) {
        Link<T>& link = item.*kLink;
        ZB_CHECK(link.linked);
        (link.before != nullptr ? (link.before->*kLink).after : front_) = link.after;
        (link.after != nullptr ? (link.after->*kLink).before : back_) = link.before;
        link = {};
        size_--;
    }

 private:
    T* front_ = nullptr;
    T* back_ = nullptr;
    size_t size_ = 0;
};

}  // namespace zbridge::rpc
