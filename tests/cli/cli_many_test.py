#!/usr/bin/env python3
"""Many files and objects with the weir command: trees, patterns, filters, names, failures, Ctrl-C, store to store.

    servers.py run versitygw -- cli_many_test.py

Runs against the server that the environment names, and for one file that fails among many against fault_s3.py.
"""

import os
import signal
import subprocess
import time
import unittest
import urllib.request
from pathlib import Path

from cli_s3_test import ScriptedStoreTest, StoreTest
from harness import CommandTest, events, spawn, weir

AWKWARD = ["blank in name", "plus+sign", "per%20cent", "question?mark", "hash#mark", "amp&er=sand", 'quote"d', "ünï/cödé",
           "日本語", "emoji-🌊", "back\\slash", "-dash", "a.b..c", "new\nline", "a:b", "deep/er/still/it", "star*(paren)"]


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in Path(root).rglob("*") if path.is_file()}


class Many(StoreTest):
    count = 0

    def setUp(self):
        super().setUp()
        Many.count += 1
        self.prefix = f"many-{os.getpid()}-{Many.count}"

    def make(self, names, root="in", content=None):
        for name in names:
            path = self.folder / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode() if content is None else content)
        return self.folder / root

    def stored(self, prefix):
        listed = self.store("ls", "-r", "--json", self.url(prefix))
        return {event["key"]: event["size"] for event in events(listed.stdout)} if listed.returncode == 0 else {}

    def cp(self, *arguments, code=0, **options):
        done = self.store("cp", *arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done

    def test_a_tree_with_awkward_names_goes_up_and_comes_back(self):
        made = self.make(AWKWARD)
        up = self.cp("-r", f"{made}/", self.url(f"{self.prefix}/"))
        self.assertRegex(up.stderr.decode(), rf"done {len(AWKWARD)} files, .* in ")
        self.assertEqual(set(self.stored(f"{self.prefix}/")), {f"{self.prefix}/{name}" for name in AWKWARD})
        self.cp("-r", self.url(f"{self.prefix}/"), self.folder / "out")
        self.assertEqual(tree(self.folder / "out"), tree(made))

    def test_several_sources_and_a_tree_without_a_slash_keep_their_names(self):
        self.make(["a.txt", "b.txt", "tree/c.txt"])
        root = self.folder / "in"
        self.cp("-r", root / "a.txt", root / "b.txt", root / "tree", self.url(self.prefix))
        self.assertEqual(set(self.stored(self.prefix)), {f"{self.prefix}/{name}" for name in ("a.txt", "b.txt", "tree/c.txt")})
        self.cp("-r", self.url(f"{self.prefix}/tree"), self.url(f"{self.prefix}/a.txt"), self.folder / "out")
        self.assertEqual(set(tree(self.folder / "out")), {"tree/c.txt", "a.txt"})

    def test_patterns_are_the_command_s_own_for_stores_and_for_quoted_names(self):
        root = self.make(["1/a.log", "1/b.txt", "2/c.log"])
        self.cp(f"{root}/*/*.log", self.url(f"{self.prefix}/"))
        self.assertEqual(set(self.stored(self.prefix)), {f"{self.prefix}/1/a.log", f"{self.prefix}/2/c.log"})
        self.cp(self.url(f"{self.prefix}/[1]/*"), self.folder / "out")
        self.assertEqual(set(tree(self.folder / "out")), {"1/a.log"})
        none = self.cp(self.url(f"{self.prefix}/*.none"), self.folder / "none", code=3)
        self.assertIn(b"nothing matches", none.stderr)
        (root / "link").symlink_to("1")
        none = self.cp(f"{root}/*.none", self.url(f"{self.prefix}/"), code=3)
        self.assertIn(b"nothing matches", none.stderr)
        refused = self.store("rm", self.url(f"{self.prefix}/1/*.log"))
        self.assertEqual(refused.returncode, 3)
        self.assertIn(b"rm takes no patterns", refused.stderr)
        self.assertEqual(len(self.stored(self.prefix)), 2)

    def test_filters_in_order_and_a_dry_run(self):
        root = self.make(["a.jpg", "b.txt", "x/c.jpg", "x/d.tmp"])
        filters = ("--exclude", "*", "--include", "*.jpg", "--exclude", "x/")
        dry = self.cp("-r", f"{root}/", self.url(f"{self.prefix}/"), "--dry-run", *filters)
        self.assertEqual(dry.stdout.decode().splitlines(), [f"would copy {root}/a.jpg → {self.url(self.prefix)}/a.jpg"])
        self.assertEqual(self.stored(self.prefix), {})
        self.cp("-r", f"{root}/", self.url(f"{self.prefix}/"), *filters)
        self.assertEqual(set(self.stored(self.prefix)), {f"{self.prefix}/a.jpg"})
        self.cp("-r", f"{root}/", self.url(f"{self.prefix}/"), "--include", "*.jpg", "--exclude", "*")
        self.assertEqual(len(self.stored(self.prefix)), 1)

    def test_an_update_copies_what_differs(self):
        root = self.make(["a", "b", "c"])
        self.cp("-r", f"{root}/", self.url(f"{self.prefix}/"))
        again = events(self.cp("-r", "--json", "--update", f"{root}/", self.url(f"{self.prefix}/")).stdout)
        self.assertEqual((again[-1]["transfers_kept"], again[-1]["transfers_done"]), (3, 0))
        (root / "b").write_bytes(b"B")
        os.utime(root / "b", (1, 1))  # older than the object, and of the same size
        self.assertIn(b"3 kept", self.cp("-r", "--update", f"{root}/", self.url(f"{self.prefix}/")).stderr)
        by_checksum = events(self.cp("-r", "--json", "--update=checksum", f"{root}/", self.url(f"{self.prefix}/")).stdout)
        outcomes = {Path(event["source"]).name: event["outcome"] for event in by_checksum if event["event"] == "file"}
        expected = "kept" if self.has_checksums() else "copied"
        self.assertEqual(outcomes, {"a": expected, "b": "copied", "c": expected})
        self.refuses(2, "cp", "-r", "--update=never", f"{root}/", self.url(self.prefix), says=["none of size-time, checksum"])

    def test_an_update_goes_both_ways_and_copies_nothing_twice(self):
        root = self.make(["a", "d/b"])
        place = self.url(f"{self.prefix}/")
        self.cp("-r", f"{root}/", place)
        self.cp("-r", place, self.folder / "out")
        for source, destination in ((f"{self.folder}/out/", place), (place, self.folder / "out"), (f"{root}/", place)):
            told = events(self.cp("-r", "--json", "--update", source, destination).stdout)
            self.assertEqual((told[-1]["transfers_kept"], told[-1]["transfers_done"]), (2, 0), (source, destination))
        modified = events(self.store("head", "--json", self.url(f"{self.prefix}/a")).stdout)[0]["modified"]
        self.cp(self.url(f"{self.prefix}/a"), self.folder / "one")
        for path in (self.folder / "one", self.folder / "out" / "a"):
            self.assertEqual(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.stat().st_mtime)), modified)
        # What is older than its object is copied once more, and not again.
        old = self.make(["a", "d/b"], root="old")
        for name in ("a", "d/b"):
            os.utime(old / name, (1, 1))
        for kept, copied in ((0, 2), (2, 0)):
            told = events(self.cp("-r", "--json", "--update", place, f"{old}/").stdout)
            self.assertEqual((told[-1]["transfers_kept"], told[-1]["transfers_done"]), (kept, copied))

    def has_checksums(self):
        self.assertEqual(self.store("cp", "-", self.url(f"{self.prefix}/probe"), stdin=b"probe").returncode, 0)
        head = events(self.store("head", "--json", self.url(f"{self.prefix}/probe")).stdout)[0]
        return head["checksum"] is not None

    def test_one_file_that_cannot_be_read_stops_no_other(self):
        root = self.make([f"{i:03}" for i in range(40)])
        (root / os.fsdecode(b"no key\xff")).write_bytes(b"x")
        done = self.cp("-r", f"{root}/", self.url(f"{self.prefix}/"), code=2)
        self.assertIn(b"UTF-8", done.stderr)
        self.assertRegex(done.stderr.decode(), r"41 files, 1 failed")
        self.assertEqual(len(self.stored(f"{self.prefix}/")), 40)
        told = events(self.store("cp", "-r", "--json", f"{root}/", self.url(f"{self.prefix}/")).stdout)
        self.assertEqual(len([event for event in told if event["event"] == "file" and event["outcome"] == "failed"]), 1)
        self.assertEqual((told[-1]["event"], told[-1]["transfers_failed"], told[-1]["exit_code"]), ("summary", 1, 2))

    def test_links_in_a_tree_are_skipped_by_name_and_the_exit_code_is_0(self):
        root = self.make(["a", "x/b"])
        (root / "link").symlink_to("/etc/hostname")
        (root / "x" / "up").symlink_to("..")
        done = self.cp("-r", f"{root}/", self.url(f"{self.prefix}/"))
        for name in ("link", "x/up"):
            self.assertIn(f"skipped {root}/{name}: it is a symbolic link", done.stderr.decode())
        self.assertIn("done 4 files, 2 skipped", done.stderr.decode())
        self.assertEqual(set(self.stored(f"{self.prefix}/")), {f"{self.prefix}/a", f"{self.prefix}/x/b"})
        told = events(self.cp("-r", "--json", f"{root}/", self.url(f"{self.prefix}/")).stdout)
        self.assertEqual({event["source"]: event["destination"] for event in told if event.get("outcome") == "skipped"},
                         {f"{root}/link": None, f"{root}/x/up": None})
        self.assertEqual((told[-1]["transfers_skipped"], told[-1]["transfers_failed"]), (2, 0))
        self.assertEqual(self.cp("-q", "-r", f"{root}/", self.url(f"{self.prefix}/")).stderr, b"")

    def test_what_is_there_is_skipped_where_nothing_is_to_be_replaced(self):
        root = self.make(["a", "b", "x/c"])
        self.cp("-r", f"{root}/", self.url(f"{self.prefix}/"))
        self.make(["a", "b", "x/c", "new"], content=b"changed")
        done = self.cp("-r", "-v", "--no-clobber", f"{root}/", self.url(f"{self.prefix}/"))
        self.assertIn(f"skipped {self.url(self.prefix)}/a: it is there already", done.stdout.decode())
        self.assertIn("done 4 files, 3 skipped", done.stderr.decode())
        self.assertEqual(self.store("cat", self.url(f"{self.prefix}/x/c")).stdout, b"x/c")
        self.assertEqual(self.store("cat", self.url(f"{self.prefix}/new")).stdout, b"changed")
        several = events(self.cp("--json", "--no-clobber", root / "a", root / "new", self.url(f"{self.prefix}/")).stdout)
        self.assertEqual([event["outcome"] for event in several if event["event"] == "file"], ["skipped", "skipped"])
        down = self.make(["a"], root="down", content=b"mine")
        done = self.cp("-r", "--no-clobber", self.url(f"{self.prefix}/"), f"{down}/")
        self.assertIn("done 4 files, 1 skipped", done.stderr.decode())
        self.assertEqual(tree(down), {"a": b"mine", "b": b"b", "x/c": b"x/c", "new": b"changed"})
        refused = self.refused(1, "cp", "--no-clobber", self.url(f"{self.prefix}/b"), down / "a", says=["there is a file already"])
        self.assertIn(b"Nothing was read.", refused.stderr)
        self.cp("--no-clobber", self.url(f"{self.prefix}/b"), down / "b2")
        self.assertEqual(tree(down)["b2"], b"b")

    def test_inside_the_store_it_copies_by_itself(self):
        root = self.make(["a", "x/b"])
        self.cp("-r", f"{root}/", self.url(f"{self.prefix}/from/"))
        told = events(self.cp("-r", "--json", self.url(f"{self.prefix}/from/"), self.url(f"{self.prefix}/to/")).stdout)
        self.assertEqual([event["inside_store"] for event in told if event["event"] == "file"], [True, True])
        self.assertEqual(set(self.stored(f"{self.prefix}/to/")), {f"{self.prefix}/to/a", f"{self.prefix}/to/x/b"})
        done = self.cp("-r", self.url(f"{self.prefix}/"), self.url(f"{self.prefix}/to/"), code=2)
        self.assertIn(b"would never end", done.stderr)
        told = events(self.cp("--json", self.url(f"{self.prefix}/from/a"), self.url(f"{self.prefix}/one")).stdout)
        self.assertEqual([event["inside_store"] for event in told if event["event"] == "file"], [True])
        self.assertEqual(self.store("cat", self.url(f"{self.prefix}/one")).stdout, b"a")

    def test_rm_r_in_batches_with_filters_and_dry_run(self):
        root = self.make(["a.log", "b.txt", "x/c.log"])
        self.cp("-r", f"{root}/", self.url(f"{self.prefix}/"))
        self.cp(root / "a.log", self.url(f"{self.prefix}-other"))
        dry = self.store("rm", "-r", "--dry-run", self.url(self.prefix))
        self.assertEqual(dry.stdout.count(b"would remove"), 3)
        self.assertEqual(len(self.stored(f"{self.prefix}/")), 3)
        self.assertEqual(self.store("rm", "-r", self.url(self.prefix), "--exclude", "*", "--include", "*.log").returncode, 0)
        self.assertEqual(set(self.stored(f"{self.prefix}/")), {f"{self.prefix}/b.txt"})
        gone = events(self.store("rm", "-r", "--json", self.url(self.prefix)).stdout)
        self.assertEqual([(event["url"], event["was_there"]) for event in gone], [(self.url(f"{self.prefix}/b.txt"), True)])
        self.assertEqual(set(self.stored(f"{self.prefix}-other")), {f"{self.prefix}-other"})
        self.refused(3, "rm", "-r", self.url(self.prefix), says=["nothing of that name"])
        self.refused(2, "rm", self.url(""), says=["rm -r"])

    def test_ctrl_c_in_the_middle_leaves_whole_files_and_says_how_to_go_on(self):
        root = self.make([f"{i:04}" for i in range(3000)], content=b"x" * 5000)
        running = spawn("cp", "-r", "--concurrency", "2", f"{root}/", self.url(f"{self.prefix}/"), env=self.environment(),
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (running.poll() is None and running.kill(), running.wait()))
        self.waits_for(lambda: len(self.stored(f"{self.prefix}/")) > 20 or running.poll() is not None, "a few uploads")
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=10)
        self.assertEqual(running.returncode, 130, told)
        self.assertIn(b"Go on with:  weir cp -r", told)
        there = self.stored(f"{self.prefix}/")
        self.assertLess(len(there), 3000)
        self.assertEqual(set(there.values()), {5000})
        self.cp("-r", "--update", f"{root}/", self.url(f"{self.prefix}/"))
        self.assertEqual(len(self.stored(f"{self.prefix}/")), 3000)

    def test_a_pipe_and_transforms_are_for_one_file_at_a_time(self):
        root = self.make(["a"])
        self.refused(2, "cp", "-r", f"{root}/", self.url(self.prefix), "--through", "zstd", says=["--through"])
        self.refused(2, "cp", "-r", f"{root}/", "-", says=["no place in a store"])
        for command in (("cp", "-r", "--dry-run"), ("ls",), ("rm",), ("head",)):
            more = [self.folder] if command[0] == "cp" else []
            done = self.refused(2, *command, "https://user:hush@host/x?sig=hush", *more, says=["https://host/x", "no store"])
            self.assertNotIn(b"hush", done.stderr)


