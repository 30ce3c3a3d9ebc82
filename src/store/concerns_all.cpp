#include "store/concerns_all.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "net/curl_errors.hpp"

namespace weir::store {

bool concerns_all(const Error& error) {
  constexpr std::string_view kCodes[] = {
      kNoKeys, net::kUnreachable,
      // S3
      "NoSuchBucket", "SignatureDoesNotMatch", "InvalidAccessKeyId", "XAdminUserNotFound", "InvalidToken",
      "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestTimeTooSkewed", "AllAccessDisabled",
      "PermanentRedirect",
      // Vercel Blob
      "store_suspended", "store_not_found", "forbidden", "client_token_expired", "oidc_environment_not_allowed"};
  return std::find(std::begin(kCodes), std::end(kCodes), error.service_code) != std::end(kCodes);
}

bool may_concern_options(const Error& error) {
  constexpr std::string_view kCodes[] = {"InvalidStorageClass",
                                         "InvalidTag",
                                         "InvalidArgument",
                                         "InvalidRequest",
                                         "AccessControlListNotSupported",
                                         "InvalidEncryptionAlgorithmError",
                                         "KMS.NotFoundException",
                                         "KMS.DisabledException",
                                         "NotImplemented"};
  return error.kind == Kind::unsupported ||
         std::find(std::begin(kCodes), std::end(kCodes), error.service_code) != std::end(kCodes);
}

}  // namespace weir::store
