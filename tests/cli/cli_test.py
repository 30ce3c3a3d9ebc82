#!/usr/bin/env python3
"""The weir command as a black box, without a store: what it copies, what it refuses and how, how it exits.

WEIR_BIN names the command. Standard library of Python 3.9 alone.
"""

import hashlib
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import WEIR, CommandTest, events, spawn, weir

MIB = 1 << 20
DOCS = Path(__file__).resolve().parents[2] / "docs"


class Copies(CommandTest):
    def test_a_file_arrives_whole_and_the_last_line_says_so(self):
        data = os.urandom(30 * MIB + 17)
        source = self.file("in", data)
        done = weir("cp", source, self.folder / "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "out").read_bytes(), data)
        self.assertEqual(done.stdout, b"")
        self.assertRegex(done.stderr.decode(), r"\Adone 30\.0 MiB in .*, crc64nvme \S+=\n\Z")

    def test_both_ends_may_be_pipes_and_stages_run_in_order(self):
        data = b"weir " * 500_000
        packed = weir("cp", "-", "-", "--through", "sha256 | zstd level=3", stdin=data)
        self.assertEqual(packed.returncode, 0, packed.stderr)
        self.assertIn(hashlib.sha256(data).hexdigest(), packed.stderr.decode())
        self.assertLess(len(packed.stdout), len(data) // 100)
        unpacked = weir("cat", "-", "--through", "unzstd", stdin=packed.stdout)
        self.assertEqual((unpacked.returncode, unpacked.stdout, unpacked.stderr), (0, data, b""))

    def test_an_empty_file_arrives_as_an_empty_file(self):
        done = weir("cp", self.file("in", b""), self.folder / "out")
        self.assertEqual((done.returncode, (self.folder / "out").read_bytes()), (0, b""))

    def test_a_directory_gets_the_name_of_the_source(self):
        source = self.file("in", b"x")
        (self.folder / "dir").mkdir()
        for destination in (self.folder / "dir", f"{self.folder}/dir/", f"file:{self.folder}/dir"):
            self.assertEqual(weir("cp", source, destination).returncode, 0)
            (self.folder / "dir" / "in").unlink()
        self.refuses(2, "cp", "-", self.folder / "dir", says="no name to go under")
        self.refuses(2, "cp", "gen:1MiB", f"{self.folder}/dir/", says="no name to go under")

    def test_names_that_look_like_options_or_places_can_be_written(self):
        for name in ("-file", "a:b", "[x,y]", "new\nline", "\xff".encode("latin-1").decode("utf-8", "surrogateescape")):
            (self.folder / name).write_bytes(b"x")
            done = weir("cp", "--", f"./{name}", "out", cwd=self.folder)
            self.assertEqual((done.returncode, (self.folder / "out").read_bytes()), (0, b"x"), done.stderr)
        done = weir("cp", "--", "-file", "out", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_link_is_followed_and_stays_a_link(self):
        (self.folder / "link").symlink_to(self.file("out", b"old"))
        self.assertEqual(weir("cp", self.file("in", b"new"), self.folder / "link").returncode, 0)
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertEqual((self.folder / "out").read_bytes(), b"new")

    def test_the_environment_gives_options_and_the_command_line_wins(self):
        source = self.file("in", b"x")
        self.refuses(2, "cp", source, "null:", env={"WEIR_MEMORY": "8mb"}, says="--memory")
        done = weir("cp", source, "null:", "--memory=16MiB", env={"WEIR_MEMORY": "8mb", "WEIR_QUIET": "1"})
        self.assertEqual((done.returncode, done.stderr), (0, b""))


class BadInput(CommandTest):
    def test_a_missing_source_is_not_found(self):
        self.refuses(3, "cp", self.folder / "nothing", self.folder / "out", says=["nothing", "No such file"])
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_unreadable_source_is_no_access(self):
        source = self.file("secret", b"x")
        source.chmod(0)
        options = {}
        program = WEIR
        if os.geteuid() == 0:  # root may read everything: be nobody, with a copy of the command that nobody may run
            self.folder.chmod(0o755)
            program = shutil.copy(WEIR, self.folder / "weir")
            options = {"user": 65534, "group": 65534, "extra_groups": []}
        done = subprocess.run([program, "cp", source, "null:"], capture_output=True, check=False, **options)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn(b"Permission denied", done.stderr)

    def test_a_file_that_is_there_stays_where_nothing_is_to_be_replaced(self):
        out = self.file("out", b"mine")
        for source in (self.file("in", b"x"), "gen:20MiB", "-"):
            done = self.refuses(1, "cp", source, out, "--no-clobber", says=["there is a file already", "stays as it is"])
            self.assertEqual(out.read_bytes(), b"mine", done.stderr)
        self.refuses(1, "cp", "--dry-run", self.folder / "in", out, "--no-clobber", says=["there is a file already"])
        self.assertEqual(weir("cp", self.folder / "in", self.folder / "new", "--no-clobber").returncode, 0)
        self.assertEqual((self.folder / "new").read_bytes(), b"x")
        self.assertEqual(sorted(os.listdir(self.folder)), ["in", "new", "out"])

    def test_directories_are_no_files(self):
        done = weir("cp", self.folder, self.folder / "out")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(b"Is a directory", done.stderr)
        self.refuses(3, "cp", self.file("in", b"x"), self.folder / "no" / "such" / "out", says="directory")

    def test_an_unknown_scheme_stage_option_or_command_names_the_nearest(self):
        source = self.file("in", b"x")
        self.refuses(2, "cp", "s4://bucket/key", "null:", says='Did you mean "s3:"?')
        self.refuses(2, "cp", source, "nul:", says='Did you mean "null:"?')
        self.refuses(2, "cp", source, "null:", "--through", "ztsdd", says="there is no stage")
        self.refuses(2, "cp", source, "null:", "--through", "zst", says=["column 1", 'Did you mean "zstd"?'])
        self.refuses(2, "cp", source, "null:", "--memori=8MiB", says='Did you mean "--memory"?')
        self.refuses(2, "cpp", says='Did you mean "cp"?')
        self.refuses(2, says="no command is given")

    def test_sizes_that_are_none_are_refused_before_anything_is_touched(self):
        source = self.file("in", b"x")
        for size in ("8mb", "0", "-1", "99999PiB", "", "MiB"):
            for option in ("--memory", "--part-size"):
                if size:
                    self.refuses(2, "cp", source, self.folder / "out", option, size, says=[option, size])
            self.refuses(2, "cp", f"gen:{size}", "null:")
        self.assertFalse((self.folder / "out").exists())

    def test_a_budget_that_is_too_small_names_one_that_fits(self):
        done = self.refuses(8, "cp", "gen:1MiB", "null:", "--memory=4MiB", says="at least")
        needed = re.search(r"at least (\d+) MiB", done.stderr.decode()).group(1)
        self.assertEqual(weir("cp", "gen:1MiB", "null:", f"--memory={needed}MiB").returncode, 0)

    def test_a_part_size_that_no_object_can_have_names_one_that_fits(self):
        for size in ("1MiB", "6GiB"):
            self.refuses(2, "cp", "gen:1GiB", "s3://bucket/key", f"--part-size={size}", "--endpoint-url=http://127.0.0.1:9",
                         env={"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}, says="part")

    def test_the_same_file_at_both_ends_is_refused_by_any_name(self):
        source = self.file("in", b"precious")
        (self.folder / "hard").hardlink_to(source) if hasattr(Path, "hardlink_to") else os.link(source, self.folder / "hard")
        (self.folder / "soft").symlink_to(source)
        for other in (source, self.folder / "hard", self.folder / "soft", f"file:{source}", self.folder, f"{self.folder}/./in"):
            self.refuses(2, "cp", source, other, says="same file")
        with open(source, "ab") as stdout:
            self.refuses(2, "cp", source, "-", stdout=stdout, says="same file")
        self.refuses(2, "cp", "s3://bucket/key", "s3://bucket/key", says="same object")
        self.assertEqual(source.read_bytes(), b"precious")

    def test_a_full_disk_is_a_limit_and_leaves_nothing(self):
        self.refuses(8, "cp", "gen:4MiB", "-", stdout=os.open("/dev/full", os.O_WRONLY), says="No space left")

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))

        done = weir("cp", "gen:4MiB", self.folder / "out", preexec_fn=small_files)
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_small_file_system_that_fills_up_keeps_the_old_file(self):
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", self.folder], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("mounting a file system is not allowed here; the test before limits the file size instead")
        self.addCleanup(subprocess.run, ["umount", self.folder], check=True)
        old = self.file("out", b"old")
        self.refuses(8, "cp", "gen:4MiB", old, says="No space left")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["out"])
        self.assertEqual(old.read_bytes(), b"old")

    def test_a_zst_that_is_cut_or_damaged_is_corrupt(self):
        whole = weir("cp", "gen:9MiB?ratio=3", "-", "--through=zstd").stdout
        self.assertGreater(len(whole), MIB)
        cases = {"empty middle": whole[:MIB], "last byte": whole[:-1], "flipped": whole[:MIB] + bytes([whole[MIB] ^ 1]) + whole[MIB + 1:],
                 "trailing": whole + b"more", "none": b"plain text", "head": whole[:3]}
        for name, data in cases.items():
            with self.subTest(name):
                self.refuses(6, "cp", self.file("in.zst", data), self.folder / "out", "--through=unzstd")
                self.assertFalse((self.folder / "out").exists())

    def test_a_bomb_stops_at_its_limit(self):
        bomb = weir("cp", "-", "-", "--through=zstd", stdin=bytes(64 * MIB))
        self.assertLess(len(bomb.stdout), MIB)
        self.refuses(8, "cp", self.file("bomb.zst", bomb.stdout), self.folder / "out", "--through", "unzstd max-output=1MiB")
        self.assertFalse((self.folder / "out").exists())

    def test_a_source_that_shrinks_or_grows_is_told_and_nothing_appears(self):
        for change in (MIB, 96 * MIB):
            source = self.file("in", bytes(64 * MIB))
            running = spawn("cp", source, "-", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            running.stdout.read(64 * 1024)  # it runs, and now waits for us
            os.truncate(source, change)
            _, text = running.communicate(timeout=60)
            self.assertEqual(running.returncode, 7, text)

    def test_devices_as_destination_are_refused_with_a_way_out(self):
        self.refuses(2, "cp", "gen:1MiB", "/dev/full", says="standard output")

    def test_names_cannot_steer_the_terminal(self):
        done = weir("cp", self.folder / "a\x1b[2Jb\x07", "null:")
        self.assertNotIn(b"\x1b", done.stderr)
        self.assertNotIn(b"\x07", done.stderr)


class Output(CommandTest):
    def test_a_closed_standard_output_is_never_a_success(self):
        for arguments in (["cp", "gen:1MiB", "-"], ["version"], ["help"], ["version", "--json"], ["cp", "gen:1MiB", "null:", "--json"]):
            done = weir(*arguments, preexec_fn=lambda: os.close(1), stdout=None)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn(b"standard output", done.stderr)

    def test_a_full_standard_output_is_never_a_success(self):
        for arguments in (["version"], ["help", "cp"], ["cp", "gen:1MiB", "null:", "--json"], ["version", "--json"]):
            done = weir(*arguments, stdout=os.open("/dev/full", os.O_WRONLY))
            self.assertEqual(done.returncode, 8, arguments)
            self.assertIn(b"No space left", done.stderr)

    def test_a_reader_that_left_ends_it_quietly(self):
        for arguments in (["cp", "gen:64MiB", "-", "-q"], ["cat", "gen:64MiB"]):
            running = spawn(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            running.stdout.read(1)
            running.stdout.close()
            self.assertEqual((running.stderr.read(), running.wait(60)), (b"", 141), arguments)
            running.stderr.close()

    def test_closed_descriptors_do_not_end_up_inside_the_copy(self):
        data = os.urandom(MIB)
        source = self.file("in", data)
        for closed in ([1], [2], [0, 1, 2]):
            done = weir("cp", source, self.folder / "out", stdin=None,
                        preexec_fn=lambda closed=closed: [os.close(fd) for fd in closed])
            self.assertEqual(done.returncode, 0, closed)
            self.assertEqual((self.folder / "out").read_bytes(), data)

    def test_a_closed_standard_input_is_an_error_not_an_empty_copy(self):
        done = weir("cp", "-", self.folder / "out", stdin=None, preexec_fn=lambda: os.close(0))
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((self.folder / "out").exists())

    def test_json_is_valid_complete_and_alone_on_its_stream(self):
        found = events(weir("cp", "gen:32MiB", "null:", "--through=zstd | sha256", "--json").stdout)
        self.assertEqual((found[0]["event"], found[-2]["event"], found[-1]["event"]), ("start", "done", "summary"))
        self.assertEqual(found[0]["total_bytes"], 32 * MIB)
        self.assertEqual(found[-2]["bytes_read"], 32 * MIB)
        self.assertEqual(found[-1]["exit_code"], 0)
        # Where output carries data, events go beside it.
        done = weir("cp", "gen:1MiB", "-", "--json")
        self.assertEqual(len(done.stdout), MIB)
        self.assertEqual(events(done.stderr)[-1]["event"], "summary")
        done = weir("cp", "gen:1MiB", "null:", "--progress=json")
        self.assertEqual((done.stdout, events(done.stderr)[-1]["event"]), (b"", "summary"))

    def test_json_errors_have_the_parts_of_the_message(self):
        done = weir("cp", self.folder / "nothing", "null:", "--json")
        error = events(done.stdout)[-2]
        self.assertEqual((error["event"], error["kind"], error["exit_code"], done.returncode), ("error", "not_found", 3, 3))
        self.assertIn("No such file", error["cause"])
        self.assertIn(b"weir: cannot", done.stderr)
        usage = weir("cp", "--json", "--memory=8mb", "a", "b")
        self.assertEqual((events(usage.stdout)[0]["kind"], usage.returncode), ("invalid_argument", 2))

    def test_json_of_version_names_libraries_and_features(self):
        version = events(weir("--version", "--json").stdout)[0]
        self.assertIn("s3", version["features"])
        self.assertIn("libcurl", version["libraries"])
        self.assertIn(version["version"], weir("version").stdout.decode())

    def test_the_page_and_the_help_tell_the_same_exit_codes_and_options(self):
        page = (DOCS / "cli.md").read_text()
        text = weir("help", "cp").stdout.decode()
        for code, meaning in re.findall(r"^  (\d)    (.+)$", text, re.MULTILINE):
            self.assertIn(f"| {code} | {meaning} |", page)
        for option in re.findall(r"--[a-z-]+", text):
            if option != "--help":
                self.assertIn(option, page)
        self.assertTrue(set(re.findall(r"WEIR_[A-Z_]+", text)) <= set(re.findall(r"WEIR_[A-Z_]+", page)))


class Signals(CommandTest):
    def start(self, *more):
        """A copy from a pipe that has given something and will give no more."""
        running = spawn("cp", "-", self.folder / "out", "--no-resume", *more, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (running.poll() is None and running.kill(), running.wait(), running.stdin.close(),
                                 running.stdout.close(), running.stderr.close()))
        running.stdin.write(bytes(20 * MIB))
        running.stdin.flush()
        return running

    def test_the_first_signal_stops_cleans_up_and_says_what_is_left(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            running = self.start()
            self.waits_for(lambda: list(self.folder.iterdir()) or running.poll() is not None, "the copy's start")
            running.send_signal(number)
            self.assertEqual(running.wait(6), 128 + number)
            self.assertIn(b"The destination is as it was", running.stderr.read())
            self.assertEqual(list(self.folder.iterdir()), [])

    def test_json_tells_a_stop_as_an_error(self):
        running = self.start("--json")
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        found = events(running.stdout.read())
        self.assertEqual((found[-2]["kind"], found[-1]["exit_code"], running.wait(6)), ("cancelled", 130, 130))

    def test_a_signal_that_was_ignored_before_stays_ignored(self):
        running = spawn("cp", "-", self.folder / "out", stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        running.stdin.write(bytes(20 * MIB))
        running.stdin.flush()
        self.waits_for(lambda: list(self.folder.iterdir()), "the copy's start")
        running.send_signal(signal.SIGHUP)
        _, text = running.communicate(b"y", timeout=20)
        self.assertEqual((running.returncode, (self.folder / "out").stat().st_size), (0, 20 * MIB + 1), text)

    def test_usr1_prints_a_line_and_goes_on(self):
        running = self.start()
        self.waits_for(lambda: list(self.folder.iterdir()), "the copy's start")
        running.send_signal(signal.SIGUSR1)
        self.assertIn(b"20.0 MiB", running.stderr.readline())
        running.communicate(timeout=20)
        self.assertEqual(running.returncode, 0)

    def test_a_stopped_and_continued_copy_goes_on(self):
        running = self.start()
        running.send_signal(signal.SIGSTOP)
        running.send_signal(signal.SIGCONT)
        running.communicate(bytes(MIB), timeout=20)
        self.assertEqual((running.returncode, (self.folder / "out").stat().st_size), (0, 21 * MIB))


if __name__ == "__main__":
    tempfile.tempdir = os.environ.get("TMPDIR", "/tmp")
    unittest.main(verbosity=2)
