#include <qcc/net/buffers.h>

namespace qcc::net {

BlockPool::~BlockPool() {
  QCC_ASSERT(live_ == 0);
  for (char* block : free_) ::operator delete(block);
}

char* BlockPool::take() {
  ++live_;
  if (free_.empty()) return static_cast<char*>(::operator new(kBlockBytes));
  char* block = free_.back();
  free_.pop_back();
  return block;
}

void BlockPool::give_back(char* block) {
  QCC_ASSERT(live_ > 0);
  --live_;
  if (free_.size() < kept_max_)
    free_.push_back(block);
  else
    ::operator delete(block);
}

void Lease::release() {
  if (io_) io_->return_buffer(buffer_id_);
  if (pool_) pool_->give_back(data_);
  io_ = nullptr;
  pool_ = nullptr;
  data_ = nullptr;
}

}  // namespace qcc::net
