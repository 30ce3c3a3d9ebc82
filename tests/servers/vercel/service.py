"""A Vercel Blob store in memory: its operations and every refusal, by the words of the official SDK."""

import base64
import email.utils
import hashlib
import json
import mimetypes
import secrets
import threading
import time
from urllib.parse import quote, unquote, urlsplit

from vercel.tokens import Refused

MAX_PATHNAME = 950
DEFAULT_MAX_AGE = 2_592_000


class Blob:
    def __init__(self, data, etag, content_type, max_age):
        self.data, self.etag, self.content_type, self.max_age = data, etag, content_type, max_age
        self.uploaded = time.time()

    def iso(self):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.uploaded)) + f".{int(self.uploaded * 1000) % 1000:03d}Z"


class Upload:
    def __init__(self, pathname, key, options):
        self.pathname, self.key, self.options, self.parts = pathname, key, options, {}


class Options:
    """The write options of a request; a token's own stand before its headers."""

    def __init__(self, headers, payload):
        def flag(name, header, default):
            return payload[name] if name in payload else headers.get(header, default) == "1"

        self.random_suffix = flag("addRandomSuffix", "x-add-random-suffix", "0")
        self.if_match = payload.get("ifMatch") or headers.get("x-if-match")
        self.overwrite = flag("allowOverwrite", "x-allow-overwrite", "0") or bool(self.if_match)
        self.content_type = headers.get("x-content-type")
        self.max_age = int(payload.get("cacheControlMaxAge") or headers.get("x-cache-control-max-age") or DEFAULT_MAX_AGE)
        self.completed = payload.get("onUploadCompleted")


def bad(message):
    return Refused(400, "bad_request", message)


