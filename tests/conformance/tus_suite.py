"""tus 1.0 as a table: what is asked, and what the specification has a server answer.

A case is a function of a Client; its docstring is the section and the sentence. MUST makes a failure of the server's; what
only SHOULD be is counted apart.
"""

import base64
import hashlib
import re
import time
import urllib.parse

from http_talk import Talk, ask

OFFSET_TYPE = "application/offset+octet-stream"
FROM_THE_START = {"Tus-Resumable": "1.0.0", "Upload-Offset": 0, "Content-Type": OFFSET_TYPE}
CASES = []  # (name, level, extension or None, function)


def case(level, extension=None):
    def add(function):
        CASES.append((function.__name__, level, extension, function))
        return function
    return add


class Wrong(AssertionError):
    pass


def expect(what, wanted, told=""):
    ok = what in wanted if isinstance(wanted, (tuple, set, list, range)) else what == wanted
    if not ok:
        raise Wrong(f"{told + ' ' if told else ''}{what!r}, not {wanted!r}")


class Client:
    def __init__(self, url):
        self.url = url

    def ask(self, method, url=None, fields=None, body=b"", version="1.0.0", **how):
        return ask(url or self.url, method, {"Tus-Resumable": version, **(fields or {})}, body, **how)

    def create(self, length=None, expected=201, **fields):
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        if length is not None:
            fields["Upload-Length"] = length
        answer = self.ask("POST", fields=fields)
        expect(answer.status, expected, "POST answered")
        return urllib.parse.urljoin(self.url, answer["location"]) if expected == 201 else answer

    def patch(self, url, offset, body, **how):
        fields = {"Upload-Offset": offset, "Content-Type": OFFSET_TYPE, **how.pop("fields", {})}
        return self.ask("PATCH", url, fields, body, **how)

    def offset(self, url):
        answer = self.ask("HEAD", url)
        expect(answer.status, (200, 204), "HEAD answered")
        return int(answer["upload-offset"])

    def is_at(self, url, offset):
        expect(self.offset(url), offset, "the offset is")

    def holds(self, url, body):
        answer = self.ask("GET", url)
        expect(answer.status, 200, "GET answered")
        expect(hashlib.sha256(answer.body).hexdigest(), hashlib.sha256(body).hexdigest(), "the stored bytes' SHA-256 is")


def some_bytes(count, seed=1):
    return hashlib.shake_128(str(seed).encode()).digest(count)


def checksum(body, algorithm="sha1"):
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}"


# --- core ---

@case("MUST")
def options_tells_versions(c):
    answer = c.ask("OPTIONS", version=None)
    expect(answer.status, (200, 204))
    expect("1.0.0" in answer["tus-version"].split(","), True, "Tus-Version has 1.0.0:")


@case("MUST")
def options_ignores_the_version(c):
    expect(c.ask("OPTIONS", version="0.2.2").status, (200, 204))


@case("MUST")
def every_answer_has_the_version(c):
    url = c.create(5)
    for method in ("HEAD", "PATCH"):
        expect(c.ask(method, url)["tus-resumable"], "1.0.0", f"{method}: Tus-Resumable is")


@case("MUST")
def another_version_is_412_with_versions(c):
    url = c.create(5)
    answer = c.ask("PATCH", url, {"Upload-Offset": 0, "Content-Type": OFFSET_TYPE}, b"hello", version="0.2.2")
    expect(answer.status, 412)
    expect("1.0.0" in (answer["tus-version"] or ""), True, "Tus-Version is told:")
    c.is_at(url, 0)


@case("MUST")
def no_version_is_412(c):
    url = c.create(5)
    expect(c.ask("PATCH", url, {"Upload-Offset": 0, "Content-Type": OFFSET_TYPE}, b"hello", version=None).status, 412)
    c.is_at(url, 0)


