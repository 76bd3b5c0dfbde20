#include <qcc/proxy/body.h>

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace qcc::proxy {
namespace {

constexpr Duration kTrimPeriod = std::chrono::seconds(10);
constexpr size_t kMapFrom = 64 * 1024;  // larger regions come from and go back to the system

char* allocate(size_t bytes) {
  if (bytes < kMapFrom) return static_cast<char*>(::operator new(bytes));
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

void release(char* memory, size_t bytes) {
  if (bytes < kMapFrom)
    ::operator delete(memory);
  else
    munmap(memory, bytes);
}

}  // namespace

BodyMemory::BodyMemory(rt::Loop& loop, size_t budget)
    : loop_(loop), budget_(budget), trim_(*this) {}

BodyMemory::~BodyMemory() {
  QCC_ASSERT(live_ == 0 && charged_ == 0);
  loop_.timers().disarm(trim_);
  for (int c = 0; c < kClasses; ++c)
    for (char* memory : classes_[static_cast<size_t>(c)].free) release(memory, bytes_of(c));
}

int BodyMemory::class_of(size_t bytes) {
  int bits = static_cast<int>(std::bit_width(std::max<size_t>(bytes, 1) - 1));
  return std::max(bits - kSmallestBits, 0);
}

Region BodyMemory::take(size_t at_least) {
  int size_class = class_of(at_least);
  QCC_ASSERT(size_class < kClasses);  // the body limit lies below
  Class& c = classes_[static_cast<size_t>(size_class)];
  size_t bytes = bytes_of(size_class);
  if (c.free.empty()) {
    char* fresh = allocate(bytes);
    if (!fresh) return {};
    ++live_;
    return {fresh, bytes};
  }
  ++live_;
  char* memory = c.free.back();
  c.free.pop_back();
  kept_ -= bytes;
  c.unused = std::min(c.unused, c.free.size());
  return {memory, bytes};
}

void BodyMemory::give_back(Region region) {
  --live_;
  kept_ += region.capacity;
  classes_[static_cast<size_t>(class_of(region.capacity))].free.push_back(region.data);
  arm_trim();
}

bool BodyMemory::charge(size_t bytes) {
  if (charged_ + bytes > budget_) return false;
  charged_ += bytes;
  return true;
}

void BodyMemory::discharge(size_t bytes) {
  QCC_ASSERT(bytes <= charged_);
  charged_ -= bytes;
}

void BodyMemory::arm_trim() {
  if (!trim_.armed()) loop_.timers().arm(trim_, loop_.now() + kTrimPeriod);
}

// Gives back what nobody needed since the last time.
void BodyMemory::trim() {
  for (int i = 0; i < kClasses; ++i) {
    Class& c = classes_[static_cast<size_t>(i)];
    for (; c.unused > 0; --c.unused) {
      release(c.free.back(), bytes_of(i));
      c.free.pop_back();
      kept_ -= bytes_of(i);
    }
    c.unused = c.free.size();
  }
  if (kept_ > 0) arm_trim();
}

Result<Unit> Body::reserve(size_t bytes) {
  size_t wanted = bytes + kHeadroom;
  if (region_.capacity >= wanted) return Unit{};
  Region larger = memory_->take(wanted);
  if (!larger.data) return fail(ErrorKind::limit, ErrorSource::local, "memory for request bodies");
  if (size_ > 0) std::memcpy(larger.data + kHeadroom, data(), size_);
  if (region_.data) memory_->give_back(region_);
  region_ = larger;
  return Unit{};
}

Result<Unit> Body::append(std::string_view bytes) {
  if (bytes.empty()) return Unit{};
  if (!region_.data || bytes.size() > room().size()) {
    Result<Unit> grown = reserve(std::max(size_ + bytes.size(), size_ * 2));
    if (!grown) return grown;
  }
  std::memcpy(room().data(), bytes.data(), bytes.size());
  return grew(bytes.size());
}

Result<Unit> Body::grew(size_t bytes) {
  if (!memory_->charge(bytes))
    return fail(ErrorKind::limit, ErrorSource::local, "memory for request bodies");
  size_ += bytes;
  return Unit{};
}

void Body::clear() {
  if (region_.data) memory_->give_back(region_);
  memory_->discharge(size_);
  region_ = {};
  size_ = 0;
}

}  // namespace qcc::proxy
