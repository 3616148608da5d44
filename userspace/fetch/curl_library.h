#pragma once

#include <curl/curl.h>

#include <string>

#include "userspace/base/result.h"

namespace brahe::fetch {

// The functions of libcurl that are used, in the flavour whose TLS is GnuTLS, as that of our own server. It is loaded
// and not linked: a node that follows no pods and pushes nothing has no use for it, nor for the libraries that come
// with it.
struct CurlLibrary {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_easy_escape) easy_escape = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
  decltype(&curl_url) url = nullptr;
  decltype(&curl_url_cleanup) url_cleanup = nullptr;
  decltype(&curl_url_get) url_get = nullptr;
  decltype(&curl_url_set) url_set = nullptr;
  decltype(&curl_free) free = nullptr;
};

// Loads a library by its soname or path, and keeps it until the process ends. The Error names it, what the loader says
// and the package to install.
Result<CurlLibrary> LoadCurl(const std::string& name);

// The one of this machine, loaded and initialized by the first call. Any thread.
const Result<CurlLibrary>& Curl();

}  // namespace brahe::fetch