@case("MUST")
def head_tells_offset_length_and_no_store(c):
    answer = c.ask("HEAD", c.create(7))
    expect(answer["upload-offset"], "0")
    expect(answer["upload-length"], "7")
    expect("no-store" in (answer["cache-control"] or ""), True, "Cache-Control has no-store:")


@case("MUST")
def head_of_what_is_not_there_has_no_offset(c):
    answer = c.ask("HEAD", c.url.rstrip("/") + "/AAAAAAAAAAAAAAAAAAAAAA")
    expect(answer.status, (403, 404, 410))
    expect(answer["upload-offset"], None)


@case("MUST")
def patch_adds_and_tells_the_offset(c):
    body = some_bytes(100_000)
    url = c.create(len(body))
    answer = c.patch(url, 0, body[:70_000])
    expect(answer.status, 204)
    expect(answer["upload-offset"], "70000")
    expect(c.patch(url, 70_000, body[70_000:]).status, 204)
    c.is_at(url, len(body))
    c.holds(url, body)


@case("MUST")
def patch_elsewhere_is_409_and_changes_nothing(c):
    url = c.create(10)
    expect(c.patch(url, 0, b"12345").status, 204)
    for offset in (0, 3, 6, 10):
        expect(c.patch(url, offset, b"x").status, 409, f"at {offset}:")
    c.is_at(url, 5)


@case("SHOULD")
def patch_of_another_type_is_415(c):
    url = c.create(5)
    for kind in ("application/octet-stream", "text/plain", None):
        expect(c.ask("PATCH", url, {"Upload-Offset": 0, "Content-Type": kind}, b"hello").status, 415, f"{kind}:")
    c.is_at(url, 0)


@case("SHOULD")
def patch_of_what_is_not_there_is_404(c):
    expect(c.patch(c.url.rstrip("/") + "/AAAAAAAAAAAAAAAAAAAAAA", 0, b"x").status, (404, 410))


@case("MUST")
def offsets_are_numbers(c):
    url = c.create(5)
    for offset in ("-1", "+0", "0x0", "1e0", "", " ", "0,0", "99999999999999999999", None):
        answer = c.ask("PATCH", url, {"Upload-Offset": offset, "Content-Type": OFFSET_TYPE}, b"hello")
        expect(answer.status, (400, 409), f"{offset!r}:")
    c.is_at(url, 0)


@case("SHOULD")
def patch_past_the_length_is_refused(c):
    url = c.create(5)
    expect(c.patch(url, 0, b"123456").status, (400, 413))
    expect(c.offset(url), (0, 5), "the offset is")


@case("SHOULD")
def chunked_past_the_length_is_refused(c):
    url = c.create(5)
    expect(c.patch(url, 0, b"123456", chunked=True).status, (400, 413))
    expect(c.offset(url), (0, 5), "the offset is")


@case("MUST")
def patch_in_chunks(c):
    body = some_bytes(50_000)
    url = c.create(len(body))
    answer = c.patch(url, 0, body, chunked=True)
    expect(answer.status, 204)
    expect(answer["upload-offset"], "50000")
    c.holds(url, body)


@case("MUST")
def patch_of_nothing_at_the_end(c):
    url = c.create(5)
    expect(c.patch(url, 0, b"hello").status, 204)
    answer = c.patch(url, 5, b"")
    expect(answer.status, 204)
    expect(answer["upload-offset"], "5")


@case("SHOULD")
def what_came_before_a_cut_is_kept(c):
    body = some_bytes(300_000)
    url = c.create(len(body))
    with Talk(url) as talk:
        talk.begin("PATCH", FROM_THE_START, body, 200_000)
        for _ in range(100):
            if c.offset(url) == 200_000:
                break
            time.sleep(0.02)
    at = c.offset(url)
    expect(at, range(1, 200_001), "the offset is")
    expect(c.patch(url, at, body[at:]).status, 204)
    c.holds(url, body)


