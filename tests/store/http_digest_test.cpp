// What a server says of the hash of a whole object: read as RFC 9530 has it, and held against the bytes.
#include "store/http_digest.hpp"
#include "net/base64.hpp"
#include "store/http_tools.hpp"
#include "weir/codec/digest.hpp"

namespace weir {
namespace {

using http::Carries;
using test::OneObject;
using test::Peer;
using test::Seen;

constexpr std::size_t kDigestedBytes = 20 * kMiB + 7;

std::string hex_of(const std::string& algorithm, std::string_view bytes) {
  auto digest = make_digest(algorithm);
  REQUIRE((*digest)->update(std::as_bytes(std::span(bytes))).ok());
  return *(*digest)->finish();
}

std::string base64_of(const std::string& algorithm, std::string_view bytes) {
  std::string raw;
  const std::string hex = hex_of(algorithm, bytes);
  for (std::size_t i = 0; i < hex.size(); i += 2) raw += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return net::base64(raw);
}

std::string line(const std::string& header, const std::string& name, std::string_view bytes) {
  const std::string algorithm = name == "sha-256" ? "sha256" : name == "sha-512" ? "sha512" : "md5";
  return header + ": " + name + "=:" + base64_of(algorithm, bytes) + ":\r\n";
}

std::string md5_line(std::string_view bytes) { return "Content-MD5: " + base64_of("md5", bytes) + "\r\n"; }

struct Read {
  Status status;
  std::string bytes;
  Facts facts;
};

Read read(const std::string& url, DownloadOptions options = {}) {
  options.retry.max_attempts = 4;
  const auto source = download_from(*http_origin(url), options);
  test::Reader reader(64 * kMiB, 48 * kMiB);
  auto bytes = reader.all(*source);
  return {bytes.status(), bytes.ok() ? *bytes : "", source->facts()};
}

}  // namespace

TEST_CASE("A dictionary of digests is read as RFC 8941 says, and what is none is ignored whole", "[http]") {
  using Members = std::vector<std::pair<std::string, std::string>>;
  CHECK(*http::byte_members("a=:YWJj:") == Members{{"a", "abc"}});
  CHECK(*http::byte_members("a=:YWI=:,b=:YQ:\t, c=:YQ==:") == Members{{"a", "ab"}, {"b", "a"}, {"c", "a"}});
  CHECK(*http::byte_members("a=:YQ==:, a=:Yg==:") == Members{{"a", "b"}});
  CHECK(*http::byte_members(
            R"(x, y=?1, z="a,\"b", n=-1.5;q=2, l=(a "b" :YQ==:;p);q, t=*tok/en:1, a=:YQ==:;x=:Yg==:;y)") ==
        Members{{"a", "a"}});
  CHECK(http::byte_members("")->empty());
  CHECK(http::byte_members("a=::")->front().second.empty());
  for (const char* wrong :
       {"a=:YWJj", "a=:YW J:", "a=:Y:", "a=:YWJj:,", ",a=:YWJj:", "A=:YWJj:", "a=:YWJj: b", "a=", "a==:YQ==:", "a=\"x",
        "a=\"x\\", "a=(b", "a=:YQ==:;", "a=:YQ==:;=1", "a=?2", "sha-256=YQ=="}) {
    INFO(wrong);
    CHECK_FALSE(http::byte_members(wrong).has_value());
  }
}

TEST_CASE("Of an answer, those hashes are believed that are of the whole", "[http]") {
  const std::string bytes = "hello";
  const auto told = [&](Carries carries, net::Headers headers) {
    net::Response head;
    head.headers = std::move(headers);
    std::string names;
    for (const ToldDigest& digest : http::told_digests(head, carries)) {
      CHECK(digest.value == hex_of(digest.algorithm, bytes));
      names += digest.algorithm + " ";
    }
    return names;
  };
  const std::string sha256 = "sha-256=:" + base64_of("sha256", bytes) + ":";
  const std::string sha512 = "sha-512=:" + base64_of("sha512", bytes) + ":";
  const std::string md5 = base64_of("md5", bytes);
  for (const Carries any : {Carries::nothing, Carries::part, Carries::whole}) {
    CHECK(told(any, {{"repr-digest", sha512 + ", " + sha256}}) == "sha256 sha512 ");
    CHECK(told(any, {{"repr-digest", sha512}, {"repr-digest", sha256}}) == "sha256 sha512 ");
    CHECK(told(any, {{"repr-digest", "crc32c=:AAAAAA==:, unixsum=:AAA=:"}}).empty());
    CHECK(told(any, {{"repr-digest", "sha-256=:AAAA:"}}).empty());  // too short to be one
    CHECK(told(any, {{"repr-digest", sha256 + ","}}).empty());
  }
  CHECK(told(Carries::whole, {{"content-digest", sha256}}) == "sha256 ");
  CHECK(told(Carries::part, {{"content-digest", sha256}}).empty());
  CHECK(told(Carries::nothing, {{"content-digest", sha256}}).empty());
  CHECK(told(Carries::whole, {{"content-md5", md5}}) == "md5 ");
  CHECK(told(Carries::nothing, {{"content-md5", md5}}) == "md5 ");
  CHECK(told(Carries::part, {{"content-md5", md5}}).empty());
  // Of the body that HEAD does not have.
  CHECK(told(Carries::nothing, {{"content-md5", base64_of("md5", "")}}).empty());
  CHECK(told(Carries::nothing, {{"content-length", "5"}, {"repr-digest", "sha-256=:" + base64_of("sha256", "") + ":"}})
            .empty());
}

TEST_CASE("An object whose hash the server tells is compared with it, and the receipt says so", "[http]") {
  const auto [size, in_get, in_head, fact] = GENERATE(
      table<std::size_t, std::string, std::string, std::string>({{kDigestedBytes, "Repr-Digest sha-256", "", "sha256"},
                                                                 {kDigestedBytes, "Repr-Digest sha-512", "", "sha512"},
                                                                 {kDigestedBytes, "", "Content-MD5", "md5"},
                                                                 {300, "Content-Digest sha-512", "", "sha512"},
                                                                 {300, "Content-MD5", "", "md5"},
                                                                 {300, "Repr-Digest sha-256", "Content-MD5", "sha256"},
                                                                 {0, "Repr-Digest sha-256", "", "sha256"}}));
  const std::string bytes = test::noise(size);
  const auto made = [](const std::string& what, std::string_view of) {
    if (what.empty()) return std::string();
    const std::size_t blank = what.find(' ');
    return blank == std::string::npos ? md5_line(of) : line(what.substr(0, blank), what.substr(blank + 1), of);
  };
  INFO(size << " " << in_get << " | " << in_head);
  OneObject server(bytes);
  server.headers += made(in_get, bytes);
  server.head_headers += made(in_head, bytes);
  const Read right = read(server.url());
  INFO(right.status.message());
  REQUIRE(right.status.ok());
  CHECK(right.bytes == bytes);
  CHECK(right.facts.at("source_" + fact + "_verified") == hex_of(fact, bytes));
  for (const Seen& seen : server.seen()) CHECK(seen.header("want-repr-digest") == "sha-256=10, sha-512=3");

  OneObject other(bytes);
  other.headers += made(in_get, bytes + "x");
  other.head_headers += made(in_head, bytes + "x");
  const Read wrong = read(other.url());
  CHECK(wrong.status.kind() == Kind::corrupt);
  CHECK_FALSE(wrong.status.retryable());
  CHECK(wrong.status.message().find("the server says " + hex_of(fact, bytes + "x")) != std::string::npos);
  CHECK(wrong.status.message().find(other.url()) != std::string::npos);
  CHECK(wrong.facts.count("source_" + fact + "_verified") == 0);
}

TEST_CASE("A hash is compared also where the length is not known, and where the body was cut", "[http]") {
  const std::string bytes = test::noise(900000);
  std::atomic<int> reads{0};
  OneObject* self = nullptr;
  OneObject chunked(bytes, [&](Peer& peer, const Seen& seen, int) {
    if (seen.method() == "HEAD") return peer.send("HTTP/1.1 200 OK\r\n" + self->headers + "\r\n");
    return peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + self->headers +
                     fmt::format("\r\n{:x}\r\n", bytes.size()) + bytes + "\r\n0\r\n\r\n");
  });
  self = &chunked;
  chunked.headers += line("Repr-Digest", "sha-256", bytes);
  CHECK(read(chunked.url()).facts.count("source_sha256_verified") == 1);

