"""Who may do what: read-write tokens, client tokens, and delegations with their presigned URLs."""

import base64
import hashlib
import hmac
import json
import time


class Refused(Exception):
    """status, code, message: {"error": {"code", "message"}} with that status. Statuses but 412 are assumed: the official
    SDK looks at the code alone."""


def hmac_hex(key, text):
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def encode_url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def now_ms():
    return int(time.time() * 1000)


class Right:
    """What the request may do; `payload` limits writes, None: everything."""

    def __init__(self, payload=None, only=None):
        self.payload, self.only = payload or {}, only

    def check(self, op, pathname):
        if self.only is not None and op not in self.only:
            raise Refused(403, "client_token_not_allowed", "This operation is not available when using a client token.")
        allowed = self.payload.get("pathname", "*")
        if self.only is not None and allowed not in ("*", pathname):
            raise Refused(400, "bad_request", f'"pathname" {pathname} does not match the token payload')
        if "validUntil" in self.payload and self.payload["validUntil"] <= now_ms():
            raise Refused(403, "forbidden", "Token expired")

    def check_content(self, content_type, length):
        types = self.payload.get("allowedContentTypes")
        if types and not any(content_type == one or (one.endswith("/*") and content_type.startswith(one[:-1])) for one in types):
            raise Refused(400, "bad_request", f'"contentType" {content_type} is not allowed')
        most = self.payload.get("maximumSizeInBytes")
        if most is not None and length > most:
            raise Refused(400, "bad_request", f"the file length cannot be greater than {most}")


WRITES = ("put", "create", "upload", "complete")


class Tokens:
    def __init__(self, token, store):
        self.token, self.store = token, store
        self.delegations = {}

    def right_of(self, method, headers, query):
        """Of an API request, or Refused."""
        if "vercel-blob-signature" in query:
            return self._presigned(method, query)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and token == self.token:
            return Right()
        prefix = f"vercel_blob_client_{self.store}_"
        if scheme == "Bearer" and token.startswith(prefix):
            return Right(self._client_payload(token[len(prefix):]), WRITES)
        raise Refused(403, "forbidden", "Access denied, please provide a valid token for this resource.")

    def _client_payload(self, encoded):
        try:
            signature, _, payload = base64.b64decode(encoded, validate=True).decode().partition(".")
            if hmac.compare_digest(signature, hmac_hex(self.token, payload)):
                return json.loads(base64.b64decode(payload, validate=True))
        except (ValueError, UnicodeDecodeError):
            pass
        raise Refused(403, "forbidden", "Access denied, please provide a valid token for this resource.")

    # --- delegation ---

    def sign(self, wanted):
        valid_until = wanted.get("validUntil") or now_ms() + 3_600_000
        scope = {"storeId": self.store, "ownerId": "team_weir", "pathname": wanted.get("pathname", "*"),
                 "operations": wanted.get("operations") or ["get", "head"], "validUntil": valid_until, "iat": now_ms()}
        scope.update({name: wanted[name] for name in ("maximumSizeInBytes", "allowedContentTypes") if name in wanted})
        body = encode_url(json.dumps(scope).encode())
        delegation = f"{body}.{encode_url(hmac.new(self.token.encode(), body.encode(), hashlib.sha256).digest())}"
        key = encode_url(hashlib.sha256(delegation.encode()).digest())
        self.delegations[delegation] = (scope, key)
        return {"delegationToken": delegation, "clientSigningToken": key, "validUntil": valid_until}

    def _presigned(self, method, query, pathname=None):
        scope, key = self.delegations.get(query.get("vercel-blob-delegation"), (None, ""))
        operation = {"PUT": "put", "POST": "put", "DELETE": "delete", "GET": "get", "HEAD": "head"}[method]
        pathname = pathname or query.get("pathname", "")
        lines = [f"operation={operation}", f"pathname={pathname}"]
        unsigned = ("vercel-blob-delegation", "vercel-blob-signature")
        lines += [f"{name}={value}" for name, value in query.items() if name.startswith("vercel-blob-") and name not in unsigned]
        text = "\n".join(sorted(lines, key=str.encode)).encode()
        wanted = encode_url(hmac.new(key.encode(), text, hashlib.sha256).digest())
        if scope is None or not hmac.compare_digest(wanted, query["vercel-blob-signature"]) or operation not in scope["operations"]:
            raise Refused(403, "forbidden", "Access denied, the signature is not valid.")
        payload = {name: scope[name] for name in ("maximumSizeInBytes", "allowedContentTypes", "pathname", "validUntil") if name in scope}
        names = {"vercel-blob-valid-until": ("validUntil", int), "vercel-blob-maximum-size-in-bytes": ("maximumSizeInBytes", int),
                 "vercel-blob-add-random-suffix": ("addRandomSuffix", flag), "vercel-blob-allow-overwrite": ("allowOverwrite", flag),
                 "vercel-blob-cache-control-max-age": ("cacheControlMaxAge", int), "vercel-blob-if-match": ("ifMatch", str)}
        payload.update({name: read(query[key]) for key, (name, read) in names.items() if key in query})
        return Right(payload, (*WRITES, "delete") if operation in ("put", "delete") else ("get",))

    def may_read(self, method, headers, query, pathname):
        """A blob of a private store."""
        if "vercel-blob-signature" in query:
            self._presigned(method, query, pathname).check("get", pathname)
        elif headers.get("authorization") != f"Bearer {self.token}":
            raise Refused(403, "forbidden", "Access denied")


def flag(text):
    return text in ("1", "true")
