"""An S3 store in memory: objects, uploads, and every check that S3 makes of them."""

import base64
import hashlib
import itertools
import re
import threading
import time
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from fault import checksums
from fault.wire import Reply
from urllib.parse import parse_qsl, unquote
from sigv4 import Refusal

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
MODIFIED_HTTP, MODIFIED_XML = "Thu, 01 Jan 2026 00:00:00 GMT", "2026-01-01T00:00:00.000Z"
MAX_KEY_BYTES = 1024
KEY_MD5 = "x-amz-server-side-encryption-customer-key-md5"


class Stored:
    """Bytes with what S3 keeps beside them: an object, or a part."""

    def __init__(self, data, etag, sums):
        self.data, self.etag, self.sums = data, etag, sums
        self.upload_id, self.metadata, self.tags, self.key_md5 = "", {}, [], ""


class Upload:
    def __init__(self, name, algorithm, request):
        self.name, self.algorithm, self.parts = name, algorithm, {}
        self.begun = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self.metadata, self.tags, self.key_md5 = metadata_of(request), tags_of(request), request.header(KEY_MD5)


def xml_reply(text):
    return Reply(200, {"Content-Type": "application/xml"}, (XML + text).encode("utf-8", "surrogateescape"))


def sums_xml(sums):
    return "".join(f"<{checksums.xml_name(name)}>{value}</{checksums.xml_name(name)}>" for name, value in sums.items())