@case("MUST")
def a_newer_patch_is_not_locked_out(c):
    body = some_bytes(200_000)
    url = c.create(len(body))
    with Talk(url) as talk:  # a client that was cut off, and whose connection nobody has closed
        talk.begin("PATCH", FROM_THE_START, body, 1000)
        for _ in range(100):
            at = c.offset(url)
            if at == 1000:
                break
            time.sleep(0.02)
        expect(c.patch(url, at, body[at:]).status, 204)
    c.holds(url, body)


@case("MUST")
def method_override_replaces_the_method(c):
    url = c.create(5)
    answer = c.ask("POST", url, {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": 0, "Content-Type": OFFSET_TYPE}, b"hello")
    expect(answer.status, 204)
    c.is_at(url, 5)


# --- creation ---

@case("MUST", "creation")
def creation_tells_the_place(c):
    answer = c.ask("POST", fields={"Upload-Length": 5})
    expect(answer.status, 201)
    expect(bool(answer["location"]), True, "Location is told:")


@case("MUST", "creation")
def creation_needs_a_length(c):
    expect(c.ask("POST").status, range(400, 500))


@case("MUST", "creation")
def lengths_are_numbers(c):
    for length in ("-1", "+5", "5.0", "abc", "0x5", "9223372036854775808", "18446744073709551616", ""):
        expect(c.ask("POST", fields={"Upload-Length": length}).status, (400, 413), f"{length!r}:")


@case("MUST", "creation")
def above_the_largest_size_is_413(c):
    most = c.ask("OPTIONS", version=None)["tus-max-size"]
    if most is not None:
        expect(c.ask("POST", fields={"Upload-Length": int(most) + 1}).status, 413)


@case("MUST", "creation")
def an_empty_upload_is_complete(c):
    url = c.create(0)
    c.is_at(url, 0)
    c.holds(url, b"")


@case("MUST", "creation")
def metadata_comes_back(c):
    for text in ("filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential", "a", "name 4pyT", "a Yg==, c ZA=="):
        answer = c.ask("HEAD", c.create(1, Upload_Metadata=text))
        told = [tuple(pair.split()) for pair in answer["upload-metadata"].split(",")]
        expect(set(told) == {tuple(pair.split()) for pair in text.split(",")}, True, f"{answer['upload-metadata']!r} is {text!r}:")


@case("SHOULD", "creation")
def bad_metadata_is_refused(c):
    for text in ("a !!!", "a YQ==,a Yg==", ",", "a YQ== YQ=="):
        expect(c.ask("POST", fields={"Upload-Length": 1, "Upload-Metadata": text}).status, (400, 431), f"{text!r}:")


@case("MUST", "creation-with-upload")
def creation_takes_a_body(c):
    body = some_bytes(30_000)
    answer = c.ask("POST", fields={"Upload-Length": len(body), "Content-Type": OFFSET_TYPE}, body=body)
    expect(answer.status, 201)
    expect(answer["upload-offset"], "30000")
    c.holds(urllib.parse.urljoin(c.url, answer["location"]), body)


@case("MUST", "creation-with-upload")
def creation_takes_the_first_bytes(c):
    answer = c.ask("POST", fields={"Upload-Length": 10, "Content-Type": OFFSET_TYPE}, body=b"12345")
    expect(answer["upload-offset"], "5")
    url = urllib.parse.urljoin(c.url, answer["location"])
    expect(c.patch(url, 5, b"67890").status, 204)
    c.holds(url, b"1234567890")


@case("MUST", "creation-defer-length")
def a_length_may_come_later(c):
    url = c.create(Upload_Defer_Length="1")
    answer = c.ask("HEAD", url)
    expect(answer["upload-defer-length"], "1")
    expect(answer["upload-length"], None)
    expect(c.patch(url, 0, b"12345").status, 204)
    expect(c.patch(url, 5, b"678", fields={"Upload-Length": "8"}).status, 204)
    answer = c.ask("HEAD", url)
    expect(answer["upload-length"], "8")
    expect(answer["upload-defer-length"], None)
    c.holds(url, b"12345678")


@case("MUST", "creation-defer-length")
def a_length_may_come_with_no_bytes(c):
    url = c.create(Upload_Defer_Length="1")
    expect(c.patch(url, 0, b"12345").status, 204)
    expect(c.patch(url, 5, b"", fields={"Upload-Length": "5"}).status, 204)
    c.holds(url, b"12345")


@case("MUST", "creation-defer-length")
def defer_length_is_1(c):
    for value in ("0", "2", "true", ""):
        expect(c.ask("POST", fields={"Upload-Defer-Length": value}).status, 400, f"{value!r}:")


@case("MUST", "creation-defer-length")
def a_length_never_changes(c):
    url = c.create(Upload_Defer_Length="1")
    expect(c.patch(url, 0, b"12345", fields={"Upload-Length": "8"}).status, 204)
    expect(c.patch(url, 5, b"6", fields={"Upload-Length": "9"}).status, range(400, 500))
    expect(c.ask("HEAD", url)["upload-length"], "8")


@case("SHOULD", "creation-defer-length")
def a_length_below_the_offset_is_400(c):
    url = c.create(Upload_Defer_Length="1")
    expect(c.patch(url, 0, b"12345").status, 204)
    expect(c.patch(url, 5, b"", fields={"Upload-Length": "3"}).status, range(400, 500))
    c.is_at(url, 5)


# --- expiration ---

@case("MUST", "expiration")
def unfinished_uploads_tell_when_they_expire(c):
    url = c.create(10)
    answer = c.patch(url, 0, b"12345")
    expect(bool(re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", answer["upload-expires"] or "")), True,
           "Upload-Expires is a date:")


# --- checksum ---

@case("MUST", "checksum")
def options_tells_algorithms(c):
    expect("sha1" in c.ask("OPTIONS", version=None)["tus-checksum-algorithm"].split(","), True, "sha1 is among them:")


@case("MUST", "checksum")
def a_good_checksum_is_taken(c):
    body = some_bytes(40_000)
    url = c.create(len(body))
    for algorithm in c.ask("OPTIONS", version=None)["tus-checksum-algorithm"].split(","):
        if algorithm in hashlib.algorithms_available:
            at = c.offset(url)
            piece = body[at:at + 1000]
            expect(c.patch(url, at, piece, fields={"Upload-Checksum": checksum(piece, algorithm)}).status, 204, algorithm)
    at = c.offset(url)
    expect(c.patch(url, at, body[at:]).status, 204)
    c.holds(url, body)


@case("MUST", "checksum")
def a_bad_checksum_is_460_and_discards(c):
    url = c.create(10)
    expect(c.patch(url, 0, b"12345", fields={"Upload-Checksum": checksum(b"54321")}).status, 460)
    c.is_at(url, 0)
    expect(c.patch(url, 0, b"12", fields={"Upload-Checksum": checksum(b"12")}).status, 204)
    c.is_at(url, 2)
    expect(c.patch(url, 2, b"34567890").status, 204)
    c.holds(url, b"1234567890")


@case("MUST", "checksum")
def an_unknown_algorithm_is_400(c):
    url = c.create(5)
    for text in ("crc99 AAAA", "SHA1 " + checksum(b"hello").split()[1], "sha1", "sha1 !!!", ""):
        expect(c.patch(url, 0, b"hello", fields={"Upload-Checksum": text}).status, 400, f"{text!r}:")
    c.is_at(url, 0)


@case("MUST", "checksum")
def a_cut_body_with_a_checksum_is_discarded(c):
    body = some_bytes(100_000)
    url = c.create(len(body))
    with Talk(url) as talk:
        talk.begin("PATCH", {**FROM_THE_START, "Upload-Checksum": checksum(body)}, body, 60_000)
    c.is_at(url, 0)
    expect(c.patch(url, 0, body).status, 204)
    c.holds(url, body)


@case("MUST", "checksum-trailer")
def a_checksum_may_come_as_a_trailer(c):
    url = c.create(10)
    expect(c.patch(url, 0, b"12345", chunked=True, trailers={"Upload-Checksum": checksum(b"54321")}).status, 460)
    c.is_at(url, 0)
    expect(c.patch(url, 0, b"12345", chunked=True, trailers={"Upload-Checksum": checksum(b"12345")}).status, 204)
    c.is_at(url, 5)


# --- termination ---

@case("MUST", "termination")
def delete_is_204_and_then_it_is_gone(c):
    url = c.create(10)
    expect(c.patch(url, 0, b"12345").status, 204)
    expect(c.ask("DELETE", url).status, 204)
    for method in ("HEAD", "GET"):
        expect(c.ask(method, url).status, (404, 410), f"{method} answered")
    expect(c.patch(url, 5, b"67890").status, (404, 410))


@case("MUST", "termination")
def delete_of_a_finished_upload(c):
    url = c.create(5)
    expect(c.patch(url, 0, b"hello").status, 204)
    expect(c.ask("DELETE", url).status, 204)
    expect(c.ask("GET", url).status, (404, 410))


# --- concatenation ---

@case("MUST", "concatenation")
def parts_become_one(c):
    parts = [some_bytes(20_000, seed) for seed in range(3)]
    urls = [c.create(len(part), Upload_Concat="partial") for part in parts]
    for url, part in zip(urls, parts):
        expect(c.ask("HEAD", url)["upload-concat"], "partial")
        expect(c.patch(url, 0, part).status, 204)
    paths = [urllib.parse.urlsplit(urls[0]).path, *urls[1:]]
    final = c.create(Upload_Concat="final;" + " ".join(paths))
    for _ in range(200):
        answer = c.ask("HEAD", final)
        if answer["upload-offset"] is not None:
            break
        time.sleep(0.02)
    expect(answer["upload-offset"], answer["upload-length"], "Upload-Offset is")
    expect(answer["upload-concat"].startswith("final;"), True, "Upload-Concat is final:")
    c.holds(final, b"".join(parts))
    expect(c.patch(final, len(b"".join(parts)), b"x").status, 403)


@case("MUST", "concatenation")
def a_final_upload_has_no_length(c):
    url = c.create(5, Upload_Concat="partial")
    expect(c.ask("POST", fields={"Upload-Length": 5, "Upload-Concat": "final;" + url}).status, range(400, 500))


@case("SHOULD", "concatenation")
def parts_elsewhere_are_refused(c):
    at = urllib.parse.urlsplit(c.url)
    for part in ("http://example.com/files/AAAAAAAAAAAAAAAAAAAAAA", "../x", "/etc/passwd", "AAAAAAAAAAAAAAAAAAAAAA", "",
                 f"{at.path}/AAAAAAAAAAAAAAAAAAAAAA"):
        expect(c.ask("POST", fields={"Upload-Concat": "final;" + part}).status, (400, 403, 404), f"{part!r}:")


@case("MUST", "concatenation-unfinished")
def parts_may_be_unfinished(c):
    urls = [c.create(5, Upload_Concat="partial") for _ in range(2)]
    final = c.create(Upload_Concat="final;" + " ".join(urls))
    expect(c.ask("HEAD", final)["upload-offset"], None, "before the parts are whole Upload-Offset is")
    for url, part in zip(urls, (b"hello", b"world")):
        expect(c.patch(url, 0, part).status, 204)
    for _ in range(200):
        if c.ask("HEAD", final)["upload-offset"] == "10":
            break
        time.sleep(0.02)
    c.holds(final, b"helloworld")


# --- ranges of what is stored: no part of tus, and what its users expect ---

@case("SHOULD")
def ranges_of_a_finished_upload(c):
    body = some_bytes(1000)
    url = c.create(1000)
    expect(c.patch(url, 0, body).status, 204)
    answer = c.ask("GET", url, {"Range": "bytes=10-19"})
    expect(answer.status, 206)
    expect(answer["content-range"], "bytes 10-19/1000")
    expect(answer.body, body[10:20])
