// One function for each route: what the admin API says. Pure but for asking AdminFacts.
#pragma once
#include <string_view>

#include <qcc/admin/admin_server.h>
#include <qcc/admin/http_connection.h>

namespace qcc::admin {

// What is wrong with the caller; nothing when the request may go on.
std::optional<HttpAnswer> refuse_caller(const AdminOptions& options, const http::RequestHead& head,
                                        bool on_loopback);

HttpAnswer answer_request(AdminFacts& facts, const http::RequestHead& head);

}  // namespace qcc::admin
