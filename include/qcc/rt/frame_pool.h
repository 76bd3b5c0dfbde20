// Coroutine frames, per thread, in size classes of 64 bytes. Freed frames are kept up to a limit
// for each class, so that memory returns after a burst. Off under sanitizers (QCC_FRAME_POOL),
// where pooled frames would hide use-after-free.
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>

namespace qcc::rt {

class FramePool {
 public:
  static void* get(size_t bytes) {
    ++live_;
#ifdef QCC_FRAME_POOL
    size_t size_class = (bytes + 63) / 64;
    if (size_class < kClasses && classes_[size_class].free) {
      Class& c = classes_[size_class];
      Node* node = c.free;
      c.free = node->next;
      --c.kept;
      return node;
    }
    return ::operator new(size_class * 64);
#else
    return ::operator new(bytes);
#endif
  }

  static void put(void* frame, [[maybe_unused]] size_t bytes) {
    --live_;
#ifdef QCC_FRAME_POOL
    size_t size_class = (bytes + 63) / 64;
    if (size_class < kClasses && classes_[size_class].kept < kKeptMax) {
      Class& c = classes_[size_class];
      c.free = ::new (frame) Node{c.free};
      ++c.kept;
      return;
    }
#endif
    ::operator delete(frame);
  }

  // Frames of this thread that are not freed yet: 0 when all its coroutines have ended.
  static uint64_t live() { return live_; }

 private:
  static constexpr size_t kClasses = 128;
  static constexpr uint32_t kKeptMax = 512;
  struct Node {
    Node* next;
  };
  struct Class {  // no initialisers: clang wants none for a static member of this class
    Node* free;
    uint32_t kept;
  };
  static inline thread_local constinit uint64_t live_ = 0;
#ifdef QCC_FRAME_POOL
  static inline thread_local constinit Class classes_[kClasses] = {};
#endif
};

}  // namespace qcc::rt
