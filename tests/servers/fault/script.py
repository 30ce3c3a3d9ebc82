"""The script: which requests get which fault, how often, and what has fired.

A fault is a JSON object: {"op": "UploadPart", "action": "status", "status": 503, "code": "SlowDown"}.
  op      the S3 operation, or "*"
  part    only this part number          key    only keys that contain this text
  times   how often it fires (1)         skip   how many matching requests pass first (0)
  action  one of ACTIONS; its parameters stand beside it
"""

import threading

OPERATIONS = ("PutObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload", "AbortMultipartUpload", "GetObject",
              "HeadObject", "ListParts", "DeleteObject", "ListObjectsV2", "ListMultipartUploads", "CreateBucket", "HeadBucket",
              "CopyObject", "UploadPartCopy", "DeleteObjects", "GetObjectTagging", "*")

# action → its parameters and their defaults; None: must be given.
ACTIONS = {
    # The connection
    "reset_request_at": {"at": None},  # TCP reset once `at` bytes of the request have been read, head included
    "reset_reply_at": {"at": None},  # the work is done; TCP reset after `at` bytes of the reply, head included
    "lost_reply": {},  # the work is done; TCP reset instead of a reply
    "stall": {"seconds": None, "when": "reply", "at": 0},  # when: "request" (after `at` body bytes) | "reply" (after `at` bytes)
    "garbage": {"bytes": 512},  # bytes that are no HTTP, then the end
    # Answers without the work
    "status": {"status": None, "code": "InternalError", "message": "A scripted fault.", "headers": {},
               "early": False},  # early: before the body is read
    "ok_with_error": {"code": "InternalError", "spaces": 0},  # 200, `spaces` blanks, then <Error>
    "redirect": {"location": None, "status": 307},
    "expired_token": {},
    "skewed_clock": {"seconds": None},  # from now on this server's clock is off by so much, and it answers with its Date
    # Answers that lie
    "flip_byte": {"at": 0},  # of the body received (uploads) or sent (GetObject)
    "close_early": {"at": None},  # orderly end after `at` bytes of the reply body
    "wrong_length": {"delta": None},  # Content-Length is off by so much
    "no_etag": {},
    "wrong_etag": {},
    "wrong_checksum": {},
    "wrong_range": {},  # Content-Range is one off
    "ignore_range": {},  # 200 and the whole object
    # Changes behind the client's back, before the work
    "replaced_object": {},  # other bytes of the same length; of a copy: its source
    "lost_upload": {},  # as a lifecycle rule would: NoSuchUpload
    "lost_part": {"number": 1},
}
COMMON = ("op", "part", "key", "times", "skip", "action")


class BadScript(ValueError):
    """A fault that this server does not know, with what is wrong."""


def checked(fault, operations):
    """The fault with its defaults filled in."""
    if not isinstance(fault, dict) or fault.get("op") not in operations:
        raise BadScript(f"op must be one of {', '.join(operations)}: {fault}")
    if fault.get("action") not in ACTIONS:
        raise BadScript(f"action must be one of {', '.join(ACTIONS)}: {fault}")
    parameters = ACTIONS[fault["action"]]
    unknown = set(fault) - set(COMMON) - set(parameters)
    missing = [name for name, default in parameters.items() if default is None and name not in fault]
    if unknown or missing:
        raise BadScript(f"{fault['action']}: unknown {sorted(unknown)}, missing {missing}")
    return {"times": 1, "skip": 0, **parameters, **fault, "fired": 0, "seen": 0}


class Script:
    """Thread-safe."""

    def __init__(self, operations=OPERATIONS):
        self._operations = operations
        self._lock = threading.Lock()
        self._faults = []

    def add(self, faults):
        checked_faults = [checked(fault, self._operations) for fault in faults]
        with self._lock:
            self._faults += checked_faults

    def clear(self):
        with self._lock:
            self._faults = []

    def next(self, op, key, part):
        """The first fault that is due for this request, counted as fired; else None."""
        with self._lock:
            for fault in self._faults:
                if fault["op"] not in ("*", op) or fault.get("part", part) != part or fault.get("key", "") not in key:
                    continue
                fault["seen"] += 1
                if fault["seen"] <= fault["skip"] or fault["fired"] >= fault["times"]:
                    continue
                fault["fired"] += 1
                return dict(fault)
        return None

    def state(self):
        with self._lock:
            return [dict(fault) for fault in self._faults]
