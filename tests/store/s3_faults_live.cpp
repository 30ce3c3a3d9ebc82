// The S3 store against the project's own fault server: a strict S3 that breaks where it is told to.
#include "store/s3_fault_tools.hpp"

namespace weir::live {
namespace {

struct Upload {
  explicit Upload(const std::string& name) : target(s3_target(client(), location(name))) {
    const auto begun = live::begin(*target);
    INFO(begun.status().message());
    REQUIRE(begun.ok());
    id = *begun;
  }
  ~Upload() {
    Status status = abort(*target, id);
    if (status.retryable()) status = abort(*target, id);
    CHECK(status.ok());
  }
  Result<PartReceipt> put(const std::string& bytes) { return put_part(*target, id, memory_part(bytes)); }
  Result<Stored> complete(const PartReceipt& part, const std::string& bytes) {
    return commit(*target, id, {part}, {bytes.size(), crc(bytes)});
  }
  std::shared_ptr<Target> target;
  std::string id;
};

}  // namespace

TEST_CASE("A part that fails says what may be done, and works when it is sent again", "[s3][fault]") {
  if (!has_faults()) return;
  struct Row {
    std::string fault;
    Kind kind;
    Retry retry;
    bool may_heal = false;  ///< libcurl itself repeats a PUT where a kept connection dies without an answer
  };
  const Row rows[] = {
      {fault("UploadPart", "status", "\"status\":500"), Kind::unavailable, Retry::transient},
      {fault("UploadPart", "status", "\"status\":503,\"code\":\"SlowDown\""), Kind::unavailable, Retry::throttled},
      {fault("UploadPart", "status", "\"status\":429,\"code\":\"TooManyRequests\",\"early\":true"), Kind::unavailable,
       Retry::throttled},
      {fault("UploadPart", "status", "\"status\":400,\"code\":\"RequestTimeout\""), Kind::timeout, Retry::transient},
      {fault("UploadPart", "expired_token"), Kind::access_denied, Retry::credentials},
      {fault("UploadPart", "skewed_clock", "\"seconds\":7200"), Kind::access_denied, Retry::clock},
      {fault("UploadPart", "reset_request_at", "\"at\":5000"), Kind::network, Retry::transient, true},
      {fault("UploadPart", "reset_reply_at", "\"at\":20"), Kind::network, Retry::transient},
      {fault("UploadPart", "lost_reply"), Kind::network, Retry::transient, true},
      {fault("UploadPart", "garbage"), Kind::protocol, Retry::never},
      {fault("UploadPart", "flip_byte", "\"at\":77"), Kind::corrupt, Retry::transient},
      {fault("UploadPart", "no_etag"), Kind::protocol, Retry::transient},
      {fault("UploadPart", "wrong_checksum"), Kind::corrupt, Retry::transient},
  };
  for (const Row& row : rows) {
    INFO(row.fault);
    Upload upload("faulty-part");
    Faults faults(row.fault);
    const auto failed = upload.put(noise(100000));
    INFO(failed.status().message());
    if (failed && row.may_heal) continue;
    CHECK(failed.error().kind == row.kind);
    CHECK(failed.error().retry == row.retry);
    const auto again = upload.put(noise(100000));
    INFO(again.status().message());
    CHECK(again.ok());
  }
}

TEST_CASE("A completion that fails behind its 200 is repeated", "[s3][fault]") {
  if (!has_faults()) return;
  Upload upload("error-in-200");
  const std::string bytes = noise(1000);
  const auto part = upload.put(bytes);
  REQUIRE(part.ok());
  Faults faults(fault("CompleteMultipartUpload", "ok_with_error", "\"spaces\":50"));
  const auto failed = upload.complete(*part, bytes);
  CHECK(failed.error().kind == Kind::unavailable);
  CHECK(failed.error().retry == Retry::transient);
  CHECK(failed.error().http_status == 200);
  CHECK(upload.complete(*part, bytes).ok());
}

TEST_CASE("A completion whose reply is lost is settled by looking at the object", "[s3][fault]") {
  if (!has_faults()) return;
  Upload upload("lost-reply");
  const std::string bytes = noise(1000);
  const auto part = upload.put(bytes);
  REQUIRE(part.ok());
  Faults faults(fault("CompleteMultipartUpload", "lost_reply"));
  CHECK(upload.complete(*part, bytes).error().retry == Retry::transient);
  const auto repeated = upload.complete(*part, bytes);
  CHECK((repeated.ok() || repeated.error().kind == Kind::not_found));
  CHECK(inspect(*upload.target)->crc64nvme == crc(bytes));
}

TEST_CASE("A download survives cuts at any byte and refuses what is wrong", "[s3][fault]") {
  if (!has_faults()) return;
  const S3Location place = location("faulty-download");
  const std::string bytes = noise(3 * kMiB + 7);
  const auto read_with = [&](const std::string& list) {
    REQUIRE(put_whole(*s3_target(client(), place), memory_part(bytes)).ok());
    Faults faults(list);
    return read_back(place);
  };
  const std::string cut = fault("GetObject", "close_early", "\"at\":1000001");
  for (const std::string& harmless :
       {fault("GetObject", "reset_reply_at", "\"at\":1"),
        fault("GetObject", "reset_reply_at", "\"at\":700000,\"times\":3"), cut, fault("GetObject", "lost_reply"),
        fault("GetObject", "status", "\"status\":503,\"code\":\"SlowDown\""),
        cut + "," + fault("GetObject", "ignore_range"), cut + "," + fault("GetObject", "wrong_range")}) {
    INFO(harmless);
    const auto read = read_with(harmless);
    INFO(read.status().message());
    REQUIRE(read.ok());
    CHECK(*read == bytes);
  }
  CHECK(read_with(fault("GetObject", "garbage")).error().kind == Kind::protocol);
  CHECK(read_with(fault("GetObject", "flip_byte", "\"at\":2000000")).error().kind == Kind::corrupt);
  CHECK(read_with(cut + "," + fault("GetObject", "replaced_object")).error().kind == Kind::source_changed);
}

TEST_CASE("Ranges read at once survive the same, and are never a mixture", "[s3][fault]") {
  if (!has_faults()) return;
  const S3Location place = location("faulty-ranges");
  const std::string bytes = noise(7 * kMiB + 7);
  const auto read_with = [&](const std::string& list) {
    REQUIRE(put_whole(*s3_target(client(), place), memory_part(bytes)).ok());
    Faults faults(list);
    return read_in_ranges(place);
  };
  const std::string later = "\"skip\":3";
  for (const std::string& harmless :
       {fault("GetObject", "reset_reply_at", "\"at\":1,\"times\":5"),
        fault("GetObject", "reset_reply_at", "\"at\":700000,\"times\":9"),
        fault("GetObject", "close_early", "\"at\":100001,\"times\":4"), fault("GetObject", "lost_reply", later),
        fault("GetObject", "status", "\"status\":503,\"code\":\"SlowDown\""), fault("GetObject", "wrong_range", later),
        fault("GetObject", "ignore_range", later + ",\"times\":100"),
        fault("GetObject", "ignore_range", "\"times\":100")}) {
    INFO(harmless);
    const auto read = read_with(harmless);
    INFO(read.status().message());
    REQUIRE(read.ok());
    CHECK(*read == bytes);
  }
  CHECK(read_with(fault("GetObject", "flip_byte", "\"at\":1000," + later)).error().kind == Kind::corrupt);
  CHECK(read_with(fault("GetObject", "replaced_object", later)).error().kind == Kind::source_changed);
  CHECK(read_with(fault("GetObject", "garbage", later)).error().kind == Kind::protocol);
}

TEST_CASE("A stalled answer ends as timeout and is asked for again", "[s3][fault]") {
  if (!has_faults()) return;
  const S3Location place = location("stalled");
  REQUIRE(put_whole(*s3_target(client(), place), memory_part(noise(100000))).ok());
  S3Options impatient = options();
  impatient.stall_timeout = std::chrono::milliseconds(300);
  Faults faults(fault("GetObject", "stall", "\"seconds\":3,\"at\":5000"));
  auto source = download_from(s3_origin(client(impatient), place));
  const auto start = std::chrono::steady_clock::now();
  CHECK(*Reader().all(*source) == noise(100000));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(2500));
}

TEST_CASE("Object operations repeat what may work again", "[s3][fault]") {
  if (!has_faults()) return;
  const S3Location place = location("operations");
  REQUIRE(put_whole(*s3_target(client(), place), memory_part("x")).ok());
  Faults faults(fault("HeadObject", "status", "\"status\":500,\"times\":2") + "," +
                fault("ListObjectsV2", "lost_reply") + "," + fault("DeleteObject", "reset_reply_at", "\"at\":3"));
  CHECK(client()->head(place).ok());
  CHECK(client()->list(place.bucket, {}).ok());
  CHECK(client()->remove(place).ok());
}

TEST_CASE("A wrong region is corrected", "[s3]") {
  S3Options wrong = options();
  wrong.region = "eu-central-9";
  const auto listing = client(wrong)->list(bucket(), {});
  INFO(listing.status().message());
  if (listing.ok() || is_lenient() || is_minio() || variable("WEIR_TEST_S3_SERVER") == "fault") {
    CHECK(listing.ok());
  } else {
    WARN("this server does not say which region is right");
    CHECK(listing.error().kind != Kind::ok);
  }
}

}  // namespace weir::live