class LocalPlaces(CommandTest):
    def test_ls_head_rm_and_verify_take_paths(self):
        (self.folder / "d").mkdir()
        for name in ("a", "d/b"):
            (self.folder / name).write_bytes(name.encode())
        listed = weir("ls", "-r", "--json", self.folder)
        self.assertEqual([event["key"] for event in events(listed.stdout)], ["a", "d/b"])
        self.assertIn(b"size            1 ", weir("head", self.folder / "a").stdout)
        self.assertEqual(weir("verify", self.folder / "a", self.folder / "a").returncode, 0)
        self.refuses(2, "rm", self.folder, says=["rm -r"])
        self.assertEqual(weir("rm", self.folder / "a").returncode, 0)
        self.assertEqual(weir("rm", "-r", self.folder / "d").returncode, 0)
        self.assertEqual(tree(self.folder), {})
        self.refuses(3, "ls", f"{self.folder}/none/", says=["No such file"])


class Scripted(ScriptedStoreTest):
    """Against a store that has any key, and breaks where a script says."""

    def put(self, *keys, content=None):
        """By presigned URLs, since weir itself takes a name that ends with '/' for a folder."""
        for key in keys:
            url = self.store("presign", "--method", "PUT", self.url(key)).stdout.decode().strip()
            data = key.encode() if content is None else content
            with urllib.request.urlopen(urllib.request.Request(url, data=data, method="PUT"), timeout=20) as reply:
                self.assertEqual(reply.status, 200)

    def test_keys_that_cannot_be_files_are_refused_by_name_and_nothing_leaves_the_destination(self):
        bad = ["t/../escape", "t/a//b", "t//absolute", "t/a/./b", "t/a/..", "t/long/" + "x" * 256, "t/file/below", "t/folder/"]
        self.put("t/file", "t/ok/1", "t/ok/2", *bad)
        done = self.store("cp", "-r", self.url("t/"), self.folder / "out" / "in")
        text = done.stderr.decode()
        self.assertEqual(done.returncode, 1, text)  # invalid names and one that is too long: more than one cause
        self.assertEqual(tree(self.folder), {"out/in/file": b"t/file", "out/in/ok/1": b"t/ok/1", "out/in/ok/2": b"t/ok/2"})
        for key in bad:
            self.assertIn(f"cannot copy s3://weir-test/{key}", text)
        self.assertIn("11 files, 8 failed", text)

    def test_a_folder_s_own_object_is_left_out_where_folders_need_none(self):
        self.put("t/a/1")
        self.put("t/a/", content=b"")
        self.assertEqual(self.store("cp", "-r", self.url("t/"), self.folder / "out").returncode, 0)
        self.assertEqual(tree(self.folder / "out"), {"a/1": b"t/a/1"})

    def test_one_object_that_the_store_refuses_stops_no_other(self):
        root = self.folder / "in"
        root.mkdir()
        for i in range(60):
            (root / f"{i:02}").write_bytes(b"x" * i)
        self.control("faults", [{"op": "PutObject", "key": "t/07", "action": "status", "status": 403, "code": "AccessDenied", "times": 99},
                                {"op": "PutObject", "key": "t/11", "action": "status", "status": 503, "code": "SlowDown"}])
        told = self.store("cp", "-r", "--json", f"{root}/", self.url("t/"))
        failed = [event for event in events(told.stdout) if event["event"] == "file" and event["outcome"] == "failed"]
        self.assertEqual(told.returncode, 4, told.stderr.decode())
        self.assertEqual([(event["destination"], event["error"]["service_code"]) for event in failed],
                         [("s3://weir-test/t/07", "AccessDenied")])
        self.assertEqual(len(self.control("state")["objects"]), 59)
        again = self.store("cp", "-r", f"{root}/", self.url("t/"))
        self.assertIn("60 files, 1 failed", again.stderr.decode())

    def test_a_listing_that_fails_is_told_and_what_was_found_is_copied(self):
        self.put(*[f"t/{i}" for i in range(5)])
        self.control("faults", [{"op": "ListObjectsV2", "action": "status", "status": 403, "code": "AccessDenied", "times": 99}])
        done = self.store("cp", "-r", self.url("t/"), self.folder / "out")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn(b"AccessDenied", done.stderr)
        self.assertEqual(self.store("rm", "-r", self.url("t/")).returncode, 4)

    def test_an_object_that_comes_damaged_fails_alone(self):
        self.put("t/1", "t/2", "t/3")
        self.control("faults", [{"op": "GetObject", "key": "t/2", "action": "flip_byte", "times": 99}])
        done = self.store("cp", "-r", self.url("t/"), self.folder / "out")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertEqual(set(tree(self.folder / "out")), {"1", "3"})

    def test_objects_that_cannot_be_removed_are_told_by_name(self):
        self.put("t/1", "t/2")
        self.control("faults", [{"op": "DeleteObjects", "action": "status", "status": 403, "code": "AccessDenied", "times": 99}])
        self.refused(4, "rm", "-r", self.url("t/"), says=["AccessDenied"])


if __name__ == "__main__":
    unittest.main()