class Service:
    """Thread-safe: one lock around each operation."""

    def __init__(self, store, access, min_part, page):
        self.store, self.access, self.min_part, self.page = store, access, min_part, page
        self.lock = threading.RLock()
        self.base = ""  # of blob URLs
        self.clear()

    def clear(self):
        with self.lock:
            self.blobs, self.uploads = {}, {}

    # --- names ---

    def url(self, pathname):
        # In URLs the store's id is in lower case, as in host names.
        return f"{self.base}/_blob/{self.access}/{self.store.lower()}/{quote(pathname)}"

    def pathname_of(self, text):
        """Of a blob's URL, or of what is one itself."""
        if not text.startswith(("http://", "https://")):
            return text
        prefix = f"/_blob/{self.access}/{self.store.lower()}/"
        path = urlsplit(text).path
        return unquote(path[len(prefix):]) if path.startswith(prefix) else unquote(path[1:])

    @staticmethod
    def check_pathname(pathname):
        if not pathname:
            raise bad("pathname is required")
        if len(pathname.encode("utf-16-le")) // 2 > MAX_PATHNAME:
            raise bad(f"pathname is too long, maximum length is {MAX_PATHNAME}")
        if "//" in pathname:
            raise bad('pathname cannot contain "//", please encode it if needed')

    @staticmethod
    def suffixed(pathname):
        folder, slash, name = pathname.rpartition("/")
        stem, dot, suffix = name.rpartition(".")
        mark = "-" + secrets.token_urlsafe(22).replace("_", "x").replace("-", "y")
        return folder + slash + (stem + mark + dot + suffix if dot else name + mark)

    # --- answers ---

    def put_result(self, pathname):
        blob, url, name = self.blobs[pathname], self.url(pathname), pathname.rstrip("/").rpartition("/")[2]
        return {"url": url, "downloadUrl": url + "?download=1", "pathname": pathname, "contentType": blob.content_type,
                "contentDisposition": f'inline; filename="{name}"', "etag": blob.etag}

    def head_result(self, pathname):
        blob = self.blobs[pathname]
        return {**self.put_result(pathname), "size": len(blob.data), "uploadedAt": blob.iso(),
                "cacheControl": f"public, max-age={blob.max_age}"}

    def get(self, pathname):
        with self.lock:
            return self.blobs.get(pathname)

    # --- operations ---

    def _may_write(self, pathname, options):
        existing = self.blobs.get(pathname)
        if options.if_match and (existing is None or existing.etag != options.if_match):
            raise Refused(412, "precondition_failed", "Precondition failed: ETag mismatch.")
        if existing is not None and not options.overwrite:
            raise bad("This blob already exists, use `allowOverwrite: true` if you want to overwrite it. "
                      "Or `addRandomSuffix: true` to generate a unique filename.")

    def _keep(self, pathname, data, etag, options):
        content_type = options.content_type or mimetypes.guess_type(pathname)[0] or "application/octet-stream"
        self.blobs[pathname] = Blob(data, etag, content_type, options.max_age)

    def put(self, pathname, options, right, body):
        with self.lock:
            right.check_content(options.content_type or mimetypes.guess_type(pathname)[0] or "application/octet-stream", len(body))
            final = self.suffixed(pathname) if options.random_suffix else pathname
            self._may_write(final, options)
            self._keep(final, body, f'"{hashlib.md5(body).hexdigest()}"', options)
            return self.put_result(final)

    def copy(self, pathname, options, source, move=False):
        with self.lock:
            found = self.blobs.get(self.pathname_of(source))
            if found is None:
                raise Refused(404, "not_found", "The requested blob does not exist")
            final = self.suffixed(pathname) if options.random_suffix else pathname
            self._may_write(final, options)
            self._keep(final, found.data, found.etag, options)
            if move and self.pathname_of(source) != final:
                del self.blobs[self.pathname_of(source)]
            return self.put_result(final)

    def head(self, text):
        with self.lock:
            pathname = self.pathname_of(text)
            if pathname not in self.blobs:
                raise Refused(404, "not_found", "The requested blob does not exist")
            return self.head_result(pathname)

    def delete(self, urls, if_match):
        with self.lock:
            for pathname in map(self.pathname_of, urls):
                found = self.blobs.get(pathname)
                if if_match and found and found.etag != if_match:
                    raise Refused(412, "precondition_failed", "Precondition failed: ETag mismatch.")
                self.blobs.pop(pathname, None)

    def list(self, query):
        with self.lock:
            prefix, folded = query.get("prefix", ""), query.get("mode") == "folded"
            limit = min(int(query.get("limit", self.page)), self.page)
            try:
                after = base64.urlsafe_b64decode(query.get("cursor", "")).decode()
            except ValueError as error:
                raise bad("Invalid cursor") from error
            entries = []  # (name, is a folder)
            for pathname in sorted(name for name in self.blobs if name.startswith(prefix)):
                head, slash, _ = pathname[len(prefix):].partition("/")
                entry = (prefix + head + slash, True) if folded and slash else (pathname, False)
                if entry[0] > after and (not entries or entries[-1] != entry):
                    entries.append(entry)
            page = entries[:limit]
            answer = {"hasMore": len(entries) > limit, "blobs": [], **({"folders": []} if folded else {})}
            for name, folder in page:
                if folder:
                    answer["folders"].append(name)
                else:
                    whole = self.head_result(name)
                    answer["blobs"].append({key: whole[key] for key in ("url", "downloadUrl", "pathname", "size", "uploadedAt", "etag")})
            if answer["hasMore"]:
                answer["cursor"] = base64.urlsafe_b64encode(page[-1][0].encode()).decode()
            return answer

    # --- uploads in parts ---

    def create(self, pathname, options):
        with self.lock:
            final = self.suffixed(pathname) if options.random_suffix else pathname
            self._may_write(final, options)
            upload_id, key = secrets.token_urlsafe(24), f"{self.store.lower()}/{final}"
            self.uploads[upload_id] = Upload(final, key, options)
            return {"uploadId": upload_id, "key": key}

    def _upload(self, headers):
        upload = self.uploads.get(headers.get("x-mpu-upload-id", ""))
        if upload is None or unquote(headers.get("x-mpu-key", "")) != upload.key:
            raise Refused(404, "not_found", "The upload does not exist")
        return upload

    def upload(self, headers, body):
        with self.lock:
            upload, number = self._upload(headers), headers.get("x-mpu-part-number", "")
            if not number.isdigit() or not 1 <= int(number) <= 10000:
                raise bad("Invalid part number")
            etag = f'"{hashlib.md5(body).hexdigest()}"'
            upload.parts[int(number)] = (body, etag)
            return {"etag": etag}

    def complete(self, headers, body, right):
        with self.lock:
            upload = self._upload(headers)
            try:
                listed = sorted((part["partNumber"], part["etag"]) for part in json.loads(body))
            except (ValueError, KeyError, TypeError) as error:
                raise bad("Invalid parts") from error
            parts = [upload.parts.get(number, (b"", "")) for number, _ in listed]
            if not listed or [etag for _, etag in listed] != [etag for _, etag in parts]:
                raise bad("One or more of the specified parts could not be found.")
            sizes = [len(data) for data, _ in parts]
            if any(size < self.min_part or size != sizes[0] for size in sizes[:-1]) or sizes[-1] > sizes[0]:
                raise bad("All non-trailing parts must have the same length of at least 5 MiB.")
            data = b"".join(data for data, _ in parts)
            right.check_content(upload.options.content_type or mimetypes.guess_type(upload.pathname)[0] or "", len(data))
            self._may_write(upload.pathname, upload.options)
            joined = b"".join(bytes.fromhex(etag.strip('"')) for _, etag in parts)
            self._keep(upload.pathname, data, f'"{hashlib.md5(joined).hexdigest()}-{len(parts)}"', upload.options)
            del self.uploads[headers["x-mpu-upload-id"]]
            return self.put_result(upload.pathname)

    # --- for tests ---

    def replace(self, pathname):
        """Other bytes of the same length, behind the client's back."""
        with self.lock:
            blob = self.blobs.get(pathname)
            if blob:
                data = bytes(byte ^ 0x55 for byte in blob.data)
                self.blobs[pathname] = Blob(data, f'"{hashlib.md5(data).hexdigest()}"', blob.content_type, blob.max_age)

    def state(self):
        with self.lock:
            return {"blobs": {name: {"length": len(blob.data), "sha256": hashlib.sha256(blob.data).hexdigest(),
                                     "contentType": blob.content_type, "maxAge": blob.max_age, "etag": blob.etag}
                              for name, blob in self.blobs.items()},
                    "uploads": {key: sorted(upload.parts) for key, upload in self.uploads.items()}}

    def read_headers(self, pathname, blob):
        return {"ETag": blob.etag, "Content-Type": blob.content_type, "Cache-Control": f"public, max-age={blob.max_age}",
                "Content-Disposition": self.put_result(pathname)["contentDisposition"].encode("ascii", "replace").decode(),
                "Last-Modified": email.utils.formatdate(blob.uploaded, usegmt=True), "Accept-Ranges": "bytes"}
