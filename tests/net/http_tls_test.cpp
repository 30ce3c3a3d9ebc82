// TLS against a real server with certificates made on the spot.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/http.hpp"
#include "net/http_tools.hpp"

using namespace weir;
using namespace weir::net;
using namespace weir::test;

namespace {

// A directory with an authority "ca", another authority "other", and a certificate of "ca" for localhost and one for
// another name. Removed at the end.
class Certificates {
 public:
  Certificates() {
    char name[] = "/tmp/weir-tls-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    dir_ = name;
    authority("ca");
    authority("other");
    signed_by_ca("server", "DNS:localhost,IP:127.0.0.1");
    signed_by_ca("elsewhere", "DNS:elsewhere.example");
    signed_by_ca("client", "DNS:client.example");
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() { std::filesystem::remove_all(dir_); }
  std::string file(const std::string& name) const { return dir_ + "/" + name; }

 private:
  void run(const std::string& command) const {
    REQUIRE(std::system(("cd " + dir_ + " && openssl " + command + " >log 2>&1").c_str()) == 0);
  }
  void authority(const std::string& name) const {
    run("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=" + name + " -keyout " + name + ".key -out " + name +
        ".pem");
  }
  void signed_by_ca(const std::string& name, const std::string& names) const {
    std::ofstream(file("names")) << "subjectAltName=" << names << "\n";
    run("req -newkey rsa:2048 -nodes -subj /CN=" + name + " -keyout " + name + ".key -out " + name + ".csr");
    run("x509 -req -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -in " + name + ".csr -out " + name +
        ".pem");
  }
  std::string dir_;
};

// `openssl s_server`: what is said goes to the client once it has connected.
class TlsServer {
 public:
  TlsServer(const Certificates& certificates, const std::string& name, std::vector<std::string> more = {}) {
    int to_child[2];
    int from_child[2];
    REQUIRE(pipe(to_child) == 0);
    REQUIRE(pipe(from_child) == 0);
    std::vector<std::string> words{"openssl", "s_server",
                                   "-accept", "127.0.0.1:0",
                                   "-cert",   certificates.file(name + ".pem"),
                                   "-key",    certificates.file(name + ".key")};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    child_ = fork();
    if (child_ == 0) {
      dup2(to_child[0], 0);
      dup2(from_child[1], 1);
      dup2(from_child[1], 2);
      for (const int fd : {to_child[0], to_child[1], from_child[0], from_child[1]}) close(fd);
      execvp("openssl", arguments.data());
      _exit(127);
    }
    close(to_child[0]);
    close(from_child[1]);
    in_ = to_child[1];
    out_ = from_child[0];
    const std::string line = read_until("ACCEPT ", "\n");
    port_ = line.substr(line.rfind(':') + 1);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(in_);
    close(out_);
  }

  void say(const std::string& text) const { REQUIRE(write(in_, text.data(), text.size()) > 0); }
  std::string url(const std::string& host = "localhost") const { return "https://" + host + ":" + port_ + "/k?hidden"; }
  /// What it prints (its clients' bytes among it) from `start` to `end`.
  std::string read_until(const std::string& start, const std::string& end) {
    std::size_t at;
    while ((at = seen_.find(start)) == std::string::npos || seen_.find(end, at + start.size()) == std::string::npos) {
      char bytes[4096];
      const auto count = read(out_, bytes, sizeof bytes);
      if (count <= 0) FAIL("s_server ended: " << seen_);
      seen_.append(bytes, static_cast<std::size_t>(count));
    }
    at += start.size();
    return seen_.substr(at, seen_.find(end, at) - at);
  }

