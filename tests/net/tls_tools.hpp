// A TLS server with certificates made on the spot.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace weir::test {

/// A directory with an authority "ca", another authority "other", and a certificate of "ca" for localhost and one for
/// another name. Removed at the end.
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

/// `openssl s_server`: what is said goes to the client once it has connected.
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
  const std::string& port() const { return port_; }
  /// Whether it prints `text` in time; what comes before is forgotten.
  bool hears(const std::string& text, std::chrono::milliseconds within = std::chrono::seconds(20)) {
    const auto until = std::chrono::steady_clock::now() + within;
    for (std::size_t at; (at = seen_.find(text)) == std::string::npos;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd wait{out_, POLLIN, 0};
      char bytes[4096];
      if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) != 1) return false;
      const auto count = ::read(out_, bytes, sizeof bytes);
      if (count <= 0) return false;
      seen_.append(bytes, static_cast<std::size_t>(count));
    }
    seen_.erase(0, seen_.find(text) + text.size());
    return true;
  }
  /// What it prints (its clients' bytes among it) from `start` to `end`.
  std::string read_until(const std::string& start, const std::string& end) {
    std::size_t at;
    while ((at = seen_.find(start)) == std::string::npos || seen_.find(end, at + start.size()) == std::string::npos) {
      char bytes[4096];
      const auto count = ::read(out_, bytes, sizeof bytes);
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

}  // namespace weir::test
