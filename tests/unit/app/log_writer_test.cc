#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "../../../src/app/log_writer.h"

namespace qcc::app {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Folder {
  Folder() {
    char name[] = "/tmp/qcc_log_XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() {
    unlink((path + "/log").c_str());
    unlink((path + "/old").c_str());
    rmdir(path.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

// Puts `fd` in the place of stderr, and back at the end.
class StderrIs {
 public:
  explicit StderrIs(int fd) : kept_(dup(STDERR_FILENO)) { dup2(fd, STDERR_FILENO); }
  ~StderrIs() {
    dup2(kept_, STDERR_FILENO);
    close(kept_);
  }
  StderrIs(const StderrIs&) = delete;
  StderrIs& operator=(const StderrIs&) = delete;

 private:
  int kept_;
};

std::string line_number(size_t number) { return std::to_string(number) + std::string(500, '.'); }

// Reads what is there without waiting.
std::string read_some(int fd) {
  std::string all;
  char bytes[65536];
  for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0;)
    all.append(bytes, static_cast<size_t>(n));
  return all;
}
std::string read_pipe(int fd) {
  std::string all;
  char bytes[65536];
  for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;)
    all.append(bytes, static_cast<size_t>(n));
  return all;
}

}  // namespace

TEST_CASE("lines of several rings go to the file, whole and in each ring's order") {
  Folder folder;
  LogRing one, two;
  one.push(LogLevel::info, "a1");
  two.push(LogLevel::error, "b1");
  one.push(LogLevel::info, "a2");
  {
    LogWriter writer(folder.path + "/log");
    REQUIRE(writer.is_open());
    writer.drain(one);
    writer.drain(two);
    writer.flush();
    CHECK(read_file(folder.path + "/log") == "a1\na2\nb1\n");
    two.push(LogLevel::info, "b2");
    writer.drain(two);
  }
  CHECK(read_file(folder.path + "/log") == "a1\na2\nb1\nb2\n");
}

TEST_CASE("a rotated file is opened anew, and kept when that fails") {
  Folder folder;
  std::string log = folder.path + "/log", old = folder.path + "/old";
  LogRing ring;
  LogWriter writer(log);
  ring.push(LogLevel::info, "before");
  writer.drain(ring);
  REQUIRE(rename(log.c_str(), old.c_str()) == 0);
  writer.reopen();
  ring.push(LogLevel::info, "after");
  writer.drain(ring);
  writer.flush();
  CHECK(read_file(old) == "before\n");
  CHECK(read_file(log) == "after\n");
  LogWriter nowhere("/nonexistent/folder/log");
  CHECK_FALSE(nowhere.is_open());
  CHECK(nowhere.error() == ENOENT);
}

TEST_CASE("a reader that stands still holds nobody up, and loses nothing that found room") {
  for (bool as_socket : {true, false}) {
    CAPTURE(as_socket);
    int ends[2];
    if (as_socket)
      REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    else
      REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    std::string got;
    LogRing ring;
    constexpr size_t kLines = 5000;  // 2.5 MB: more than reader, batch and ring hold
    auto begun = std::chrono::steady_clock::now();
    {
      StderrIs redirected(ends[1]);
      LogWriter writer("stderr");
      for (size_t i = 0; i < kLines; ++i) {
        ring.push(LogLevel::info, line_number(i));
        if (i % 50 == 0) writer.drain(ring);
      }
      CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
      CHECK(ring.dropped() > 0);
      if (!as_socket) fcntl(ends[0], F_SETFL, O_NONBLOCK);
      for (int round = 0; round < 200; ++round) {
        got += as_socket ? read_some(ends[0]) : read_pipe(ends[0]);
        writer.drain(ring);
        writer.flush();
      }
      got += as_socket ? read_some(ends[0]) : read_pipe(ends[0]);
    }
    close(ends[0]);
    close(ends[1]);
    std::string expected;
    size_t lines = ring.pushed();
    for (size_t i = 0, seen = 0; i < kLines && seen < lines; ++i) {
      std::string line = line_number(i) + "\n";
      if (got.compare(expected.size(), line.size(), line) != 0) continue;
      expected += line;
      ++seen;
    }
    CHECK(got == expected);
    CHECK(ring.pushed() + ring.dropped() == kLines);
  }
}

TEST_CASE("a reader that is gone costs the lines and nothing else") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  close(ends[0]);
  LogRing ring;
  StderrIs redirected(ends[1]);
  LogWriter writer("stderr");
  ring.push(LogLevel::info, "nobody reads this");
  writer.drain(ring);
  writer.flush();
  close(ends[1]);
}

TEST_CASE("lines to the journal carry their priority") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  struct stat status{};
  REQUIRE(fstat(ends[1], &status) == 0);
  std::string name = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  setenv("JOURNAL_STREAM", name.c_str(), 1);
  LogRing ring;
  ring.set_level(LogLevel::debug);
  {
    StderrIs redirected(ends[1]);
    LogWriter writer("stderr");
    ring.push(LogLevel::error, "e");
    ring.push(LogLevel::warn, "w");
    ring.push(LogLevel::info, "i");
    ring.push(LogLevel::debug, "d");
    writer.drain(ring);
  }
  unsetenv("JOURNAL_STREAM");
  CHECK(read_some(ends[0]) == "<3>e\n<4>w\n<6>i\n<7>d\n");
  close(ends[0]);
  close(ends[1]);
}

}  // namespace qcc::app