class Store:
    """Thread-safe: one lock around each operation."""

    def __init__(self, min_part, page, equal_parts, no_checksums):
        self.min_part, self.page = min_part, page
        self.played = {"equal_parts": equal_parts, "checksums": "b2" if no_checksums else ""}
        self.lock = threading.RLock()
        self.clear()

    def clear(self):
        with self.lock:
            self.buckets, self.objects, self.uploads, self.ids = {"weir-test"}, {}, {}, itertools.count(1)
            self.made_up = {}  # prefix → how many
            self.play(**self.played)

    def play(self, equal_parts=False, checksums=""):
        """Whose rules hold: R2's equal parts, and how checksums are refused."""
        self.equal_parts, self.checksums, self.no_checksums = equal_parts, checksums, checksums in ("b2", "r2")

    def _refuse_checksums(self, request):
        named = [name for name in (*request.headers, *request.trailers)
                 if name.startswith("x-amz-checksum-") or name == "x-amz-sdk-checksum-algorithm"]
        if self.no_checksums and named and request.method != "HEAD":
            if self.checksums == "r2":
                raise Refusal(501, "NotImplemented", f"Header '{named[0]}' with value '{request.header(named[0])}' not implemented")
            raise Refusal(400, "InvalidArgument", f"Unsupported header '{named[0]}' received for this API call.")

    def run(self, op, request):
        with self.lock:
            if op != "CreateBucket" and request.bucket not in self.buckets:
                raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist")
            if len(request.key.encode("utf-8", "surrogateescape")) > MAX_KEY_BYTES:
                raise Refusal(400, "KeyTooLongError", "Your key is too long")
            return getattr(self, "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", op).lower().replace("_v2", ""))(request)

    # --- objects ------------------------------------------------------------------------------------------------------

    def _received(self, request):
        """The body with its checksums, if they agree with what the client declared."""
        data, sums = request.body, {}
        self._refuse_checksums(request)
        for name in checksums.NAMES:
            declared = request.checksum(name)
            if declared:
                sums[name] = checksums.text(name, data)
                if sums[name] != declared:
                    raise Refusal(400, "BadDigest", f"The {name.upper()} you specified did not match the calculated checksum.")
        md5 = hashlib.md5(data)
        if request.header("content-md5", None) not in (None, base64.b64encode(md5.digest()).decode()):
            raise Refusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        payload = request.header("x-amz-content-sha256")
        if re.fullmatch("[0-9a-f]{64}", payload) and payload != hashlib.sha256(data).hexdigest():
            raise Refusal(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match.")
        if not sums and not self.no_checksums:
            sums["crc64nvme"] = checksums.text("crc64nvme", data)  # as S3 does
        return Stored(data, f'"{md5.hexdigest()}"', sums)

    def _check_absent(self, request):
        there = self.objects.get(request.name)
        if request.header("if-none-match") == "*" and there and there.upload_id != request.query.get("uploadId", "-"):
            raise Refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        match = request.header("if-match")
        if match and not there:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        if match and match.strip('"') != there.etag.strip('"'):
            raise Refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")

    @staticmethod
    def _check_key(request, stored, prefix="x-amz-server-side-encryption-customer-"):
        """SSE-C: what was written with a key is read with that key. The refusal repeats it, as a careless store might."""
        if stored.key_md5 != request.header(prefix + "key-md5"):
            raise Refusal(403, "AccessDenied", f"The key {request.header(prefix + 'key')} is not the object's.")

    def _put_object(self, request):
        stored = self._received(request)
        self._check_absent(request)
        stored.metadata, stored.tags, stored.key_md5 = metadata_of(request), tags_of(request), request.header(KEY_MD5)
        self.objects[request.name] = stored
        return Reply(200, described(stored))

    @staticmethod
    def source_of(request):
        """The name of the object that a request copies from; empty if it copies none."""
        source = unquote(request.header("x-amz-copy-source"), errors="surrogateescape").lstrip("/")
        return "/" + source if source else ""

    def _source(self, request):
        """The object to copy from, its bytes, and its checksum."""
        stored = self.objects.get(self.source_of(request))
        if not stored:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        if request.header("x-amz-copy-source-if-match", stored.etag).strip('"') != stored.etag.strip('"'):
            raise Refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        self._check_key(request, stored, "x-amz-copy-source-server-side-encryption-customer-")
        return stored

    def _copy_object(self, request):
        source = self._source(request)
        self._check_absent(request)
        stored = Stored(source.data, f'"{hashlib.md5(source.data).hexdigest()}"',
                        {} if self.no_checksums else {"crc64nvme": checksums.text("crc64nvme", source.data)})
        replaces = request.header("x-amz-metadata-directive") == "REPLACE"
        stored.metadata = metadata_of(request) if replaces else dict(source.metadata)
        stored.tags = tags_of(request) if request.header("x-amz-tagging-directive") == "REPLACE" else list(source.tags)
        stored.key_md5 = request.header(KEY_MD5)
        self.objects[request.name] = stored
        return xml_reply(f"<CopyObjectResult {NAMESPACE}><LastModified>{MODIFIED_XML}</LastModified>"
                         f"<ETag>{escape(stored.etag)}</ETag></CopyObjectResult>")

    def _upload_part_copy(self, request):
        upload, number = self._upload(request), int(request.query.get("partNumber", "0"))
        data = self._source(request).data
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.header("x-amz-copy-source-range"))
        if wanted:
            data = data[int(wanted[1]):int(wanted[2]) + 1]
        stored = Stored(data, f'"{hashlib.md5(data).hexdigest()}"', {"crc64nvme": checksums.text("crc64nvme", data)})
        upload.parts[number] = stored
        return xml_reply(f"<CopyPartResult {NAMESPACE}><LastModified>{MODIFIED_XML}</LastModified>"
                         f"<ETag>{escape(stored.etag)}</ETag></CopyPartResult>")

    def _delete_objects(self, request):
        """Keys that contain "locked" cannot be removed."""
        md5 = base64.b64encode(hashlib.md5(request.body).digest()).decode()
        if request.header("content-md5") != md5:
            raise Refusal(400, "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
        keys = [node.text or "" for node in ElementTree.fromstring(request.body).iter() if node.tag.endswith("Key")]
        if len(keys) > 1000:
            raise Refusal(400, "MalformedXML", "The XML you provided was not well-formed or did not validate.")
        errors = ""
        for key in keys:
            if "locked" in key:
                errors += f"<Error><Key>{escape(key)}</Key><Code>AccessDenied</Code><Message>It is locked.</Message></Error>"
            else:
                self.objects.pop(f"/{request.bucket}/{key}", None)
        return xml_reply(f"<DeleteResult {NAMESPACE}>{errors}</DeleteResult>")

    def _get_object_tagging(self, request):
        tags = "".join(f"<Tag><Key>{escape(name)}</Key><Value>{escape(value)}</Value></Tag>"
                       for name, value in self._object(request).tags)
        return xml_reply(f"<Tagging {NAMESPACE}><TagSet>{tags}</TagSet></Tagging>")

    def _object(self, request):
        stored = self.objects.get(request.name)
        if not stored:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        match = request.header("if-match")
        if match and match != "*" and match.strip('"') != stored.etag.strip('"'):
            raise Refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        if "tagging" not in request.query:
            self._check_key(request, stored)
        return stored

    def _head_object(self, request):
        stored = self._object(request)
        reply = Reply(200, {**described(stored), **stored.metadata, "Accept-Ranges": "bytes"})
        reply.length = len(stored.data)
        return reply

    def _get_object(self, request):
        stored = self._object(request)
        reply = Reply(200, {**described(stored), **stored.metadata, "Accept-Ranges": "bytes"}, stored.data)
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.header("range"))
        if wanted and any(wanted.groups()):
            total, (first, last) = len(stored.data), wanted.groups()
            begin = int(first) if first else max(0, total - int(last))
            end = min(total, int(last) + 1) if first and last else total
            if begin >= total or begin >= end:
                raise Refusal(416, "InvalidRange", "The requested range is not satisfiable")
            reply.status, reply.body = 206, stored.data[begin:end]
            reply.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{total}"
            for name in stored.sums:  # of the whole, so not of this
                reply.headers.pop(f"x-amz-checksum-{name}", None)
        return reply

    def _delete_object(self, request):
        self.objects.pop(request.name, None)
        return Reply(204)

    # --- uploads ------------------------------------------------------------------------------------------------------

    def _upload(self, request):
        upload = self.uploads.get(request.query.get("uploadId"))
        if not upload or upload.name != request.name:
            raise Refusal(404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid.")
        return upload

    def _create_multipart_upload(self, request):
        upload_id = f"upload-{next(self.ids)}"
        algorithm = request.header("x-amz-checksum-algorithm").lower()
        self._refuse_checksums(request)
        self.uploads[upload_id] = Upload(request.name, algorithm, request)
        return xml_reply(f"<InitiateMultipartUploadResult {NAMESPACE}><Bucket>{escape(request.bucket)}</Bucket>"
                         f"<Key>{escape(request.key)}</Key><UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>")

    def _upload_part(self, request):
        upload, number = self._upload(request), int(request.query.get("partNumber", "0"))
        if not 1 <= number <= 10000:
            raise Refusal(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
        self._check_key(request, upload)
        stored = self._received(request)
        upload.parts[number] = stored
        return Reply(200, described(stored))

    def _list_parts(self, request):
        upload = self._upload(request)
        after = int(request.query.get("part-number-marker") or 0)
        numbers = sorted(number for number in upload.parts if number > after)
        page = min(self.page, int(request.query.get("max-parts") or self.page))
        shown = numbers[:page]
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><LastModified>{MODIFIED_XML}</LastModified>"
            f"<ETag>{escape(upload.parts[number].etag)}</ETag><Size>{len(upload.parts[number].data)}</Size>"
            f"{sums_xml(upload.parts[number].sums)}</Part>" for number in shown)
        return xml_reply(f"<ListPartsResult {NAMESPACE}><Bucket>{escape(request.bucket)}</Bucket><Key>{escape(request.key)}</Key>"
                         f"<UploadId>{request.query['uploadId']}</UploadId><PartNumberMarker>{after}</PartNumberMarker>"
                         f"<NextPartNumberMarker>{shown[-1] if shown else after}</NextPartNumberMarker><MaxParts>{page}</MaxParts>"
                         f"<IsTruncated>{'true' if len(shown) < len(numbers) else 'false'}</IsTruncated>{parts}</ListPartsResult>")

    def _complete_multipart_upload(self, request):
        done = self.objects.get(request.name)
        if done and done.upload_id == request.query.get("uploadId") and done.upload_id not in self.uploads:
            return self._completed(request, done)  # said twice
        upload = self._upload(request)
        self._check_absent(request)
        stored = self._joined(upload, self._claims(request, upload))
        size = request.header("x-amz-mp-object-size")
        if size and size != str(len(stored.data)):
            raise Refusal(400, "InvalidRequest", f"The parts make {len(stored.data)} bytes, x-amz-mp-object-size says {size}.")
        for name in checksums.NAMES:
            declared = request.checksum(name)
            if declared and "-" not in declared:
                stored.sums[name] = checksums.text(name, stored.data)
                if declared != stored.sums[name]:
                    raise Refusal(400, "BadDigest", f"The {name.upper()} you specified did not match the calculated checksum.")
        stored.upload_id, stored.metadata = request.query["uploadId"], upload.metadata
        stored.tags, stored.key_md5 = upload.tags, upload.key_md5
        self.objects[request.name] = stored
        del self.uploads[stored.upload_id]
        return self._completed(request, stored)

    def _claims(self, request, upload):
        """[(number, part)] of the client's list, each checked against what is there."""
        try:
            parts = [part for part in ElementTree.fromstring(request.body) if part.tag.rpartition("}")[2] == "Part"]
            fields = [{field.tag.rpartition("}")[2]: field.text or "" for field in part} for part in parts]
            claims = [(int(part["PartNumber"]), part.get("ETag", ""), part) for part in fields]
        except (ElementTree.ParseError, KeyError, ValueError):
            claims = []
        if not claims:
            raise Refusal(400, "MalformedXML", "The XML you provided was not well-formed or did not validate.")
        if [claim[0] for claim in claims] != sorted({claim[0] for claim in claims}):
            raise Refusal(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
        checked = []
        for number, etag, part in claims:
            stored = upload.parts.get(number)
            if not stored or stored.etag.strip('"') != etag.strip('"'):
                raise Refusal(400, "InvalidPart", f"Part {number} could not be found or its entity tag does not match.")
            if upload.algorithm in checksums.NAMES:
                name = checksums.xml_name(upload.algorithm)
                if part.get(name) != stored.sums.get(upload.algorithm):
                    raise Refusal(400, "InvalidRequest", f"The upload was created using {upload.algorithm}. The complete request "
                                                         f"must include the checksum for each part. It was missing for part {number}.")
            elif any(name.startswith("Checksum") for name in part):
                raise Refusal(400, "InvalidPart", f"Part {number} has a checksum, but the upload declared no algorithm.")
            checked.append((number, stored))
        return checked

    def _joined(self, upload, parts):
        sizes = [len(stored.data) for _, stored in parts]
        for (number, _), size in list(zip(parts, sizes))[:-1]:
            if size < self.min_part:
                raise Refusal(400, "EntityTooSmall", f"Part {number} is smaller than the minimum allowed size.")
        if self.equal_parts and (len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]):
            raise Refusal(400, "InvalidPart", "All non-trailing parts must have the same length.")
        data = b"".join(stored.data for _, stored in parts)
        etag = hashlib.md5(b"".join(bytes.fromhex(stored.etag.strip('"')) for _, stored in parts)).hexdigest()
        sums = {} if self.no_checksums else {"crc64nvme": checksums.text("crc64nvme", data)}
        return Stored(data, f'"{etag}-{len(parts)}"', sums)

    def _completed(self, request, stored):
        return xml_reply(f"<CompleteMultipartUploadResult {NAMESPACE}><Bucket>{escape(request.bucket)}</Bucket>"
                         f"<Key>{escape(request.key)}</Key><ETag>{escape(stored.etag)}</ETag>{sums_xml(stored.sums)}"
                         "<ChecksumType>FULL_OBJECT</ChecksumType></CompleteMultipartUploadResult>")

    def _abort_multipart_upload(self, request):
        self._upload(request)
        del self.uploads[request.query["uploadId"]]
        return Reply(204)

    # --- buckets ------------------------------------------------------------------------------------------------------

    def _create_bucket(self, request):
        self.buckets.add(request.bucket)
        return Reply(200)

    def _head_bucket(self, _):
        return Reply(200)

    def _list_multipart_uploads(self, request):
        prefix = f"/{request.bucket}/{request.query.get('prefix', '')}"
        uploads = "".join(f"<Upload><Key>{escape(upload.name.split('/', 2)[2])}</Key><UploadId>{upload_id}</UploadId>"
                          f"<Initiated>{upload.begun}</Initiated></Upload>"
                          for upload_id, upload in self.uploads.items() if upload.name.startswith(prefix))
        return xml_reply(f"<ListMultipartUploadsResult {NAMESPACE}><IsTruncated>false</IsTruncated>{uploads}"
                         "</ListMultipartUploadsResult>")

    def _list_objects(self, request):
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
        after = request.query.get("continuation-token") or request.query.get("start-after", "")
        if prefix in self.made_up and not delimiter:
            return self._list_made_up(request, prefix, after)
        entries = {}  # key or common prefix → object or None
        for name, stored in self.objects.items():
            bucket, key = name[1:].split("/", 1)
            if bucket == request.bucket and key.startswith(prefix):
                head, found, _ = key[len(prefix):].partition(delimiter) if delimiter else (key, "", "")
                entries[prefix + head + delimiter if found else key] = None if found else stored
        left = sorted(key for key in entries if key > after)
        shown = left[:min(self.page, int(request.query.get("max-keys") or self.page))]
        lines = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{MODIFIED_XML}</LastModified><ETag>{escape(entries[key].etag)}</ETag>"
            f"<Size>{len(entries[key].data)}</Size></Contents>" if entries[key] else
            f"<CommonPrefixes><Prefix>{escape(key)}</Prefix></CommonPrefixes>" for key in shown)
        more = len(shown) < len(left)
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more and shown else ""
        return xml_reply(f"<ListBucketResult {NAMESPACE}><Name>{escape(request.bucket)}</Name><KeyCount>{len(shown)}</KeyCount>"
                         f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{lines}</ListBucketResult>")

    def make_up(self, prefix, count):
        """From now on listings of `prefix` show so many objects of one byte, which are nowhere else."""
        self.made_up[prefix] = count

    def _list_made_up(self, request, prefix, after):
        count, first = self.made_up[prefix], int(after[len(prefix):]) + 1 if after else 0
        end = min(count, first + min(self.page, int(request.query.get("max-keys") or self.page)))
        lines = "".join(f"<Contents><Key>{prefix}{i:07}</Key><LastModified>{MODIFIED_XML}</LastModified><ETag>&quot;0&quot;</ETag>"
                        f"<Size>1</Size></Contents>" for i in range(first, end))
        token = f"<NextContinuationToken>{prefix}{end - 1:07}</NextContinuationToken>" if end < count else ""
        return xml_reply(f"<ListBucketResult {NAMESPACE}><Name>{escape(request.bucket)}</Name><KeyCount>{end - first}</KeyCount>"
                         f"<IsTruncated>{'true' if end < count else 'false'}</IsTruncated>{token}{lines}</ListBucketResult>")

    def state(self):
        with self.lock:
            return {
                "objects": {name: {"length": len(stored.data), "sha256": hashlib.sha256(stored.data).hexdigest(),
                                   "etag": stored.etag, "checksums": stored.sums, "tags": dict(stored.tags)} for name, stored in self.objects.items()},
                "open_uploads": [{"id": upload_id, "object": upload.name, "parts": sorted(upload.parts)}
                                 for upload_id, upload in self.uploads.items()]}


KEPT = ("content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "x-amz-storage-class",
        "x-amz-server-side-encryption")


def metadata_of(request):
    kept = {name: value for name, value in request.headers.items() if name.startswith("x-amz-meta-") or name in KEPT}
    encoding = kept.pop("content-encoding", "").removeprefix("aws-chunked").lstrip(",")
    return {**kept, **({"content-encoding": encoding} if encoding else {})}


def tags_of(request):
    return parse_qsl(request.header("x-amz-tagging"), keep_blank_values=True)


def described(stored):
    headers = {"ETag": stored.etag, "Last-Modified": MODIFIED_HTTP}
    if stored.tags:
        headers["x-amz-tagging-count"] = str(len(stored.tags))
    headers.update({f"x-amz-checksum-{name}": value for name, value in stored.sums.items()})
    if stored.sums:
        headers["x-amz-checksum-type"] = "FULL_OBJECT"
    return headers
