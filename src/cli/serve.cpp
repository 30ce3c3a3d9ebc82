// weir serve: a server of its own, until a signal ends it.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <thread>
#include <vector>

#include "commands.hpp"
#include "duration.hpp"
#include "exit_codes.hpp"
#include "output.hpp"
#include "signals.hpp"
#include "transfer.hpp"
#include "weir/core/units.hpp"
#include "weir/server/server.hpp"

namespace weir::cli {
namespace {

/// What is under way has so long once a signal has come.
constexpr std::chrono::seconds kGrace{10};

std::vector<std::string> origins_of(std::string_view text) {
  std::vector<std::string> origins;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0) origins.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return origins;
}

Result<ServerOptions> options_of(const Options& options) {
  const ServeOptions& serve = options.serve;
  ServerOptions server;
  if (serve.to.empty()) {
    return Status(Kind::invalid_argument, "nothing says where finished uploads go")
        .during("run weir serve")
        .advise("Name a folder, or a place in a store: weir serve --to DIR|s3://bucket/incoming/");
  }
  server.to = serve.to;
  server.through = options.through;
  server.spool = serve.spool;
  server.endpoint = endpoint_options(options);
  server.origins = origins_of(serve.origins);
  if (!serve.tokens.empty()) {
    WEIR_ASSIGN(server.authorize, bearer_tokens(serve.tokens));
  }
  if (!serve.listen.empty()) server.listen = serve.listen;
  server.state_dir = options.state_dir;
  server.interim_responses = serve.interim_responses;
  if (!serve.max_size.empty()) {
    auto size = parse_size(serve.max_size);
    if (!size) return size.status().during("read --max-size");
    server.max_upload_bytes = *size;
  }
  if (!serve.expire.empty()) {
    WEIR_ASSIGN(server.lifetime, duration_of("expire", serve.expire));
  }
  return server;
}

}  // namespace

int run_serve(const CommandLine& line) {
  const Options& options = line.options;
  const auto fail = [&](const Status& status) { return report(status, options.json, options.colour); };
  SignalScope signals;
  auto how = options_of(options);
  if (!how) return fail(how.status());
  auto server = Server::start(*how);
  if (!server) return fail(server.status());
  Output output;
  if (!options.quiet) {
    const std::string url = (*server)->url();
    output.print_line(options.json ? fmt::format(R"({{"schema":"weir.v1","event":"serving","url":"{}"}})"
                                                 "\n",
                                                 url)
                                   : fmt::format("serving {0}: uploads (tus) at {0}/files\n", url));
  }
  signals.attach([] {});
  while (signals.received() == 0) std::this_thread::sleep_for(kTick);
  (*server)->stop(kGrace);
  return finish(output.status(), options);
}

}  // namespace weir::cli
