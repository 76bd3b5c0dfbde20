#include "proxy_plan.h"

#include <algorithm>
#include <map>

#include <qcc/base/hash.h>

namespace qcc::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

Duration between(Prng& prng, Duration shortest, Duration longest) {
  auto spread = static_cast<uint64_t>((longest - shortest).count());
  return shortest + Duration(static_cast<int64_t>(prng.below(spread + 1)));
}

size_t pick(Prng& prng, std::initializer_list<size_t> values) {
  return values.begin()[prng.below(values.size())];
}

// Zero in half of the draws.
unsigned maybe(Prng& prng, unsigned percent_max) {
  return prng.chance(50) ? 0 : 1 + static_cast<unsigned>(prng.below(percent_max));
}

Weather draw_weather(Prng& prng, bool orderly) {
  Weather weather = Weather::draw(prng);
  weather.latency_max = weather.latency_min + between(prng, Duration::zero(), milliseconds(5));
  if (!orderly) return weather;
  weather.breaks_percent = weather.vanishes_percent = weather.stalls_percent = 0;
  weather.black_hole_percent = weather.unreachable_percent = weather.refused_percent = 0;
  weather.pause_percent = weather.accept_fails_percent = weather.no_descriptor_percent = 0;
  weather.cancel_delay_max = std::chrono::microseconds(100);
  return weather;
}

Mood draw_mood(Prng& prng) {
  Mood mood;
  mood.stall_max = between(prng, milliseconds(100), seconds(6));
  mood.idle_max = between(prng, milliseconds(50), seconds(8));
  mood.big = prng.chance(15);
  if (prng.chance(25)) return mood;
  mood.error_status = maybe(prng, 60);
  mood.favourite_status = static_cast<int>(pick(prng, {0, 401, 429, 500, 529, 403, 404, 400, 503}));
  mood.strange = maybe(prng, 40);
  mood.cut = maybe(prng, 30);
  mood.stall = maybe(prng, 30);
  mood.dribble = maybe(prng, 60);
  mood.early = maybe(prng, 20);
  mood.extra = maybe(prng, 20);
  mood.bad_framing = maybe(prng, 20);
  mood.closes = maybe(prng, 50);
  mood.slow_read = maybe(prng, 20);
  mood.down = maybe(prng, 30);
  mood.black_hole = prng.chance(6);
  return mood;
}

ClientMood draw_clients(Prng& prng) {
  ClientMood mood;
  mood.leaves = maybe(prng, 30);
  mood.resets = static_cast<unsigned>(prng.below(101));
  mood.stops_reading = maybe(prng, 25);
  mood.slow_sender = maybe(prng, 25);
  mood.pipelines = maybe(prng, 30);
  mood.silent = maybe(prng, 10);
  mood.half_closes = maybe(prng, 10);
  mood.odd = maybe(prng, 20);
  mood.big_body = maybe(prng, 30);
  mood.idle_max = between(prng, milliseconds(10), seconds(3));
  return mood;
}

void draw_limits(Prng& prng, config::Config& config) {
  config::Limits& limits = config.limits;
  limits.max_body = pick(prng, {20'000, 100'000, 1'000'000});
  limits.max_head = pick(prng, {1500, 8 * 1024, 64 * 1024});
  limits.max_field = std::min<uint64_t>(limits.max_field, limits.max_head);
  limits.max_request_line = std::min<uint64_t>(limits.max_request_line, limits.max_head);
  limits.head_timeout = between(prng, milliseconds(200), seconds(2));
  limits.body_idle_timeout = between(prng, milliseconds(200), seconds(2));
  limits.body_timeout = between(prng, milliseconds(500), seconds(5));
  limits.keepalive_timeout = between(prng, milliseconds(200), seconds(4));
  limits.send_stall_timeout = between(prng, milliseconds(600), seconds(4));
  limits.hold_json = pick(prng, {500, 4096, 256 * 1024});
  limits.commit_buffer = pick(prng, {300, 4096, 64 * 1024});
  config::Timeouts& timeouts = config.timeouts;
  timeouts.connect_timeout = between(prng, milliseconds(100), seconds(1));
  timeouts.timeout = between(prng, milliseconds(200), seconds(2));
  timeouts.read_timeout = between(prng, milliseconds(200), seconds(2));
  timeouts.content_timeout = between(prng, milliseconds(300), seconds(4));
  timeouts.nonstream_timeout = between(prng, milliseconds(300), seconds(4));
  timeouts.total_timeout = between(prng, seconds(1), seconds(8));
  timeouts.min_attempt = between(prng, milliseconds(10), milliseconds(500));
  config.retry.max_retries = static_cast<uint32_t>(prng.below(3));
  config.retry.post = prng.chance(80)   ? config::RetryPost::no_response
                      : prng.chance(50) ? config::RetryPost::reused
                                        : config::RetryPost::never;
  config.retry.backoff_base = between(prng, milliseconds(10), milliseconds(300));
  config.server.drain_timeout = between(prng, milliseconds(300), seconds(6));
  config.server.allow_half_close = prng.chance(30);
  config.log.requests = true;
}

