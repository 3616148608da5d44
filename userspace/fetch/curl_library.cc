#include "userspace/fetch/curl_library.h"

#include <dlfcn.h>

namespace brahe::fetch {
namespace {

// The same in each release since 2006; Debian's package has had the name libcurl3t64-gnutls since 2024.
constexpr const char* kSoname = "libcurl-gnutls.so.4";
constexpr const char* kRemedy =
    "; following pods, pushing by OTLP and asking an exporter need it: apt-get install libcurl3-gnutls";

Error LoadError() {
  const char* why = dlerror();
  return MakeError(std::string("cannot load ") + (why == nullptr ? "libcurl" : why) + kRemedy);
}

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

Result<CurlLibrary> LoadAndInitialize() {
  auto curl = LoadCurl(kSoname);
  if (!curl) return curl;
  const CURLcode code = curl->global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) return MakeError(std::string(kSoname) + ": " + curl->easy_strerror(code));
  return curl;
}

}  // namespace

Result<CurlLibrary> LoadCurl(const std::string& name) {
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return LoadError();
  CurlLibrary curl;
  const bool all =
      Find(library, "curl_global_init", curl.global_init) && Find(library, "curl_easy_init", curl.easy_init) &&
      Find(library, "curl_easy_cleanup", curl.easy_cleanup) && Find(library, "curl_easy_reset", curl.easy_reset) &&
      Find(library, "curl_easy_setopt", curl.easy_setopt) && Find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
      Find(library, "curl_easy_perform", curl.easy_perform) &&
      Find(library, "curl_easy_strerror", curl.easy_strerror) && Find(library, "curl_easy_escape", curl.easy_escape) &&
      Find(library, "curl_slist_append", curl.slist_append) &&
      Find(library, "curl_slist_free_all", curl.slist_free_all) &&  //
      Find(library, "curl_url", curl.url) && Find(library, "curl_url_cleanup", curl.url_cleanup) &&
      Find(library, "curl_url_get", curl.url_get) &&  //
      Find(library, "curl_url_set", curl.url_set) &&  //
      Find(library, "curl_free", curl.free);
  if (!all) return LoadError();
  return curl;
}

const Result<CurlLibrary>& Curl() {
  static const Result<CurlLibrary> kCurl = LoadAndInitialize();
  return kCurl;
}

}  // namespace brahe::fetch
