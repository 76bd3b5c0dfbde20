// A simulated network and the kernel's half of sockets: one seed, one clock, one queue of events in
// order of time. Same-time events run in an order drawn from the seed. A seed and a program replay
// exactly; `checksum` proves it.
//
// Owner: the test. It outlives every SimIo on it. Thread: one for all.
#pragma once
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include "sim_socket.h"
#include "weather.h"

namespace qcc::sim {

inline constexpr Duration kConnectPatience = std::chrono::seconds(127);  // Linux: 7 SYNs
inline constexpr Duration kSendPatience = std::chrono::minutes(15);      // Linux: 15 retries

struct SimCounters {
  uint64_t events = 0;
  uint64_t descriptors_opened = 0;
  uint64_t connections = 0;
  uint64_t connects_failed = 0;
  uint64_t resets = 0;
  uint64_t connections_vanished = 0;
  uint64_t arrivals = 0;
  uint64_t short_reads = 0;
  uint64_t starved = 0;
  uint64_t cancels_won = 0;    // the operation ended by them
  uint64_t cancels_lost = 0;   // the operation was over before
  uint64_t sends_cut = 0;      // ended with a part sent
  uint64_t sends_blocked = 0;  // had to wait for the peer's window
  uint64_t bytes_delivered = 0;
};

class SimNet {
 public:
  SimNet(uint64_t seed, const Weather& weather);
  ~SimNet();
  SimNet(const SimNet&) = delete;
  SimNet& operator=(const SimNet&) = delete;

  Instant now() const { return now_; }
  WallTime wall_now() const { return wall_start_ + (now_ - start_); }
  void jump_wall_clock(Duration by) { wall_start_ += by; }
  Duration elapsed() const { return now_ - start_; }
  Prng& prng() { return prng_; }
  const Weather& weather() const { return weather_; }
  void set_weather(const Weather& weather) { weather_ = weather; }

  // The next event; kNever when there is none.
  Instant next_event() const { return events_.empty() ? kNever : events_.top().at; }
  // Runs what is due now, also what that causes now. False when nothing was.
  bool run_due();
  // REQUIRES: no event lies before `at`.
  void advance_to(Instant at);
  // Runs `action` at a time of the test's choice.
  void at(Instant when, std::function<void()> action);

  // Over every event and arrival so far.
  uint64_t checksum() const { return checksum_; }
  void mix(uint64_t value);
  const SimCounters& counters() const { return counters_; }
  size_t sockets_open() const { return sockets_.size() - queued_connections(); }
  // Prints each event as it runs.
  void set_trace(std::FILE* to) { trace_ = to; }

  // ---- for SimIo: what rt::Io says ----
  uint32_t join(SimIo& io);
  void leave(SimIo& io);
  int listen(SimIo& io, std::string address, int backlog);
  int local_address(int fd, std::string& address);
  int peer_address(int fd, std::string& address);
  int open_socket(SimIo& io, int family);
  bool has_unread(SimIo& io, int fd) { return !own(io, fd).readable().empty(); }
  void shutdown_send(SimIo& io, int fd);
  void reset_on_close(SimIo& io, int fd);
  void close(SimIo& io, int fd);
  void accept(SimIo& io, int fd, SimOperation operation);
  void connect(SimIo& io, int fd, std::string address, SimOperation operation);
  void receive(SimIo& io, int fd, SimOperation operation);
  void watch_end(SimIo& io, int fd, SimOperation operation);
  void send(SimIo& io, int fd, SimOperation operation);
  void cancel(int fd, uint64_t operation_id);
  void wake(uint32_t io_index);
  // An arrival that ended its operation was fired.
  void fired_last(int fd);

 private:
  enum class Kind : uint8_t {
    deliver,
    receive,
    transmit,
    accept,
    syn,
    connected,
    reset,
    vanish,
    cancel,
    wake,
    action,
    end_seen
  };
  struct Event {
    Instant at;
    uint64_t shuffle;
    uint64_t sequence;
    Kind kind;
    int fd;
    int64_t detail;
    // For a priority queue: the greatest is the earliest.
    friend bool operator<(const Event& a, const Event& b) {
      if (a.at != b.at) return a.at > b.at;
      if (a.shuffle != b.shuffle) return a.shuffle > b.shuffle;
      return a.sequence > b.sequence;
    }
  };

  void schedule(Instant at, Kind kind, int fd, int64_t detail = 0);
  void run(const Event& event);
  void on_socket(SimSocket& socket, const Event& event);
  static const char* name_of(Kind kind);

  SimSocket* find(int fd);
  SimSocket& own(SimIo& io, int fd);
  SimSocket& add_socket(SimIo& io, int family);
  size_t queued_connections() const;
  Duration latency();
  bool chance(unsigned percent) { return percent > 0 && prng_.chance(percent); }

  // Connections.
  void on_syn(SimSocket& client, int64_t attempt);
  SimSocket* pick_listener(const std::string& address);
  void establish(SimSocket& client, SimSocket& listener);
  void on_connected(SimSocket& client, int result);
  void on_accept(SimSocket& listener);
  void poke_accept(SimSocket& listener);
  void on_reset(SimSocket& socket, int error);
  void on_vanish(SimSocket& socket);
  void on_cancel(SimSocket& socket, uint64_t operation_id);
  void send_reset(SimSocket& from);
  void send_fin(SimSocket& from);

  // Data.
  void push_segment(SimSocket& to, std::string bytes);
  void on_deliver(SimSocket& socket);
  void poke_receive(SimSocket& socket);
  void poke_transmit(SimSocket& socket);
  void on_receive(SimSocket& socket);
  void hand_over(SimSocket& socket);
  static unsigned end_events(const SimSocket& socket);
  void poke_watch(SimSocket& socket);
  void on_end_seen(SimSocket& socket);
  void on_transmit(SimSocket& socket);
  size_t window_left(SimSocket& from);
  void take_bytes(SimSocket& from, size_t size);
  void window_opened(SimSocket& reader);

  void arrive(SimSocket& socket, std::optional<SimOperation>& operation, rt::Arrival arrival);
  void finish(SimSocket& socket, std::optional<SimOperation>& operation, int32_t result);

  Prng prng_;
  Weather weather_;
  Instant start_;
  Instant now_;
  WallTime wall_start_;
  std::priority_queue<Event> events_;
  uint64_t sequence_ = 0;
  uint64_t checksum_ = 0;
  int next_fd_ = 1000;
  uint16_t next_port_ = 20'000;
  std::map<int, SimSocket> sockets_;
  std::multimap<std::string, int> listeners_;
  std::map<uint64_t, std::function<void()>> actions_;
  std::vector<SimIo*> ios_;
  SimCounters counters_;
  std::FILE* trace_ = nullptr;
};

}  // namespace qcc::sim
