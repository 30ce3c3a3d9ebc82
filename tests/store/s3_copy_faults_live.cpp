// Copies inside S3 that are made in parts, while the store breaks: the whole object, or an error and no upload left.
#include <future>

#include "store/s3_fault_tools.hpp"
#include "store/s3_store.hpp"

namespace weir::live {
namespace {

constexpr std::uint64_t kCopyPart = 5 * kMiB;
const s3::CopyLimits kInParts{kMiB, kCopyPart};

std::string state() {
  net::Request request;
  request.url = variable("WEIR_TEST_S3_ENDPOINT") + "/_weir/state";
  request.max_body_bytes = 16 * kMiB;
  const auto answer = net::Client::make({})->fetch(request);
  REQUIRE(answer.ok());
  return answer->body;
}

/// What the server says of uploads that were begun and neither completed nor aborted.
bool has_open_uploads() { return state().find("\"open_uploads\": []") == std::string::npos; }

/// Whether one of the faults has been met.
bool has_fired() {
  constexpr std::string_view kFired = "\"fired\": ";
  const std::string told = state();
  std::size_t at = told.find(kFired);
  while (at != std::string::npos && told[at + kFired.size()] == '0') at = told.find(kFired, at + 1);
  return at != std::string::npos;
}

/// An object of three parts at a server that breaks as `list` says.
struct Copying {
  explicit Copying(const std::string& list, const ObjectOptions& as = {}) : options(as) {
    Faults().play("{}");  // a server that knows nothing
    REQUIRE(put_whole(*s3_target(client(), from), memory_part(bytes)).ok());
    faults.emplace(list);
  }
  Result<ObjectInfo> copy(const s3::CopyLimits& limits = kInParts, store::Cancellation* stop = nullptr) const {
    return s3::copy_object(std::static_pointer_cast<s3::Wire>(client()), from, to, options, limits, stop);
  }

