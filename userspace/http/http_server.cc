#include "userspace/http/http_server.h"

#include <glog/logging.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/values.h"
#include "userspace/http/acceptor.h"
#include "userspace/http/connection_places.h"
#include "userspace/http/connection_table.h"
#include "userspace/http/listen_socket.h"
#include "userspace/http/local_peer.h"
#include "userspace/http/peer_address.h"
#include "userspace/http/request_fault.h"
#include "userspace/http/tls_context.h"

namespace brahe::http {
namespace {

// glog's thread-local buffer of 30 KB lies on a thread's stack, too.
constexpr size_t kStackBytes = 256 * 1024;
// Of each connection: its request's headers, or a chunk of its answer.
constexpr size_t kConnectionBytes = 32 * 1024;
// For clients of HTTP/1.0, who get no chunks.
constexpr size_t kBlockBytes = 16 * 1024;
// Of a request; it is thrown away.
constexpr uint64_t kMaxBodyBytes = 64 * 1024;

using Connection = ConnectionTable::Connection;
using Daemon = std::unique_ptr<MHD_Daemon, decltype(&MHD_stop_daemon)>;
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

MHD_Result Queue(MHD_Connection* connection, HttpResponse answer) {
  const Response made = answer.read ? MakeStreamed(std::move(answer.read)) : MakeFixed(std::move(answer.body));
  if (!made) return MHD_NO;
  MHD_add_response_header(made.get(), MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  for (const auto& [name, value] : answer.headers) MHD_add_response_header(made.get(), name.c_str(), value.c_str());
  return MHD_queue_response(connection, answer.status, made.get());
}

// The answer to a request that is not worth reading on; the library closes the connection after it.
std::optional<HttpResponse> Refusal(MHD_Connection* connection, const RequestLine& line) {
  if (const auto fault = RequestFault(connection, line)) {
    return HttpResponse{
        .status = MHD_HTTP_BAD_REQUEST, .body = *fault + "\n", .headers = {{MHD_HTTP_HEADER_CONNECTION, "close"}}};
  }
  const std::string_view method = line.method;
  if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD) {
    return HttpResponse{.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                        .body = "only GET and HEAD are served here\n",
                        .headers = {{MHD_HTTP_HEADER_ALLOW, "GET, HEAD"}}};
  }
  const char* length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  const Result<uint64_t> bytes = length ? ParseUint64(length) : 0;
  if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) || !bytes ||
      *bytes > kMaxBodyBytes) {
    return HttpResponse{.status = MHD_HTTP_CONTENT_TOO_LARGE, .body = "a body is not wanted here\n"};
  }
  return std::nullopt;
}

MHD_Result AddHeader(void* headers, MHD_ValueKind, const char* name, const char* value) {
  const auto [at, is_new] = static_cast<std::map<std::string, std::string>*>(headers)->try_emplace(LowerCase(name), "");
  if (!is_new) at->second += ", ";
  if (value) at->second += value;
  return MHD_YES;
}

MHD_Result AddArgument(void* arguments, MHD_ValueKind, const char* name, size_t name_size, const char* value,
                       size_t value_size) {
  auto& list = *static_cast<std::vector<std::pair<std::string, std::string>>*>(arguments);
  list.emplace_back(std::string(name, name_size), value ? std::string(value, value_size) : std::string());
  return MHD_YES;
}

// At --log.level=debug, and of what any client can cause at will a line a second.
__attribute__((format(printf, 2, 0))) void LogLine(void*, const char* format, va_list arguments) {
  if (!VLOG_IS_ON(1)) return;
  char line[256];
  vsnprintf(line, sizeof(line), format, arguments);
  LOG_EVERY_T(INFO, 1) << "http: " << line;
}

// The library wants to know whence certificates come; each session gets credentials that do not ask this.
int NoCertificate(gnutls_session_t, const gnutls_datum_t*, int, const gnutls_pk_algorithm_t*, int, gnutls_pcert_st**,
                  unsigned*, gnutls_privkey_t*) {
  return -1;
}

class MicrohttpdServer final : public HttpServer {
 public:
  MicrohttpdServer(const HttpServerOptions& options, HttpHandler handler)
      : options_(options), handler_(std::move(handler)), table_(options.limits, SystemClock()) {}
  ~MicrohttpdServer() override {
    acceptor_.reset();
    table_.Stop();
  }

  Status Start(std::vector<ListenSocket> sockets) {
    for (const ListenSocket& socket : sockets) ports_.push_back(socket.port);
    while (daemons_.size() < options_.threads) {
      daemons_.push_back(StartDaemon());
      if (!daemons_.back()) return MakeError("serve HTTP: libmicrohttpd did not start; see --log.level=debug");
    }
    auto acceptor = Acceptor::Start(std::move(sockets), options_.limits, table_,
                                    [this](AcceptedSocket socket) { return Serve(std::move(socket)); });
    if (!acceptor) return acceptor.error();
    acceptor_ = std::move(*acceptor);
    return {};
  }

  [[nodiscard]] std::vector<uint16_t> ports() const override { return ports_; }

