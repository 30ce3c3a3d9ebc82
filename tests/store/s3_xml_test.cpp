#include "store/s3_xml.hpp"

#include <catch2/catch.hpp>

namespace weir::s3 {

TEST_CASE("An error behind a 200 and blanks sent to keep the connection is seen", "[s3]") {
  const std::string body =
      "   \r\n\n<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>Try again</Message>"
      "<RequestId>R1</RequestId></Error>";
  CHECK(is_error(body));
  CHECK(parse_error(body).code == "InternalError");
  CHECK(parse_error(body).request_id == "R1");
  CHECK_FALSE(parse_completed(body).ok());
  CHECK_FALSE(is_error("<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>"));
  CHECK_FALSE(is_error(""));
}

TEST_CASE("A completion without an ETag, or of another kind, is a protocol error worth a retry", "[s3]") {
  for (const char* body :
       {"", "   ", "<html>proxy</html>", "<CompleteMultipartUploadResult/>", "<CompleteMultipartUploadResult",
        "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"}) {
    const auto completed = parse_completed(body);
    CHECK(completed.error().kind == Kind::protocol);
    CHECK(completed.error().retry == Retry::transient);
  }
  const auto good = parse_completed(
      " <CompleteMultipartUploadResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><ETag>&quot;abc-2&quot;</ETag>"
      "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></CompleteMultipartUploadResult>");
  REQUIRE(good.ok());
  CHECK(good->etag == "abc-2");
  CHECK(good->checksum == "rosUhgp5mIg=");
}

TEST_CASE("Entities of a document type are not expanded, and deep nesting is no danger", "[s3]") {
  const std::string bomb =
      "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><Error><Code>&b;</Code></Error>";
  CHECK(parse_error(bomb).code == "&b;");
  std::string deep = "<Error>";
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  CHECK(parse_error(deep).code.empty());
  std::string closed = "<Error><Code>X</Code>";
  for (int i = 0; i < 100000; ++i) closed += "<a>";
  for (int i = 0; i < 100000; ++i) closed += "</a>";
  CHECK(parse_error(closed + "</Error>").code == "X");
}

TEST_CASE("A listing gives names as they are, and its next page only where there is one", "[s3]") {
  const auto page = parse_listing(
      "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>t+1</NextContinuationToken>"
      "<Contents><Key>a+b%2Bc%20%0A%C3%A9</Key><Size>18446744073709551615</Size><ETag>\"e\"</ETag>"
      "<LastModified>2026-11-24T12:00:01.000Z</LastModified></Contents>"
      "<CommonPrefixes><Prefix>p%2F/</Prefix></CommonPrefixes></ListBucketResult>");
  REQUIRE(page.ok());
  CHECK(page->objects.at(0).key == "a b+c \n\u00e9");
  CHECK(page->objects.at(0).size == 18446744073709551615ull);
  CHECK(page->objects.at(0).modified_unix == 1795521601);
  CHECK(page->common_prefixes.at(0) == "p//");
  CHECK(page->next_token == "t+1");
  const auto last = parse_listing(
      "<ListBucketResult><IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>"
      "<Contents><Key>a+b%20</Key><Size>1</Size></Contents></ListBucketResult>");
  CHECK(last->next_token.empty());
  CHECK(last->objects.at(0).key == "a+b%20");
}

TEST_CASE("A list of unfinished uploads gives names as they are, and where its next page begins", "[s3]") {
  const auto page = parse_uploads(
      "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextKeyMarker>a+b%0A</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>"
      "<Upload><Key>a+b%2Bc</Key><UploadId>1</UploadId><Initiated>2026-11-24T12:00:01.000Z</Initiated></Upload>"
      "<Upload><Key>a+b%0A</Key><UploadId>2</UploadId></Upload></ListMultipartUploadsResult>");
  REQUIRE(page.ok());
  REQUIRE(page->uploads.size() == 2);
  CHECK(page->uploads[0].key == "a b+c");
  CHECK(page->uploads[0].id == "1");
  CHECK(page->uploads[0].begun_unix == 1795521601);
  CHECK(page->uploads[1].begun_unix == 0);
  CHECK(page->truncated);
  CHECK(page->next_key == "a b\n");
  CHECK(page->next_id == "2");
  for (const char* body : {
           "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>",
           "<ListMultipartUploadsResult><Upload><Key>a</Key></Upload></ListMultipartUploadsResult>",
           "<ListMultipartUploadsResult><Upload><UploadId>a</UploadId></Upload></ListMultipartUploadsResult>",
       }) {
    INFO(body);
    CHECK(parse_uploads(body).error().kind == Kind::protocol);
  }
}

TEST_CASE("A listing that cannot be right is a protocol error", "[s3]") {
  for (const char* body : {
           "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
           "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
           "<ListBucketResult><Contents><Key>a</Key><Size>18446744073709551616</Size></Contents></ListBucketResult>",
           "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
           "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%4</Key><Size>1</Size></Contents></"
           "ListBucketResult>",
       }) {
    INFO(body);
    CHECK(parse_listing(body).error().kind == Kind::protocol);
  }
}

TEST_CASE("A list of parts gives sizes, ETags and checksums, and the marker of its next page", "[s3]") {
  const auto page = parse_parts(
      "<ListPartsResult><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><IsTruncated>true</IsTruncated>"
      "<NextPartNumberMarker>2</NextPartNumberMarker>"
      "<Part><PartNumber>1</PartNumber><Size>9</Size><ETag>\"a\"</ETag><ChecksumCRC64NVME>rosUhgp5mIg=</"
      "ChecksumCRC64NVME></Part>"
      "<Part><PartNumber>2</PartNumber><Size>5</Size><ETag>\"b\"</ETag></Part></ListPartsResult>");
  REQUIRE(page.ok());
  CHECK(page->parts.at(0).crc64nvme == 0xAE8B14860A799888);
  CHECK(page->parts.at(1).offset == 9);
  CHECK(page->next_marker == 2);
  CHECK(page->algorithm == "CRC64NVME");
  CHECK_FALSE(
      parse_parts("<ListPartsResult><Part><PartNumber>1</PartNumber><Size>9</Size></Part></ListPartsResult>").ok());
  CHECK_FALSE(parse_parts("<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>").ok());
  CHECK(parse_parts("<ListPartsResponse><IsTruncated>false</IsTruncated></ListPartsResponse>").ok());
}

TEST_CASE("A completion lists per-part checksums exactly when asked", "[s3]") {
  const std::vector<PartReceipt> parts{{1, 0, 9, 0xAE8B14860A799888, "a&<", {}}};
  CHECK(complete_body(parts, true) ==
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber>"
        "<ETag>\"a&amp;&lt;\"</ETag><ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></Part></"
        "CompleteMultipartUpload>");
  CHECK(complete_body(parts, false).find("Checksum") == std::string::npos);
}

TEST_CASE("Only eight bytes in base64 are a CRC64NVME", "[s3]") {
  CHECK(parse_crc64nvme("rosUhgp5mIg=") == 0xAE8B14860A799888);
  CHECK(parse_crc64nvme("AAAAAAAAAAA=") == std::uint64_t{0});
  CHECK(parse_crc64nvme("//////////8=") == ~std::uint64_t{0});
  for (const char* text :
       {"", "y/Q5Jg==", "rosUhgp5mIg=-2", "rosUhgp5mIg", "rosUhgp5mI!=", "rosUhgp5mIh=", "rosUhgp5mIgA"}) {
    INFO(text);
    CHECK_FALSE(parse_crc64nvme(text));
  }
}

TEST_CASE("Times are read in both forms, and other text is no time", "[s3]") {
  CHECK(parse_http_time("Tue, 24 Nov 2026 12:00:01 GMT") == 1795521601);
  CHECK(parse_iso_time("2026-11-24T12:00:01Z") == 1795521601);
  for (const char* text : {"", "yesterday", "Tue, 24 Xxx 2026 12:00:01 GMT", "Tue, 24 anF 2026 12:00:01 GMT"}) {
    CHECK(parse_http_time(text) == 0);
    CHECK(parse_iso_time(text) == 0);
  }
}

}  // namespace weir::s3
