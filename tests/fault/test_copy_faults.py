#!/usr/bin/env python3
"""Copies while stores break: inside S3 and inside Vercel Blob by the store itself, from one to the other, and of many.

Runs with WEIR_TEST_CLI and WEIR_TEST_FAULT_S3. Right bytes or a clear error; never a wrong object, never an upload left behind.
Each case is one scripted fault, which hits one object of several: the others are copied whatever happens to it. Copies in parts
inside S3 begin above 5 GiB; they have their turn in tests/store/s3_copy_faults_live.cpp.
"""

import json
import random
import unittest

from faulty_store import EITHER, ERROR, MIB, OK, S3, StoresTest, Vercel, name_of, sha256, status

SMALL = {name: random.Random(i).randbytes(20_000 + i) for i, name in enumerate(("a", "b", "c/d"))}
BIG = {"big": random.Random(9).randbytes(12 * MIB + 345), "a": b"small"}  # three parts, and one beside it
ACCESS, INTEGRITY, CHANGED = 4, 6, 7  # exit codes

# (operation, fault, what becomes of the object that it hits). Every fault fires once unless it says otherwise.
INSIDE_S3 = [
    *[("CopyObject", {"action": "reset_request_at", "at": at}, OK) for at in (0, 1, 300)],
    *[("CopyObject", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 1, 17, 150, 400)],
    ("CopyObject", {"action": "lost_reply"}, OK),
    ("CopyObject", {"action": "ok_with_error"}, OK),
    ("CopyObject", {"action": "ok_with_error", "spaces": 50}, OK),
    ("CopyObject", {"action": "ok_with_error", "code": "SlowDown"}, OK),
    ("CopyObject", {"action": "ok_with_error", "code": "AccessDenied", "times": 99}, ERROR),
    ("CopyObject", status(500, "InternalError", times=2), OK),
    ("CopyObject", status(503, "SlowDown", headers={"Retry-After": "1"}), OK),
    ("CopyObject", status(503, "SlowDown", early=True), OK),
    ("CopyObject", status(429, "TooManyRequests"), OK),
    ("CopyObject", status(403, "AccessDenied"), ERROR),
    ("CopyObject", {"action": "stall", "seconds": 1.5}, OK),
    ("CopyObject", {"action": "stall", "seconds": 1.5, "at": 200}, OK),
    ("CopyObject", {"action": "close_early", "at": 60}, OK),
    ("CopyObject", {"action": "garbage"}, EITHER),
    ("CopyObject", {"action": "no_etag"}, EITHER),
    ("CopyObject", {"action": "replaced_object"}, ERROR),
    ("CopyObject", {"action": "skewed_clock", "seconds": 7200}, OK),
        ("HeadObject", {"action": "lost_reply"}, OK),
    ("HeadObject", status(500, "InternalError"), OK),
    ("HeadObject", {"action": "no_etag"}, EITHER),
    ("HeadObject", {"action": "wrong_length", "delta": 1000}, EITHER),
]
INSIDE_VERCEL = [
    *[("copy", {"action": "reset_request_at", "at": at}, OK) for at in (0, 1, 300)],
    *[("copy", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 1, 17, 150)],
    ("copy", {"action": "lost_reply"}, OK),
    ("copy", status(500, "internal_server_error", times=2), OK),
    ("copy", status(503, "service_unavailable", early=True), OK),
    ("copy", status(429, "rate_limited", headers={"Retry-After": "1"}), OK),
    ("copy", status(403, "not_allowed"), ERROR),
    ("copy", {"action": "stall", "seconds": 1.5}, OK),
    ("copy", {"action": "close_early", "at": 60}, EITHER),
    ("copy", {"action": "garbage"}, EITHER),
    ("copy", {"action": "no_etag"}, EITHER),
    ("copy", {"action": "replaced_object"}, EITHER),
    ("head", {"action": "lost_reply"}, OK),
    ("head", status(500, "internal_server_error"), OK),
]
# The same with (store, operation, fault, ...): which of the two breaks.
S3_TO_VERCEL = [
    *[("s3", "GetObject", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 400, 100_000, 4 * MIB)],
    ("s3", "GetObject", {"action": "close_early", "at": 200_000}, OK),
    ("s3", "GetObject", status(503, "SlowDown"), OK),
    ("s3", "GetObject", {"action": "stall", "seconds": 1.5, "at": 100_000}, OK),
    ("s3", "GetObject", {"action": "flip_byte", "at": 100_000, "times": 99}, ERROR),
    ("s3", "GetObject", {"action": "replaced_object", "skip": 1}, EITHER),
    ("s3", "HeadObject", status(500, "InternalError"), OK),
    ("vercel", "upload", {"action": "reset_request_at", "at": 70_000}, OK),
    ("vercel", "upload", {"action": "reset_reply_at", "at": 17}, OK),
    ("vercel", "upload", status(429, "rate_limited", headers={"Retry-After": "1"}), OK),
    ("vercel", "upload", status(403, "not_allowed"), ERROR),
    ("vercel", "create", status(500, "internal_server_error"), OK),
    ("vercel", "complete", {"action": "lost_reply"}, OK),
    ("vercel", "complete", status(500, "internal_server_error"), OK),
]
VERCEL_TO_S3 = [
    *[("vercel", "get", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 400, 100_000, 4 * MIB)],
    ("vercel", "get", {"action": "close_early", "at": 200_000}, OK),
    ("vercel", "get", status(503, "service_unavailable"), OK),
    ("vercel", "get", {"action": "stall", "seconds": 1.5, "at": 100_000}, OK),
    ("vercel", "get", {"action": "replaced_object", "skip": 1}, EITHER),
    ("vercel", "get", {"action": "wrong_range"}, EITHER),
    ("vercel", "head", status(500, "internal_server_error"), OK),
    ("s3", "CreateMultipartUpload", status(500, "InternalError"), OK),
    ("s3", "UploadPart", {"action": "reset_request_at", "at": 70_000}, OK),
    ("s3", "UploadPart", {"action": "flip_byte", "at": 1_000_000}, OK),
    ("s3", "UploadPart", {"action": "flip_byte", "at": 5, "times": 99}, ERROR),
    ("s3", "UploadPart", status(403, "AccessDenied"), ERROR),
    ("s3", "UploadPart", {"action": "lost_upload", "skip": 1}, EITHER),
    ("s3", "CompleteMultipartUpload", {"action": "lost_reply"}, OK),
    ("s3", "CompleteMultipartUpload", {"action": "ok_with_error", "spaces": 50}, OK),
]