config::EndpointConfig endpoint_config(Prng& prng, const config::Config& config,
                                       const EndpointPlan& plan, bool openai) {
  config::EndpointConfig endpoint;
  endpoint.name = plan.name;
  endpoint.id = config::endpoint_id(plan.name);
  endpoint.protocol = openai ? config::Protocol::openai : config::Protocol::anthropic;
  endpoint.auth = openai ? config::AuthMode::bearer : config::AuthMode::x_api_key;
  endpoint.count_tokens = !openai && prng.chance(70);
  endpoint.base_url = {false, plan.host, plan.port, prng.chance(20) ? "/api" : ""};
  endpoint.key = config::Secret(key_of(plan.name, 0));
  endpoint.credential_hash = fnv1a(endpoint.key.reveal());
  endpoint.priority = 1 + static_cast<uint32_t>(prng.below(2));
  endpoint.weight = static_cast<uint32_t>(prng.below(5)) * 25;
  if (!plan.mapped_model.empty()) endpoint.models["model-a"] = plan.mapped_model;
  endpoint.max_idle = static_cast<uint32_t>(prng.below(4));
  endpoint.idle_timeout = between(prng, milliseconds(100), seconds(4));
  endpoint.timeouts = config.timeouts;
  return endpoint;
}

EndpointPlan draw_endpoint(Prng& prng, size_t index) {
  EndpointPlan plan;
  plan.name = "e" + std::to_string(index);
  plan.host = plan.name + ".sim";
  plan.port = 80;
  plan.own_address = 0x0a000100u + static_cast<uint32_t>(index);
  plan.mood = draw_mood(prng);
  plan.addresses.push_back(plan.own_address);
  if (prng.chance(20)) plan.addresses.insert(plan.addresses.begin(), 0x0a000200u);  // nobody
  if (prng.chance(20)) plan.addresses.push_back(0x0a000201u);
  if (prng.chance(40)) plan.mapped_model = prng.chance(50) ? "m" : "a-much-longer-model-name";
  return plan;
}

void set_turn(config::EndpointConfig& endpoint, uint32_t turn) {
  endpoint.key = config::Secret(key_of(endpoint.name, turn));
  endpoint.credential_hash = fnv1a(endpoint.key.reveal());
}

// The next configuration: other keys, weights, endpoints disabled, gone or back.
std::shared_ptr<const config::Config> draw_reload(Prng& prng, const config::Config& full,
                                                  std::map<std::string, uint32_t>& turns) {
  auto next = std::make_shared<config::Config>(full);
  for (config::ClusterConfig& cluster : next->clusters) {
    for (config::EndpointConfig& endpoint : cluster.endpoints) {
      if (prng.chance(35)) ++turns[endpoint.name];
      set_turn(endpoint, turns[endpoint.name]);
      if (prng.chance(20)) endpoint.weight = static_cast<uint32_t>(prng.below(100));
      if (prng.chance(10)) endpoint.enabled = false;
    }
    if (cluster.endpoints.size() > 1 && prng.chance(30))
      cluster.endpoints.erase(cluster.endpoints.begin() +
                              static_cast<int64_t>(prng.below(cluster.endpoints.size())));
  }
  return next;
}

// A bad day: endpoints refuse their keys, configurations come one after the other.
void refuse_keys(Prng& prng, ProxyPlan& plan) {
  for (EndpointPlan& endpoint : plan.endpoints) {
    endpoint.mood.error_status = 10 + static_cast<unsigned>(prng.below(91));
    endpoint.mood.favourite_status = 401;
    endpoint.mood.black_hole = false;
  }
}

void draw_config(Prng& prng, ProxyPlan& plan, bool keys_are_refused) {
  auto config = std::make_shared<config::Config>();
  draw_limits(prng, *config);
  size_t anthropic = 1 + prng.below(3), openai = prng.below(3);
  config->clusters.resize(1 + (openai > 0 && prng.chance(50)));
  for (size_t i = 0; i < anthropic + openai; ++i) {
    plan.endpoints.push_back(draw_endpoint(prng, i));
    bool is_openai = i >= anthropic;
    config::ClusterConfig& cluster = is_openai ? config->clusters.back() : config->clusters[0];
    cluster.timeouts = config->timeouts;
    cluster.endpoints.push_back(endpoint_config(prng, *config, plan.endpoints.back(), is_openai));
  }
  if (keys_are_refused) refuse_keys(prng, plan);
  if (keys_are_refused || prng.chance(50)) {
    size_t reloads = 1 + prng.below(keys_are_refused ? 12 : 4);
    std::map<std::string, uint32_t> turns;
    std::vector<Duration> times;
    for (size_t i = 0; i < reloads; ++i)
      times.push_back(between(prng, Duration::zero(), plan.visits_within + seconds(2)));
    std::ranges::sort(times);
    for (Duration after : times) plan.reloads.push_back({after, draw_reload(prng, *config, turns)});
  }
  plan.config = config;
}

}  // namespace

std::string key_of(const std::string& endpoint, uint32_t turn) {
  return "key-" + endpoint + "-" + std::to_string(turn);
}

ProxyPlan ProxyPlan::draw(uint64_t seed) {
  Prng prng(Prng(seed ^ 0x91a2).next());
  ProxyPlan plan;
  plan.seed = seed;
  plan.orderly = prng.chance(60);
  plan.weather = draw_weather(prng, plan.orderly);
  plan.shards = 1 + prng.below(3);
  plan.connections_max = static_cast<uint32_t>(pick(prng, {3, 10, 1000}));
  plan.body_budget = pick(prng, {60'000, 400'000, 100'000'000});
  plan.clients = draw_clients(prng);
  plan.visits = 1 + prng.below(24);
  plan.visits_within = between(prng, milliseconds(1), seconds(5));
  plan.drain_after = prng.chance(30) ? between(prng, Duration::zero(), seconds(8)) : kUnlimited;
  plan.courier_max = between(prng, Duration::zero(), milliseconds(prng.chance(50) ? 1 : 80));
  bool keys_are_refused = prng.chance(15);
  if (keys_are_refused) plan.shards = 2 + prng.below(2);
  if (keys_are_refused) plan.courier_max = between(prng, milliseconds(50), milliseconds(600));
  draw_config(prng, plan, keys_are_refused);
  return plan;
}

}  // namespace qcc::sim