 private:
  pid_t child_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string port_;
  std::string seen_;
};

ClientOptions trusting(const Certificates& certificates, const std::string& authority) {
  ClientOptions options;
  options.ca_bundle = certificates.file(authority + ".pem");
  return options;
}

}  // namespace

TEST_CASE("TLS works with the right authority, and says host and reason with a wrong one", "[http][tls]") {
  static const Certificates certificates;
  SECTION("the right authority, a body both ways") {
    TlsServer server(certificates, "server");
    server.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure");
    const auto answer =
        Client::make(trusting(certificates, "ca"))->fetch(request_to("PUT", server.url(), body_of("the body\n")));
    INFO(answer.status().message());
    REQUIRE(answer.ok());
    CHECK(answer.value().body == "secure");
    CHECK(server.read_until("PUT /k?hidden HTTP/1.1", "the body").find("Content-Length: 9") != std::string::npos);
  }
  SECTION("wrong authority, wrong host, no authority") {
    TlsServer server(certificates, "server");
    TlsServer elsewhere(certificates, "elsewhere");
    for (const auto& [options, url] :
         {std::pair{trusting(certificates, "other"), server.url()}, std::pair{ClientOptions{}, server.url()},
          std::pair{trusting(certificates, "ca"), elsewhere.url()}}) {
      const auto answer = Client::make(options)->fetch(request_to("PUT", url, body_of("secret")));
      REQUIRE_FALSE(answer.ok());
      UNSCOPED_INFO(answer.status().message());
      CHECK(answer.status().kind() == Kind::access_denied);
      CHECK_FALSE(answer.status().retryable());
      CHECK(answer.status().message().find("PUT https://localhost:") == 0);
      CHECK(answer.status().message().find("certificate") != std::string::npos);
      CHECK(answer.status().message().find("hidden") == std::string::npos);
    }
  }
  SECTION("not verifying is possible, and only by asking") {
    TlsServer server(certificates, "elsewhere");
    server.say("HTTP/1.1 204 OK\r\n\r\n");
    ClientOptions options;
    options.verify_tls = false;
    CHECK(Client::make(options)->fetch(request_to("GET", server.url())).ok());
  }
  SECTION("a CA bundle that is not there is named") {
    TlsServer server(certificates, "server");
    const auto answer = Client::make(trusting(certificates, "missing"))->fetch(request_to("GET", server.url()));
    CHECK(answer.status().kind() == Kind::invalid_argument);
    CHECK(answer.status().message().find("missing.pem") != std::string::npos);
  }
  SECTION("a client certificate is shown to a server that asks for one") {
    for (const bool show : {true, false}) {
      TlsServer server(certificates, "server",
                       {"-Verify", "2", "-CAfile", certificates.file("ca.pem"), "-verify_return_error"});
      server.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      ClientOptions options = trusting(certificates, "ca");
      if (show) {
        options.client_certificate = certificates.file("client.pem");
        options.client_key = certificates.file("client.key");
      }
      const auto answer = Client::make(options)->fetch(request_to("GET", server.url()));
      INFO(answer.status().message());
      CHECK(answer.ok() == show);
    }
  }
  SECTION("a refusal during an upload is heard through TLS") {
    TlsServer server(certificates, "server");
    server.say("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nwhy");
    const auto answer = Client::make(trusting(certificates, "ca"))
                            ->fetch(request_to("PUT", server.url(), body_of(std::string(8'000'000, '\n'))));
    INFO(answer.status().message());
    REQUIRE(answer.ok());
    CHECK(answer.value().status == 403);
    CHECK(answer.value().body == "why");
  }
  SECTION("an answer cut off is never taken for whole, with and without a length") {
    for (const bool length : {true, false}) {
      Answer answer;
      const auto client = Client::make(trusting(certificates, "ca"));
      {
        TlsServer server(certificates, "server");
        server.say(std::string("HTTP/1.1 200 OK\r\n") + (length ? "Content-Length: 500\r\n" : "") +
                   "\r\nthe first half\n");
        client->send(request_to("GET", server.url()), answer.taker());
        server.read_until("GET /k", "\r\n\r\n");
        std::this_thread::sleep_for(100ms);
      }
      INFO("length " << length << ", body: " << (answer.get().ok() ? answer.get().value().body : "none"));
      CHECK(answer.get().status().kind() == (length ? Kind::network : Kind::protocol));
      CHECK(answer.get().status().retryable() == length);
    }
  }
  SECTION("plain HTTP where TLS is expected is refused for good") {
    TlsServer server(certificates, "server");
    std::string url = server.url();
    const auto answer = Client::make({})->fetch(request_to("GET", url.replace(0, 5, "http")));
    CHECK_FALSE(answer.ok());
  }
}
