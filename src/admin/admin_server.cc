#include <qcc/admin/admin_server.h>

#include <qcc/admin/http_connection.h>
#include <qcc/net/address.h>
#include <qcc/net/listener.h>

#include "answers.h"

namespace qcc::admin {
namespace {

struct AdminServer {
  AdminServer(AdminContext& c, bool loopback)
      : context(c), on_loopback(loopback), all_ended(c.net.loop) {}

  AdminContext& context;
  bool on_loopback;
  uint32_t connections = 0;
  rt::Event all_ended;
};

bool listens_on_loopback(rt::Io& io, int listener) {
  sockaddr_storage bytes{};
  auto* address = reinterpret_cast<sockaddr*>(&bytes);
  socklen_t size = sizeof bytes;
  if (io.local_address(listener, address, &size) != 0) return true;
  net::SocketAddress local = net::SocketAddress::from_system(address, size);
  return local.is_ip() && local.is_loopback();
}

HttpAnswer decide(const AdminServer& server, const http::RequestHead& head) {
  AdminContext& context = server.context;
  std::optional<HttpAnswer> refusal = refuse_caller(context.options, head, server.on_loopback);
  HttpAnswer answer = refusal ? std::move(*refusal) : answer_request(context.facts, head);
  answer.fields.push_back({"cache-control", "no-store"});
  answer.fields.push_back({"x-content-type-options", "nosniff"});
  return answer;
}

rt::Task<Unit> serve_connection(AdminServer& server, int fd) {
  AdminContext& context = server.context;
  rt::Scope scope(context.net.loop, &context.scope);
  HttpConnection connection(context.net, fd, {});
  for (;;) {
    bool has_request = co_await connection.next_request(scope);
    if (!has_request) break;
    HttpAnswer answer = decide(server, connection.head());
    bool answered = co_await connection.answer(answer, scope);
    if (!answered) break;
  }
  co_await connection.close();
  co_return Unit{};
}

rt::Task<Unit> serve_counted(AdminServer& server, int fd) {
  co_await serve_connection(server, fd);
  if (--server.connections == 0) server.all_ended.set();
  co_return Unit{};
}

void on_accept(AdminServer& server, int fd) {
  rt::Loop& loop = server.context.net.loop;
  if (server.connections >= kAdminConnectionsMax) {
    loop.io().close(fd);
    return;
  }
  ++server.connections;
  loop.spawn(serve_counted(server, fd));
}

}  // namespace

rt::Task<Unit> serve_admin(AdminContext& context, int listener_fd) {
  rt::Loop& loop = context.net.loop;
  AdminServer server(context, listens_on_loopback(loop.io(), listener_fd));
  net::Listener listener(loop, listener_fd, [&server](int fd) { on_accept(server, fd); });
  rt::Event never(loop);
  co_await rt::wait_for(never, context.scope);
  co_await listener.close();
  rt::Scope unbounded(loop, nullptr);
  while (server.connections > 0) {
    server.all_ended.clear();
    co_await rt::wait_for(server.all_ended, unbounded);
  }
  co_return Unit{};
}

}  // namespace qcc::admin
