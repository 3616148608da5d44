#pragma once

#include "userspace/http/http_message.h"

namespace brahe::exporter {

// Where the files of the page at / are.
inline constexpr char kPageFolder[] = "/assets/";

// The answer to a request for one of them, whose path begins with kPageFolder: the file, in the coding that the client
// takes; 304 where it has it already; 404.
http::HttpResponse PageFile(const http::HttpRequest& request);

}  // namespace brahe::exporter
