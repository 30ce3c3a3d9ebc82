"""Doubles of the services that give keys, on one loopback port: STS, SSO with its token service, IMDS, a container's endpoint.

Each gives keys that tell how they were asked for, so that whoever asks in another way gets other keys.
"""

import datetime
import hashlib
import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

IMDS_TOKEN = "imds-token=="
HOUR = datetime.timedelta(hours=1)


def in_an_hour():
    return (datetime.datetime.now(datetime.timezone.utc) + HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")


def mark(*what):
    """A short text that stands for `what`."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def keys(self, *what, token="Token"):
        return {"Code": "Success", "AccessKeyId": "K" + mark(*what), "SecretAccessKey": "S" + mark(*what), token: "T" + mark(*what),
                "Expiration": in_an_hour()}

    # --- STS ---

    def sts(self):
        form = dict(urllib.parse.parse_qsl(self.body(), keep_blank_values=True))
        action = form["Action"]
        signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/(\w+)/", self.headers.get("Authorization") or "")
        signer = signed.groups() if signed else ()
        session = form.get("RoleSessionName", "")
        session = "made up" if re.match(r"(botocore|weir)-session-\d+$", session) else session
        if "denied" in form["RoleArn"] or (action == "AssumeRole") != bool(signed):
            text = ('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>'
                    "<Message>you may not</Message></Error><RequestId>1</RequestId></ErrorResponse>")
            return self.answer(403, text, "text/xml")
        keys = self.keys(action, form["RoleArn"], session, form.get("ExternalId"), form.get("DurationSeconds"),
                         form.get("WebIdentityToken"), signer, self.headers.get("X-Amz-Security-Token"), token="SessionToken")
        inner = "".join(f"<{name}>{keys[name]}</{name}>" for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"))
        return self.answer(200, f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
                                f"<Credentials>{inner}</Credentials></{action}Result></{action}Response>", "text/xml")

    # --- SSO and its token service ---

    def sso(self, query):
        token = self.headers.get("x-amz-sso_bearer_token") or ""
        if not token.startswith("good"):
            return self.answer(401, {"message": "Session token not found or invalid", "__type": "UnauthorizedException"})
        keys = self.keys(query, token)
        return self.answer(200, {"roleCredentials": {
            "accessKeyId": keys["AccessKeyId"], "secretAccessKey": keys["SecretAccessKey"], "sessionToken": keys["Token"],
            "expiration": int((datetime.datetime.now() + HOUR).timestamp() * 1000)}})

    def oidc(self):
        asked = json.loads(self.body())
        if asked.get("grantType") != "refresh_token" or asked.get("refreshToken") != "refresh-me":
            return self.answer(400, {"error": "invalid_grant", "error_description": "no"})
        return self.answer(200, {"accessToken": "good-" + mark(asked["clientId"], asked["clientSecret"]), "expiresIn": 3600,
                                 "refreshToken": "refresh-me", "tokenType": "Bearer"})

    # --- the instance's metadata service; its folder says how it behaves ---

    def imds(self, way, path):
        if path == "/latest/api/token":
            status = {"v1": 404, "forbidden": 403, "bad": 400}.get(way, 200)
            return self.answer(status, IMDS_TOKEN if status == 200 else "", "text/plain")
        token = self.headers.get("x-aws-ec2-metadata-token")
        if way == "v2" and token != IMDS_TOKEN:
            return self.answer(401, "")
        place = "/latest/meta-data/iam/security-credentials/"
        if way == "norole" or not path.startswith(place):
            return self.answer(404, "")
        if path == place:
            return self.answer(200, "my-role", "text/plain")
        if way == "failed":
            return self.answer(200, {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"})
        return self.answer(200, self.keys(way, path, token))

    # --- a container's endpoint ---

    def container(self, way):
        if way == "locked" and self.headers.get("Authorization") != "Bearer x":
            return self.answer(401, {"code": "Unauthorized", "message": "no token"})
        if way == "elsewhere":
            self.send_response(302)
            self.send_header("Location", "/container/open")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        keys = self.keys(way, self.headers.get("Authorization"))
        if way == "partial":
            del keys["SecretAccessKey"]
        return self.answer(200, "not JSON" if way == "text" else keys)

    def route(self):
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.split("/")
        if parts[1] == "imds":
            return self.imds(parts[2], "/" + "/".join(parts[3:]))
        if parts[1] == "container":
            return self.container(parts[2])
        if url.path.endswith("/federation/credentials"):
            return self.sso(sorted(urllib.parse.parse_qsl(url.query)))
        if url.path.endswith("/token"):
            return self.oidc()
        return self.sts() if self.command == "POST" else self.answer(404, "")

    do_GET = do_POST = do_PUT = route


class KeyServices:
    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