  const std::string bytes = noise(2 * kCopyPart + 1000);
  const S3Location from = location("parts/from");
  const S3Location to = location("parts/to");
  const ObjectOptions options;
  std::optional<Faults> faults;
};

}  // namespace

TEST_CASE("A copy in parts rides out what passes, and is whole", "[s3][fault]") {
  if (!has_faults()) return;
  for (const std::string& list :
       {fault("UploadPartCopy", "reset_request_at", "\"at\":10"),
        fault("UploadPartCopy", "reset_reply_at", "\"at\":40"), fault("UploadPartCopy", "lost_reply", "\"part\":2"),
        fault("UploadPartCopy", "ok_with_error", "\"spaces\":9"),
        fault("UploadPartCopy", "status", "\"status\":500,\"times\":2"),
        fault("UploadPartCopy", "status", R"("status":503,"code":"SlowDown","headers":{"Retry-After":"1"})"),
        fault("UploadPartCopy", "status", R"("status":429,"code":"TooManyRequests")"),
        fault("UploadPartCopy", "stall", "\"seconds\":1,\"at\":50"),
        fault("UploadPartCopy", "close_early", "\"at\":60,\"part\":3"),
        fault("CreateMultipartUpload", "status", "\"status\":500"),
        fault("CompleteMultipartUpload", "status", "\"status\":500"),
        fault("CompleteMultipartUpload", "ok_with_error", "\"spaces\":9"),
        fault("CompleteMultipartUpload", "reset_reply_at", "\"at\":30"),
        fault("CompleteMultipartUpload", "lost_reply")}) {
    INFO(list);
    const Copying copying(list);
    const auto copied = copying.copy();
    INFO(copied.status().message());
    REQUIRE(copied.ok());
    CHECK(copied->size == copying.bytes.size());
    CHECK(*read_back(copying.to) == copying.bytes);
    CHECK_FALSE(has_open_uploads());
  }
}

TEST_CASE("A copy in parts that fails in its middle leaves neither object nor upload", "[s3][fault]") {
  if (!has_faults()) return;
  const std::string refused = R"("status":403,"code":"AccessDenied","times":99)";
  const std::string second = "\"part\":2,";
  struct Row {
    std::string list;
    Kind kind;
  };
  const Row rows[] = {
      {fault("UploadPartCopy", "status", second + refused), Kind::access_denied},
      {fault("UploadPartCopy", "ok_with_error", second + R"("code":"AccessDenied","times":99)"), Kind::access_denied},
      {fault("UploadPartCopy", "no_etag", second + "\"times\":99"), Kind::protocol},
      {fault("UploadPartCopy", "garbage", second + "\"times\":99"), Kind::protocol},
      {fault("UploadPartCopy", "replaced_object", "\"part\":3"), Kind::source_changed},
      {fault("UploadPartCopy", "lost_upload", "\"part\":3"), Kind::not_found},
      {fault("CompleteMultipartUpload", "status", refused), Kind::access_denied},
      {fault("CompleteMultipartUpload", "lost_part", "\"number\":2"), Kind::invalid_argument},
      // Clearing up has its own faults.
      {fault("UploadPartCopy", "status", second + refused) + "," +
           fault("AbortMultipartUpload", "status", "\"status\":503,\"times\":2") + "," +
           fault("AbortMultipartUpload", "lost_reply"),
       Kind::access_denied},
  };
  for (const Row& row : rows) {
    INFO(row.list);
    const Copying copying(row.list);
    const auto copied = copying.copy();
    INFO(copied.status().message());
    REQUIRE_FALSE(copied.ok());
    CHECK(copied.error().kind == row.kind);
    CHECK(copied.status().message().find(copying.to.url()) != std::string::npos);
    CHECK(client()->head(copying.to).error().kind == Kind::not_found);
    CHECK_FALSE(has_open_uploads());
  }
}

TEST_CASE("A copy in parts whose completion is lost, and forgotten, is settled by looking", "[s3][fault]") {
  if (!has_faults()) return;
  // The repeat is told what a store says that remembers no finished uploads, or that there is an object already.
  for (const char* refusal : {R"("status":404,"code":"NoSuchUpload")", R"("status":412,"code":"PreconditionFailed")"}) {
    INFO(refusal);
    ObjectOptions absent;
    absent.no_clobber = true;
    const Copying copying(
        fault("CompleteMultipartUpload", "lost_reply") + "," + fault("CompleteMultipartUpload", "status", refusal),
        absent);
    const auto copied = copying.copy();
    INFO(copied.status().message());
    REQUIRE(copied.ok());
    CHECK(*read_back(copying.to) == copying.bytes);
    CHECK_FALSE(has_open_uploads());
  }
}

TEST_CASE("A copy that is cancelled ends soon, at whatever step, and leaves no upload", "[s3][fault]") {
  if (!has_faults()) return;
  const std::string stalled = R"("seconds":25,"times":99)";
  struct Row {
    std::string list;
    s3::CopyLimits limits;
    bool in_doubt = false;  ///< the request that makes the object was under way
  };
  const s3::CopyLimits at_once{5ull << 30, kCopyPart};
  const Row rows[] = {
      {fault("HeadObject", "stall", stalled), at_once, false},
      {fault("CopyObject", "stall", stalled), at_once, true},
      {fault("CopyObject", "status", R"("status":503,"headers":{"Retry-After":"20"},"times":99)"), at_once, true},
      {fault("UploadPartCopy", "stall", stalled), kInParts, false},
      {fault("UploadPartCopy", "stall", stalled) + "," + fault("AbortMultipartUpload", "status", "\"status\":503"),
       kInParts, false},
      {fault("CompleteMultipartUpload", "stall", R"("when":"request",)" + stalled), kInParts, true},
  };
  for (const Row& row : rows) {
    INFO(row.list);
    const Copying copying(row.list);
    store::Cancellation stop;
    auto copied = std::async(std::launch::async, [&] { return copying.copy(row.limits, &stop); });
    while (!has_fired() && copied.wait_for(std::chrono::milliseconds(10)) == std::future_status::timeout) {
    }
    const auto before = std::chrono::steady_clock::now();
    stop.cancel();
    const auto result = copied.get();
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));  // a second; the machine may be loaded
    INFO(result.status().message());
    CHECK(result.status().kind() == Kind::cancelled);
    CHECK((result.status().message().find("not known") != std::string::npos) == row.in_doubt);
    CHECK_FALSE(has_open_uploads());
  }
}

TEST_CASE("A copy of a Store's is cancelled from outside and answers once", "[s3][fault]") {
  if (!has_faults()) return;
  const Copying copying(fault("CopyObject", "stall", R"("seconds":25)"));
  std::promise<Result<ObjectInfo>> made;
  auto store = s3_store(client(), copying.to.bucket);
  const auto cancel = store->copy(copying.from.url(), copying.to.key, {},
                                  [&](Result<ObjectInfo> result) { made.set_value(std::move(result)); });
  store.reset();
  cancel();
  auto answer = made.get_future();
  REQUIRE(answer.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(answer.get().status().kind() == Kind::cancelled);
  cancel();
}

TEST_CASE("A copy that never hears of its end says that nobody knows", "[s3][fault]") {
  if (!has_faults()) return;
  const S3Location from = location("never/from");
  const S3Location to = location("never/to");
  REQUIRE(put_whole(*s3_target(client(), from), memory_part("x")).ok());
  const Faults faults(fault("CopyObject", "lost_reply", "\"times\":99"));
  S3Options hasty = options();
  hasty.attempts = 2;
  const auto copied =
      s3::copy_object(std::static_pointer_cast<s3::Wire>(client(hasty)), from, to, {}, {5ull << 30, kCopyPart});
  CHECK(copied.error().kind == Kind::network);
  CHECK(copied.error().advice.find("not known") != std::string::npos);
}

}  // namespace weir::live