class CopyFaults(StoresTest):
    def fill(self, store, contents):
        """Puts `contents` below from/ of a store that knows nothing else."""
        store.control("POST", "reset")
        for name, data in contents.items():
            path = self.work / "from" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        done = self.weir("cp", "-r", self.work / "from", store.PLACE)
        self.assertEqual(done.returncode, 0, done.stderr.decode())

    def copy(self, source, target, hit, expected, *options):
        """Copies all below from/ to to/; `hit` is the name that the fault is for. Gives exit code and events."""
        done = self.weir("cp", "-r", "--json", *options, f"{source.PLACE}from/", f"{target.PLACE}to/")
        self.judge(done, expected)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        outcomes = {event["source"].removeprefix(f"{source.PLACE}from/"): event["outcome"] for event in told if event["event"] == "file"}
        before, after = source.objects(source.state()), target.objects(target.state())
        names = [name.removeprefix("from/") for name in before if name.startswith("from/")]
        self.assertEqual(set(outcomes), set(names), "each is told of")
        for name in names:
            copied = after.get(f"to/{name}")
            if name != hit or outcomes[name] == "copied":
                self.assertEqual(outcomes[name], "copied", f"{name}, which no fault was for")
                self.assertIsNotNone(copied, f"{name} is not there")
            if copied:
                self.assertEqual(copied["sha256"], before[f"from/{name}"]["sha256"], f"{name} has other bytes")
        failed = [name for name in names if outcomes[name] == "failed"]
        self.assertEqual(told[-1]["transfers_failed"], len(failed))
        self.assertEqual(told[-1]["exit_code"], done.returncode)
        self.assertEqual(done.returncode == 0, not failed)
        self.assertEqual(target.left_open(target.state()), [])
        return done.returncode, told

    def inside(self, kind, cases):
        store = self.start(kind)
        for op, fault, expected in cases:
            with self.subTest(name_of(op, fault)):
                self.fill(store, SMALL)
                key = "from/b" if op.lower().startswith("head") else "to/b"
                store.script({"op": op, "key": key, **fault})
                self.copy(store, store, "b", expected)
                self.have_fired(store.state())

    def test_a_copy_inside_s3_survives_or_fails_cleanly(self):
        self.inside(S3, INSIDE_S3)

    def test_a_copy_inside_vercel_blob_survives_or_fails_cleanly(self):
        self.inside(Vercel, INSIDE_VERCEL)

    def test_a_copy_that_must_replace_nothing_is_not_refused_for_its_own_lost_reply(self):
        for kind, op in ((S3, "CopyObject"), (Vercel, "copy")):
            with self.subTest(op):
                store = self.start(kind)
                self.fill(store, SMALL)
                store.script({"op": op, "key": "to/b", "action": "lost_reply"})
                self.copy(store, store, "b", OK, "--no-clobber")
                self.have_fired(store.state())
                done = self.weir("cp", "-r", "--no-clobber", f"{store.PLACE}from/", f"{store.PLACE}to/")
                self.assertEqual(done.returncode, 0, done.stderr.decode())
                self.assertIn(b"3 skipped", done.stderr)

    def test_a_source_that_is_replaced_while_it_is_copied_has_its_exit_code(self):
        store = self.start(S3)
        self.fill(store, SMALL)
        store.script({"op": "CopyObject", "key": "to/b", "action": "replaced_object"})
        self.assertEqual(self.copy(store, store, "b", ERROR)[0], CHANGED)

    def between(self, source, target, cases):
        stores = {"s3": self.start(S3), "vercel": self.start(Vercel)}
        for which, op, fault, expected in cases:
            with self.subTest(f"{which} {name_of(op, fault)}"):
                stores[target].control("POST", "reset")
                self.fill(stores[source], BIG)
                stores[which].script({"op": op, **({} if op in ("upload", "complete") else {"key": "big"}), **fault})
                self.copy(stores[source], stores[target], "big", expected)
                if not fault.get("skip"):
                    self.have_fired(stores[which].state())

    def test_a_copy_from_s3_to_vercel_blob_survives_or_fails_cleanly(self):
        self.between("s3", "vercel", S3_TO_VERCEL)

    def test_a_copy_from_vercel_blob_to_s3_survives_or_fails_cleanly(self):
        self.between("vercel", "s3", VERCEL_TO_S3)

    def test_of_many_those_that_a_store_refuses_fail_and_all_others_are_copied(self):
        many = {f"{i:02}": random.Random(i).randbytes(1000 + i) for i in range(40)}
        stores = {"s3": self.start(S3), "vercel": self.start(Vercel)}
        puts = {"s3": ("PutObject", "AccessDenied"), "vercel": ("put", "not_allowed")}
        for source, target in (("s3", "vercel"), ("vercel", "s3"), ("s3", "s3"), ("vercel", "vercel")):
            with self.subTest(f"{source} to {target}"):
                for store in stores.values():
                    store.control("POST", "reset")
                self.fill(stores[source], many)
                op, refusal = puts[target] if source != target else ({"s3": "CopyObject", "vercel": "copy"}[source], puts[target][1])
                stores[target].script(
                    {"op": op, "key": "to/07", **status(403, refusal, times=99)}, {"op": op, "key": "to/11", "action": "lost_reply"},
                    {"op": op, "key": "to/13", **status(503, "SlowDown" if target == "s3" else "service_unavailable", times=2)},
                    {"op": op, "key": "to/17", "action": "reset_request_at", "at": 100})
                code, told = self.copy(stores[source], stores[target], "07", ERROR)
                self.have_fired(stores[target].state())
                self.assertEqual(code, ACCESS)
                self.assertEqual((told[-1]["transfers_done"], told[-1]["transfers_failed"]), (39, 1))

    def test_an_object_that_comes_damaged_fails_alone_and_leaves_nothing(self):
        s3, vercel = self.start(S3), self.start(Vercel)
        self.fill(s3, SMALL)
        s3.script({"op": "GetObject", "key": "from/b", "action": "flip_byte", "at": 77, "times": 99})
        code, _ = self.copy(s3, vercel, "b", ERROR)
        self.assertEqual(code, INTEGRITY)
        self.assertNotIn("to/b", vercel.objects(vercel.state()))


if __name__ == "__main__":
    unittest.main()
