// A doubly linked list whose links live in its members: no allocation, O(1) removal from anywhere.
// The list never owns. A node asserts on destruction that it is on no list.
#pragma once
#include <qcc/base/assert.h>

namespace qcc {

struct ListNode {
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { QCC_ASSERT(!linked()); }
  bool linked() const { return next != nullptr; }
  void unlink() {
    prev->next = next;
    next->prev = prev;
    prev = next = nullptr;
  }
  ListNode* prev = nullptr;
  ListNode* next = nullptr;
};

// REQUIRES: T derives from ListNode (once).
template <class T>
class IntrusiveList {
 public:
  IntrusiveList() { reset(); }
  ~IntrusiveList() {
    QCC_ASSERT(empty());
    head_.prev = head_.next = nullptr;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_.next == &head_; }
  T* front() { return empty() ? nullptr : static_cast<T*>(head_.next); }
  T* back() { return empty() ? nullptr : static_cast<T*>(head_.prev); }
  void push_back(T& node) { insert(node, head_.prev, &head_); }
  void push_front(T& node) { insert(node, &head_, head_.next); }
  T* pop_front() {
    T* node = front();
    if (node) node->unlink();
    return node;
  }
  // Moves every member of `other` to the end of this list.
  void splice(IntrusiveList& other) {
    if (other.empty()) return;
    other.head_.next->prev = head_.prev;
    head_.prev->next = other.head_.next;
    other.head_.prev->next = &head_;
    head_.prev = other.head_.prev;
    other.reset();
  }

  // `next_of` lets a caller walk without exposing iterators; nullptr at the end.
  T* next_of(T& node) { return node.next == &head_ ? nullptr : static_cast<T*>(node.next); }

 private:
  void reset() { head_.prev = head_.next = &head_; }
  static void insert(ListNode& node, ListNode* before, ListNode* after) {
    QCC_ASSERT(!node.linked());
    node.prev = before;
    node.next = after;
    before->next = &node;
    after->prev = &node;
  }
  ListNode head_;
};

}  // namespace qcc
