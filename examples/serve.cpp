// A program that takes uploads in itself: `example_serve FOLDER [ADDRESS]`, and then, say, `curl -T file URL`.
#include <cstdio>
#include <weir/weir.hpp>

int main(int argc, char** argv) {
  weir::ServerOptions options;
  options.to = argc > 1 ? argv[1] : "incoming";
  if (argc > 2) options.listen = argv[2];
  auto server = weir::Server::start(options);
  if (!server) return std::fprintf(stderr, "%s\n", server.status().message().c_str()), 1;
  std::printf("uploads at %s/files/ until Enter is pressed\n", (*server)->url().c_str());
  std::fflush(stdout);
  (void)std::getchar();
  (*server)->stop();  // what is under way has ten seconds
}
