#include <qcc/proxy/proxy.h>

#include <algorithm>
#include <charconv>

#include "request.h"

namespace qcc::proxy {
namespace {
constexpr size_t kBlocksKept = 64;
// Half of a stream's buffer waits unread, the other half is on its way out.
constexpr size_t kWindowMin = 4 * 1024;

std::string hex(uint16_t value) {
  char digits[4];
  return {digits, std::to_chars(digits, digits + sizeof digits, value, 16).ptr};
}
}  // namespace

std::string TextPool::take() {
  if (free_.empty()) return {};
  std::string text = std::move(free_.back());
  free_.pop_back();
  return text;
}

void TextPool::give_back(std::string text) {
  if (free_.size() >= kKept || text.capacity() > kCapacityMax) return;
  text.clear();
  free_.push_back(std::move(text));
}

Proxy::Proxy(const ProxyParts& parts)
    : loop(parts.loop),
      metrics(parts.metrics),
      log(parts.log),
      shard(parts.shard),
      instance_id(parts.instance_id),
      request_id_prefix("req_" + instance_id + "-" + hex(shard) + "-"),
      blocks(kBlocksKept),
      net{parts.loop, blocks},
      bodies(parts.loop, parts.body_budget),
      upstream{net, parts.addresses},
      pool(parts.loop),
      vetoes(parts.shard),
      router(vetoes),
      root(parts.loop, nullptr),
      response_parser(http::Method::post),
      snapshots_(parts.snapshots) {}

void Proxy::drain() {
  draining = true;
  for (Session* s = sessions.front(); s; s = sessions.next_of(*s)) {
    s->keep_alive = false;
    if (s->idle) s->idle->cancel(rt::Why::given_up);
  }
}

void Proxy::stop_work() {
  for (Session* s = sessions.front(); s; s = sessions.next_of(*s))
    if (s->work) s->work->cancel(rt::Why::shutdown);
}

Proxy::~Proxy() { QCC_ASSERT(sessions_live == 0); }

// A copy of the snapshot's pointers behind a control block of this shard's own, so that requests on
// different cores don't fight over one counter.
void Proxy::adopt(const endpoint::Snapshot& snapshot) {
  if (adopted_ == snapshot.setup.config.get()) return;
  auto own = std::make_shared<endpoint::Setup>(snapshot.setup);
  setup_.config = std::shared_ptr<const config::Config>(own, own->config.get());
  setup_.attachment = std::shared_ptr<const endpoint::Attachment>(own, own->attachment.get());
  adopted_ = own->config.get();
  net.window_bytes =
      std::clamp<size_t>(adopted_->limits.stream_buffer / 2, kWindowMin, net::kWindowBytesMax);
  request_parser.emplace(head_limits(*adopted_));
  hand_over_slots(snapshot);
}

void Proxy::hand_over_slots(const endpoint::Snapshot& snapshot) {
  for (uint16_t slot = 0; slot < snapshot.slots.size(); ++slot) {
    const endpoint::SlotView& view = snapshot.slots[slot];
    if (!view.config) continue;
    metrics::SlotOwner owner = metrics::slot_owner(view.config->id);
    if (metrics.is_owned_by(slot, owner)) continue;
    metrics.hand_over(slot, owner);
    pool.hand_over({slot, view.generation});
    slot_since_[slot] = view.generation;
  }
}

http::HeadLimits head_limits(const config::Config& config) {
  http::HeadLimits limits;
  limits.first_line_bytes = config.limits.max_request_line;
  limits.field_bytes = config.limits.max_field;
  limits.head_bytes = config.limits.max_head;
  limits.fields = config.limits.max_fields;
  limits.content_length = config.limits.max_body;
  return limits;
}

endpoint::Setup Proxy::setup() {
  read_snapshot([this](const endpoint::Snapshot& snapshot) {
    adopt(snapshot);
    return true;
  });
  return setup_;
}

Proxy::Picked Proxy::pick(routing::Query& query) {
  routing::Choice choice = read_snapshot([&](const endpoint::Snapshot& snapshot) {
    adopt(snapshot);
    query.cluster = routing::cluster_for(*adopted_, query.protocol);
    return router.pick(snapshot, query);
  });
  return {choice, setup_};
}

void Proxy::follow_snapshot() {
  read_snapshot([this](const endpoint::Snapshot& snapshot) {
    adopt(snapshot);
    pool.drop_stale(snapshot);
    return true;
  });
}

}  // namespace qcc::proxy