  OneObject cut(bytes, [&](Peer& peer, const Seen& seen, int) {
    if (seen.method() == "HEAD" || ++reads > 1) return false;
    peer.send(self->head_for(seen) + self->body_for(seen).substr(0, 300001));
    peer.close();
    return true;
  });
  self = &cut;
  cut.headers += line("Repr-Digest", "sha-256", bytes);
  const Read whole = read(cut.url());
  CHECK(whole.bytes == bytes);
  CHECK(whole.facts.count("source_sha256_verified") == 1);
  CHECK(reads == 2);
}

TEST_CASE("A hash that changes between two answers is another object, whatever the ETag says", "[http]") {
  const std::string bytes = test::noise(900000);
  std::atomic<int> reads{0};
  OneObject* self = nullptr;
  OneObject server(bytes, [&](Peer& peer, const Seen& seen, int) {
    if (seen.method() == "HEAD" || ++reads > 1) return false;
    peer.send(self->head_for(seen) + self->body_for(seen).substr(0, 300001));
    peer.close();
    self->change_headers("ETag: \"e\"\r\n" + line("Repr-Digest", "sha-256", "another"));
    return true;
  });
  self = &server;
  server.headers += line("Repr-Digest", "sha-256", bytes);
  CHECK(read(server.url()).status.kind() == Kind::source_changed);
}

TEST_CASE("A part is not held against the hash of the whole, and nothing is where that was not wanted", "[http]") {
  const std::string bytes = test::noise(300000);
  OneObject server(bytes);
  server.headers += line("Repr-Digest", "sha-256", "another");
  DownloadOptions part;
  part.range = {1000, 5000};
  const Read some = read(server.url(), part);
  REQUIRE(some.status.ok());
  CHECK(some.bytes == bytes.substr(1000, 5000));
  CHECK(some.facts.count("source_sha256_verified") == 0);
  DownloadOptions trusting;
  trusting.verify = false;
  const Read all = read(server.url(), trusting);
  CHECK(all.bytes == bytes);
  CHECK(all.facts.count("source_sha256_verified") == 0);
}

}  // namespace weir
