// From a store's refusal to a Status: what it is, and what may be done about it. Pure, thread-safe.
#pragma once

#include "net/http.hpp"
#include "store/s3_xml.hpp"
#include "weir/core/status.hpp"

namespace weir::s3 {

/// The error of an answer that is none of success: a status other than 2xx, or an `<Error>` behind a 200.
Status error_of(const net::Response& response);
/// The error that an answer says of one of its objects, in `body`.
Status error_of(const net::Response& response, const ErrorBody& body);

}  // namespace weir::s3
