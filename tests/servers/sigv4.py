"""AWS Signature Version 4 for S3, both sides: the test servers check it, and the server starter signs with it.

Written apart from the library's signer, as a second opinion. S3's rules: each path segment is encoded once, paths are
not normalised.
"""

import datetime
import hashlib
import hmac
from urllib.parse import quote, unquote

UNSIGNED = "UNSIGNED-PAYLOAD"


def now(offset_s=0):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)


def canonical_path(path):
    return quote(unquote(path, errors="surrogateescape"), safe="/-_.~", errors="surrogateescape")


def split_query(text):
    """Decoded (name, value) pairs in the order they came."""
    pairs = []
    for item in text.split("&") if text else []:
        name, _, value = item.partition("=")
        pairs.append((unquote(name), unquote(value)))
    return pairs


def canonical_query(pairs):
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def signature(secret, date, scope, method, path, pairs, headers, signed_names, payload_hash):
    """`headers` has lower-case names; `scope` is "day/region/service/aws4_request"."""
    lines = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in signed_names)
    request = "\n".join([method, canonical_path(path), canonical_query(pairs), lines, ";".join(signed_names), payload_hash])
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(request.encode("utf-8", "surrogateescape")).hexdigest()])
    key = ("AWS4" + secret).encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def sign(method, host, path, query, access_key, secret, region, headers=None):
    """The headers of a signed request, those given included; an x-amz-content-sha256 among them is the payload hash."""
    date = now().strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    all_headers = {"host": host, "x-amz-date": date, "x-amz-content-sha256": UNSIGNED}
    all_headers.update({name.lower(): value for name, value in (headers or {}).items()})
    names, payload_hash = sorted(all_headers), all_headers["x-amz-content-sha256"]
    signed = signature(secret, date, scope, method, path, split_query(query), all_headers, names, payload_hash)
    all_headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signed}")
    return all_headers


class Refusal(Exception):
    """Why a request is not let in: (HTTP status, S3 code, message)."""


class Checker:
    """Checks header and query signatures against one key pair.

    With the token "until" the client's tokens are "until-MILLISECONDS", which are good until that Unix time.
    """

    MAX_SKEW_S = 15 * 60

    def __init__(self, access_key, secret, region, token=""):
        self.access_key, self.secret, self.region, self.token = access_key, secret, region, token
        self.clock_offset_s = 0
        self.good_tokens, self.expired_tokens = set(), set()

    def check(self, method, path, pairs, headers):
        query = dict(pairs)
        if "X-Amz-Signature" in query:
            self._check_query(method, path, pairs, query, headers)
            return
        text = headers.get("authorization", "")
        if not text.startswith("AWS4-HMAC-SHA256 "):
            raise Refusal(403, "AccessDenied", "Access Denied: the request is not signed.")
        fields = dict(item.strip().partition("=")[::2] for item in text[len("AWS4-HMAC-SHA256 "):].split(","))
        names = fields.get("SignedHeaders", "").split(";")
        for name in headers:
            if (name == "host" or name.startswith("x-amz-")) and name not in names:
                raise Refusal(403, "AccessDenied", f"There were headers present in the request which were not signed: {name}")
        date = headers.get("x-amz-date", "")
        self._check_clock(date)
        self._check_token(headers.get("x-amz-security-token", ""))
        payload_hash = headers.get("x-amz-content-sha256", "")
        if not payload_hash:
            raise Refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        self._compare(fields.get("Credential", ""), fields.get("Signature", ""), date,
                      (method, path, pairs, headers, names, payload_hash))

    def _check_token(self, token):
        if self.token == "until" and token.startswith("until-"):
            if now().timestamp() * 1000 >= int(token.removeprefix("until-")):
                self.expired_tokens.add(token)
                raise Refusal(400, "ExpiredToken", "The provided token has expired.")
            self.good_tokens.add(token)
        elif self.token and token != self.token:
            raise Refusal(403, "InvalidToken", "The provided token is malformed or otherwise invalid.")

    def _check_query(self, method, path, pairs, query, headers):
        date = query.get("X-Amz-Date", "")
        try:
            signed_at = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            raise Refusal(403, "AccessDenied", "X-Amz-Date is malformed.") from None
        if now(self.clock_offset_s) > signed_at + datetime.timedelta(seconds=int(query.get("X-Amz-Expires", "0"))):
            raise Refusal(403, "AccessDenied", "Request has expired")
        rest = [(name, value) for name, value in pairs if name != "X-Amz-Signature"]
        names = query.get("X-Amz-SignedHeaders", "").split(";")
        self._compare(query.get("X-Amz-Credential", ""), query["X-Amz-Signature"], date,
                      (method, path, rest, headers, names, UNSIGNED))

    def _check_clock(self, date):
        try:
            sent = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            raise Refusal(403, "AccessDenied", "AWS authentication requires a valid x-amz-date header") from None
        if abs((now(self.clock_offset_s) - sent).total_seconds()) > self.MAX_SKEW_S:
            raise Refusal(403, "RequestTimeTooSkewed",
                          "The difference between the request time and the current time is too large.")

    def _compare(self, credential, given, date, request):
        access_key, _, scope = credential.partition("/")
        if access_key != self.access_key:
            raise Refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        parts = scope.split("/")
        if len(parts) != 4 or parts[0] != date[:8] or parts[2:] != ["s3", "aws4_request"]:
            raise Refusal(400, "AuthorizationHeaderMalformed", "The credential scope is malformed.")
        if parts[1] != self.region:
            raise Refusal(400, "AuthorizationHeaderMalformed",
                          f"The authorization header is malformed; the region '{parts[1]}' is wrong; expecting '{self.region}'")
        if not hmac.compare_digest(signature(self.secret, date, scope, *request), given):
            raise Refusal(403, "SignatureDoesNotMatch",
                          "The request signature we calculated does not match the signature you provided.")
