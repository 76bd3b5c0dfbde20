// One writer publishes an immutable T; many threads read it without a lock or a reference count.
// Each reader thread owns one hazard slot; the writer frees an old T when no slot holds it, however
// long a reader is stuck.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include <qcc/base/assert.h>

namespace qcc {

template <class T>
class Published {
 public:
  Published(std::unique_ptr<const T> first, size_t readers_max)
      : current_(first.release()), slots_(readers_max) {}
  ~Published() {
    delete current_.load();
    for (const T* old : retired_) delete old;
  }
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  // Runs `fn(const T&)` on the newest T. `fn` is a plain function: it cannot suspend, so the
  // reference cannot cross a co_await. Reads of one slot do not nest.
  template <class Fn>
  auto read(size_t reader, Fn&& fn) const {
    std::atomic<const T*>& held = slots_[reader].held;
    QCC_ASSERT(held.load(std::memory_order_relaxed) == nullptr);
    const T* seen = current_.load(std::memory_order_acquire);
    for (;;) {
      held.store(seen, std::memory_order_seq_cst);
      const T* again = current_.load(std::memory_order_seq_cst);
      if (again == seen) break;
      seen = again;
    }
    struct Release {
      std::atomic<const T*>& slot;
      ~Release() { slot.store(nullptr, std::memory_order_release); }
    } release{held};
    return fn(*seen);
  }

  // Writer thread only.
  void publish(std::unique_ptr<const T> next) {
    retired_.push_back(current_.exchange(next.release(), std::memory_order_seq_cst));
    std::erase_if(retired_, [this](const T* old) {
      for (const Slot& slot : slots_)
        if (slot.held.load(std::memory_order_seq_cst) == old) return false;
      delete old;
      return true;
    });
  }

  size_t retired_count() const { return retired_.size(); }

 private:
  struct alignas(64) Slot {
    mutable std::atomic<const T*> held{nullptr};
  };
  alignas(64) std::atomic<const T*> current_;
  std::vector<Slot> slots_;
  std::vector<const T*> retired_;
};

}  // namespace qcc
