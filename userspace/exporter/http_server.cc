#include "userspace/exporter/http_server.h"

#include <glog/logging.h>
#include <microhttpd.h>

#include <cstdarg>
#include <cstdio>
#include <utility>

#include "userspace/exporter/listen_socket.h"

namespace brahe {
namespace {

// A thread for each connection: a scrape that waits for an epoch of up to some seconds holds up its own connection
// only, where any pool could be filled by as many scrapes as it has threads and /healthz would wait behind them. The
// price is small, because scrapers keep few connections: of a stack only what was touched is resident.
constexpr unsigned kFlags =
    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG;
// glog's thread-local buffer of 30 KB lies on a thread's stack, too.
constexpr size_t kStackBytes = 256 * 1024;
// Of each connection; a chunk of a body is as large as what headers leave of it.
constexpr size_t kConnectionBytes = 32 * 1024;
// For clients of HTTP/1.0, who get no chunks.
constexpr size_t kBlockBytes = 16 * 1024;

using Response = std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)>;

using Reader = std::function<size_t(char*, size_t)>;

ssize_t ReadBody(void* reader, uint64_t, char* buffer, size_t capacity) {
  const size_t size = (*static_cast<Reader*>(reader))(buffer, capacity);
  return size == 0 ? MHD_CONTENT_READER_END_OF_STREAM : static_cast<ssize_t>(size);
}

void FreeReader(void* reader) { delete static_cast<Reader*>(reader); }

Response MakeStreamed(Reader read) {
  auto reader = std::make_unique<Reader>(std::move(read));
  Response response(
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kBlockBytes, &ReadBody, reader.get(), &FreeReader),
      &MHD_destroy_response);
  if (response) (void)reader.release();  // its owner is the response now
  return response;
}

Response MakeFixed(std::string body) {
  return {MHD_create_response_from_buffer(body.size(), body.data(), MHD_RESPMEM_MUST_COPY), &MHD_destroy_response};
}

MHD_Result Queue(MHD_Connection* connection, HttpResponse response, const char* allowed_methods = nullptr) {
  const Response made = response.read ? MakeStreamed(std::move(response.read)) : MakeFixed(std::move(response.body));
  if (!made) return MHD_NO;
  MHD_add_response_header(made.get(), MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
  if (allowed_methods) MHD_add_response_header(made.get(), MHD_HTTP_HEADER_ALLOW, allowed_methods);
  return MHD_queue_response(connection, response.status, made.get());
}

// Called two times or more for each request: when its headers are there, for each part of its body, and at its end.
MHD_Result Answer(void* handler, MHD_Connection* connection, const char* path, const char* method, const char*,
                  const char*, size_t* upload_size, void** request_state) {
  const std::string_view verb = method;
  if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
    return Queue(connection, {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .body = "only GET and HEAD are served here\n"},
                 "GET, HEAD");
  }
  static char headers_seen;
  if (*request_state == nullptr) {
    // An answer now would make the library close the connection after it.
    *request_state = &headers_seen;
    return MHD_YES;
  }
  if (*upload_size != 0) {
    *upload_size = 0;
    return MHD_YES;
  }
  return Queue(connection, (*static_cast<const HttpHandler*>(handler))(path));
}

__attribute__((format(printf, 2, 0))) void LogLine(void*, const char* format, va_list arguments) {
  if (!VLOG_IS_ON(1)) return;
  char line[256];
  vsnprintf(line, sizeof(line), format, arguments);
  VLOG(1) << "http: " << line;
}

class MicrohttpdServer final : public HttpServer {
 public:
  explicit MicrohttpdServer(HttpHandler handler) : handler_(std::move(handler)) {}

  Status Add(const std::string& address, const HttpServerOptions& options) {
    Result<ListenSocket> socket = Listen(address);
    if (!socket) return socket.error();
    // The logger stands first, so that it hears of the options after it. The daemon owns the socket from here on, and
    // a failure to start ends the process.
    MHD_Daemon* const daemon = MHD_start_daemon(kFlags, 0, nullptr, nullptr, &Answer, &handler_,       //
                                                MHD_OPTION_EXTERNAL_LOGGER, &LogLine, nullptr,         //
                                                MHD_OPTION_LISTEN_SOCKET, socket->fd.Release(),        //
                                                MHD_OPTION_CONNECTION_LIMIT, options.max_connections,  //
                                                MHD_OPTION_CONNECTION_TIMEOUT, options.idle_seconds,   //
                                                MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionBytes,  //
                                                MHD_OPTION_THREAD_STACK_SIZE, kStackBytes,             //
                                                MHD_OPTION_END);
    if (!daemon) return MakeError("serve HTTP on " + address + ": libmicrohttpd did not start; see --log.level=debug");
    daemons_.emplace_back(daemon, &MHD_stop_daemon);
    ports_.push_back(socket->port);
    return {};
  }

  [[nodiscard]] std::vector<uint16_t> ports() const override { return ports_; }

 private:
  HttpHandler handler_;
  std::vector<uint16_t> ports_;
  std::vector<std::unique_ptr<MHD_Daemon, decltype(&MHD_stop_daemon)>> daemons_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> StartHttpServer(const HttpServerOptions& options, HttpHandler handler) {
  auto server = std::make_unique<MicrohttpdServer>(std::move(handler));
  for (const std::string& address : options.addresses) {
    const Status added = server->Add(address, options);
    if (!added) return added.error();
  }
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace brahe