 private:
  Daemon StartDaemon() {
    // The limits on number and time are the table's. The logger stands first, so that it hears of the options after it.
    constexpr unsigned kFlags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC |
                                MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
    return {MHD_start_daemon(kFlags | (options_.tls ? MHD_USE_TLS : 0), 0, nullptr, nullptr, &OnRequest, this,  //
                             MHD_OPTION_EXTERNAL_LOGGER, &LogLine, nullptr,                                     //
                             MHD_OPTION_NOTIFY_CONNECTION, &OnConnection, this,                                 //
                             MHD_OPTION_NOTIFY_COMPLETED, &OnCompleted, this,                                   //
                             MHD_OPTION_URI_LOG_CALLBACK, &OnTarget, this,                                      //
                             MHD_OPTION_CONNECTION_LIMIT, 2 * options_.limits.connections,                      //
                             MHD_OPTION_CONNECTION_TIMEOUT, 0U,                                                 //
                             MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionBytes,                              //
                             MHD_OPTION_THREAD_STACK_SIZE, kStackBytes,                                         //
                             MHD_OPTION_HTTPS_CERT_CALLBACK, &NoCertificate,  // ignored for plain HTTP
                             MHD_OPTION_END),
            &MHD_stop_daemon};
  }

  bool Serve(AcceptedSocket socket) {
    MHD_Daemon* const daemon = daemons_[next_daemon_++ % daemons_.size()].get();
    const auto* const peer = reinterpret_cast<const sockaddr*>(&socket.peer);
    return MHD_add_connection(daemon, socket.fd.Release(), peer, socket.peer_size) == MHD_YES;
  }

  static Connection* StateOf(MHD_Connection* connection) {
    return static_cast<Connection*>(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
  }

  static void OnConnection(void* self, MHD_Connection* connection, void** context,
                           MHD_ConnectionNotificationCode what) {
    auto& server = *static_cast<MicrohttpdServer*>(self);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      *context = server.Begin(connection);
    } else if (*context) {
      server.table_.Closed(*static_cast<Connection*>(*context));
    }
  }

  Connection* Begin(MHD_Connection* connection) {
    const int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    Connection* const state = table_.Started(fd);
    if (!state || !options_.tls) return state;
    state->tls = options_.tls();
    if (state->tls) {
      const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
      state->tls->Apply(static_cast<gnutls_session_t>(info->tls_session));
    } else {
      shutdown(fd, SHUT_RDWR);
    }
    return state;
  }

  // Called for a request's first line, before the library decodes the target in its place.
  static void* OnTarget(void*, const char* target, MHD_Connection* connection) {
    if (Connection* const state = StateOf(connection)) state->target_end = EndOfTarget(target);
    return nullptr;
  }

  // Called when a request's headers are there, for each part of its body, at its end, and when its connection is woken.
  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* path, const char* method,
                              const char* version, const char*, size_t* upload_size, void** request_state) {
    auto& server = *static_cast<MicrohttpdServer*>(self);
    Connection* const state = StateOf(connection);
    if (!state) return MHD_NO;
    if (*request_state == nullptr) {
      *request_state = state;
      std::optional<HttpResponse> refusal =
          Refusal(connection, {.method = method, .version = version, .target_end = state->target_end});
      return refusal ? Queue(connection, std::move(*refusal)) : MHD_YES;
    }
    if (*upload_size != 0) {
      *upload_size = 0;
      return MHD_YES;
    }
    if (!state->exchange) {
      server.table_.Begin(*state);
      server.Ask(connection, *state, path, method);
    }
    std::optional<HttpResponse> answer = state->exchange->TakeOrSuspend(connection);
    if (answer) state->delivered = std::move(answer->delivered);
    return answer ? Queue(connection, std::move(*answer)) : MHD_YES;
  }

  void Ask(MHD_Connection* connection, const Connection& state, const char* path, const char* method) {
    const auto* peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    HttpRequest request{.method = method,
                        .path = path,
                        .headers = {},
                        .peer = peer ? PeerAddress(peer->client_addr) : "",
                        .local = LocalPeerOf(state.fd),
                        .connection = state.presence};
    if (request.local) request.peer = "uid " + std::to_string(request.local->uid);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &AddHeader, &request.headers);
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, &AddArgument, &request.arguments);
    handler_(request, Responder([exchange = std::weak_ptr(state.exchange)](HttpResponse answer) {
               if (const auto waiting = exchange.lock()) waiting->Answer(std::move(answer));
             }));
  }

  static void OnCompleted(void* self, MHD_Connection* connection, void**, MHD_RequestTerminationCode end) {
    Connection* const state = StateOf(connection);
    if (!state) return;
    const auto delivered = std::exchange(state->delivered, nullptr);
    if (delivered && end == MHD_REQUEST_TERMINATED_COMPLETED_OK) delivered();
    static_cast<MicrohttpdServer*>(self)->table_.Finished(*state);
  }

  const HttpServerOptions options_;
  const HttpHandler handler_;
  ConnectionTable table_;
  std::vector<uint16_t> ports_;
  // One thread each. The library has no thread pool for connections that it did not accept itself.
  std::vector<Daemon> daemons_;
  size_t next_daemon_ = 0;  // the acceptor's
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> StartHttpServer(std::vector<ListenSocket> sockets, const HttpServerOptions& options,
                                                    HttpHandler handler) {
  const Result<unsigned> places = ConnectionPlaces(options.limits.connections, options.other_connections);
  if (!places) return places.error();
  HttpServerOptions possible = options;
  possible.limits.connections = *places;
  auto server = std::make_unique<MicrohttpdServer>(possible, std::move(handler));
  const Status started = server->Start(std::move(sockets));
  if (!started) return started.error();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace brahe::http
