// Names, options and answers of Vercel Blob, without a service.
#include <catch2/catch.hpp>

#include "store/vercel_json.hpp"
#include "store/vercel_options.hpp"
#include "weir/store/vercel_blob.hpp"

namespace weir::vercel {

TEST_CASE("vercel:// names a store and a path, byte for byte") {
  const auto place = VercelLocation::parse("vercel://store_AbC123/dir/a b%20?.txt");
  REQUIRE(place.ok());
  CHECK(place->store == "AbC123");
  CHECK(place->path == "dir/a b%20?.txt");
  CHECK(place->url() == "vercel://AbC123/dir/a b%20?.txt");
  CHECK(VercelLocation::parse("vercel://AbC123")->path.empty());
  for (const char* wrong : {"s3://b/k", "vercel:", "vercel://", "vercel:///p", "vercel://a b/p", "vercel://store_/p"}) {
    CHECK(VercelLocation::parse(wrong).error().kind == Kind::invalid_argument);
  }
}

TEST_CASE("A path has at most 950 UTF-16 units, no //, and nothing that changes its URL") {
  CHECK(check_vercel_path("a/b.c/..d/ü").ok());
  CHECK(check_vercel_path("folder/").ok());
  CHECK(check_vercel_path(std::string(950, 'x')).ok());
  CHECK(check_vercel_path(std::string(951, 'x')).kind() == Kind::limit);
  std::string emoji;
  for (int i = 0; i < 475; ++i) emoji += "🌊";
  CHECK(check_vercel_path(emoji).ok());
  CHECK(check_vercel_path(emoji + "x").kind() == Kind::limit);
  for (const char* wrong : {"", "/a", "a//b", "a/../b", "..", "./a", "a/.", "a\nb", "\xff", "a\xc3", "\xed\xa0\x80"}) {
    CHECK(check_vercel_path(wrong).kind() == Kind::invalid_argument);
  }
}

TEST_CASE("Write options become headers, and what cannot be kept is refused") {
  Settings settings;
  ObjectOptions options;
  options.content_type = "text/weir";
  options.cache_control = "public, max-age=60";
  options.if_match = "abc";
  options.headers = {{"X-Vercel-Blob-Access", "private"}};
  const auto headers = write_headers(settings, options);
  REQUIRE(headers.ok());
  CHECK(*headers == net::Headers{{"x-vercel-blob-access", "private"},
                                 {"x-add-random-suffix", "0"},
                                 {"x-allow-overwrite", "1"},
                                 {"x-content-type", "text/weir"},
                                 {"x-cache-control-max-age", "60"},
                                 {"x-if-match", "\"abc\""}});
  const auto kind = [&](auto change) {
    ObjectOptions changed;
    change(changed);
    return write_headers(settings, changed).error().kind;
  };
  CHECK(kind([](auto& o) { o.metadata["a"] = "b"; }) == Kind::unsupported);
  CHECK(kind([](auto& o) { o.tags["a"] = "b"; }) == Kind::unsupported);
  CHECK(kind([](auto& o) { o.content_encoding = "gzip"; }) == Kind::unsupported);
  CHECK(kind([](auto& o) { o.content_disposition = "inline"; }) == Kind::unsupported);
  CHECK(kind([](auto& o) { o.storage_class = "cold"; }) == Kind::unsupported);
  CHECK(kind([](auto& o) { o.cache_control = "no-store"; }) == Kind::unsupported);
  CHECK(kind([](auto& o) { o.headers["authorization"] = "x"; }) == Kind::unsupported);
  CHECK(kind([](auto& o) { o.content_type = "a\r\nb: c"; }) == Kind::invalid_argument);
  CHECK(kind([](auto& o) { o.no_clobber = true, o.if_match = "x"; }) == Kind::invalid_argument);
}

TEST_CASE("Answers that are not what they should be are protocol errors that do not repeat the body") {
  for (const char* body : {"", "null", "[]", "{}", "{\"etag\":1,\"pathname\":2}", "not json <secret>",
                           "{\"blobs\":[{}]}", "{\"blobs\":[],\"hasMore\":true}", "{\"blobs\":{},\"hasMore\":false}",
                           "{\"uploadId\":\"a b\",\"key\":\"k\"}"}) {
    INFO(body);
    for (const Status& status : {parse_blob(body).status(), parse_listing(body).status(), parse_created(body).status(),
                                 parse_etag(body).status()}) {
      CHECK(status.kind() == Kind::protocol);
      CHECK(status.retryable());
      CHECK(status.message().find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("Id and key of an upload survive being one text") {
  const UploadId upload{"id/with+signs==", "store/a key with blanks"};
  const UploadId back = UploadId::of(upload.text());
  CHECK(back.id == upload.id);
  CHECK(back.key == upload.key);
}

}  // namespace weir::vercel
