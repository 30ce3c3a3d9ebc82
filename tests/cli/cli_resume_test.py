#!/usr/bin/env python3
"""Uploads and downloads that are stopped and gone on with, by the command, against a real S3 server."""

import os
import re
import signal
import subprocess
import time
import unittest

from harness import CommandTest, events, spawn, weir

MIB = 1 << 20
BUCKET = os.environ["WEIR_TEST_S3_BUCKET"]
AWS = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
AWS["AWS_ENDPOINT_URL"] = os.environ["WEIR_TEST_S3_ENDPOINT"]
SIZE = 40 * MIB + 3


class StoppedTest(CommandTest):
    """Copies that leave some of their parts in a ledger of the test's own."""

    def setUp(self):
        super().setUp()
        self.state = self.folder / "state"

    def options(self):
        return ["--state-dir", self.state]

    def jobs(self):
        done = weir("jobs", "--json", *self.options(), env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return events(done.stdout)

    def recorded(self, *command, stdin=None, parts=2):
        """The command under way, of which so many parts are recorded."""
        running = spawn(*command, *self.options(), env=AWS, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (running.poll() is None and running.kill(), running.wait(), running.stdout.close(), running.stderr.close()))
        self.waits_for(lambda: self.state.exists() and any(job["parts_stored"] >= parts for job in self.jobs()), f"{parts} parts")
        return running

    def kill(self, *more, **how):
        running = self.start(*more, **how)
        running.kill()
        running.wait()

    def goes_on_by_its_line(self, running, kept):
        """Ctrl-C, and then the line that it says; what that wrote."""
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(10), 130)
        text = running.stderr.read().decode()
        line = re.search(kept, text)
        self.assertTrue(line, text)
        done = weir(*subprocess.check_output(["sh", "-c", f"printf '%s\\n' {line.group(1)}"], text=True).splitlines(), env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr


class Resume(StoppedTest):
    def setUp(self):
        super().setUp()
        self.source = self.file("my big file", os.urandom(SIZE))
        self.url = f"s3://{BUCKET}/{self.id().split('.')[-1]}"

    def copy(self, *more):
        return weir("cp", self.source, self.url, *self.options(), *more, env=AWS)

    def start(self, *more, source=None, stdin=None):
        """A copy at 8 MiB/s, slow enough for slow builds, of which some parts are recorded."""
        return self.recorded("cp", source or self.source, self.url, "--part-size", "5MiB", "--concurrency", "2", "--limit-rate", "8MiB",
                             *more, stdin=stdin)

    def piped(self):
        """The file as a program writes it."""
        feeder = subprocess.Popen(["cat", str(self.source)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (feeder.kill(), feeder.wait(), feeder.stdout.close()))
        return feeder.stdout

    def arrived(self, *through):
        back = self.folder / "back"
        self.assertEqual(weir("cp", "-q", self.url, back, *through, env=AWS).returncode, 0)
        self.assertEqual(back.read_bytes(), self.source.read_bytes())
        self.assertEqual(self.jobs(), [])

    def test_after_a_kill_the_same_command_goes_on(self):
        self.kill()
        job, = self.jobs()
        self.assertEqual((job["process"], job["size"], job["part_bytes"]), (None, SIZE, 5 * MIB))
        done = self.copy("--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = events(done.stdout)
        receipt = next(event for event in told if event["event"] == "done")
        self.assertGreaterEqual(receipt["bytes_resumed"], job["bytes_stored"])
        self.assertTrue(any("resuming at" in event.get("message", "") for event in told))
        self.assertLess(told[-1]["bytes_sent"], SIZE - job["bytes_stored"] + MIB)  # with what frames the bytes
        self.arrived()

    def test_through_stages_it_goes_on_too_and_another_level_is_told(self):
        through = ["--through", "sha256 | zstd level=1"]
        self.kill(*through)
        job, = self.jobs()
        self.assertIn("zstd level=1 ", job["stages"])
        self.assertIn("of        ?", weir("jobs", *self.options()).stdout.decode())
        done = self.copy("--json", *through)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = events(done.stdout)
        receipt = next(event for event in told if event["event"] == "done")
        self.assertGreaterEqual(receipt["bytes_resumed"], job["bytes_stored"])
        self.assertTrue(any("not sent again" in event.get("message", "") for event in told))
        self.arrived("--through", "unzstd")
        self.kill(*through)
        done = self.copy("--through", "sha256 | zstd level=3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"was begun with other stages (zstd level=1", done.stderr)
        self.arrived("--through", "unzstd")

    def test_a_pipe_goes_on_when_what_writes_into_it_is_run_again(self):
        self.kill(source="-", stdin=self.piped())
        job, = self.jobs()
        self.assertIsNone(job["size"])
        sent = job["bytes_stored"]
        done = weir("jobs", "resume", str(job["id"]), "--json", *self.options(), env=AWS, stdin=self.source.read_bytes())
        self.assertEqual(done.returncode, 0, done.stderr)
        receipt = next(event for event in events(done.stdout) if event["event"] == "done")
        self.assertGreaterEqual(receipt["bytes_resumed"], sent)
        self.arrived()

    def test_ctrl_c_says_the_line_that_goes_on_and_it_does(self):
        said = self.goes_on_by_its_line(self.start(), r"MiB are safe at the store\. Go on with:  weir (cp '[^']+my big file' .*)")
        self.assertIn(b"resuming at", said)
        self.arrived()

    def test_jobs_shows_resumes_and_aborts(self):
        self.kill()
        job, = self.jobs()
        number = str(job["id"])
        self.assertIn("my big file", weir("jobs", *self.options()).stdout.decode())
        shown = weir("jobs", "show", number, *self.options()).stdout.decode()
        self.assertIn("go on with   weir cp ", shown)
        self.assertEqual(weir("jobs", "list", "--older-than", "1h", *self.options()).stdout, b"")
        done = weir("jobs", "resume", number, *self.options(), env=AWS, cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.arrived()
        self.kill()
        number = str(self.jobs()[0]["id"])
        done = weir("jobs", "abort", number, *self.options(), env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"removed what was sent of", done.stderr)
        self.assertEqual(self.jobs(), [])
        self.refuses(3, "jobs", "show", number, *self.options(), says="there is no job")

    def test_what_is_asked_of_jobs_must_be_possible(self):
        for arguments, says in ((["list", "3"], "takes no names"), (["show"], "takes one job"), (["show", "x"], "no number"),
                                (["abort"], "which job to abort is not said"), (["begin"], 'no "begin"'),
                                (["list", "--older-than", "soon"], "no time like")):
            self.refuses(2, "jobs", *arguments, *self.options(), says=says)

    def test_a_file_that_changed_is_exit_code_7_and_no_resume_begins_anew(self):
        self.kill()
        with open(self.source, "r+b") as file:
            file.write(b"other")
        self.refuses(7, "cp", self.source, self.url, *self.options(), env=AWS, says=["was written to after its upload began", "Begin anew"])
        self.assertEqual(len(self.jobs()), 1)
        done = self.copy("--no-resume")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.waits_for(lambda: not self.jobs(), "the removal of what was sent")
        self.arrived()

    def test_other_bytes_under_stages_are_exit_code_7_and_what_was_sent_stays(self):
        through = ["--through", "zstd level=1"]
        self.kill(*through)
        was = os.stat(self.source)
        with open(self.source, "r+b") as file:
            file.write(b"other")
        os.utime(self.source, ns=(was.st_atime_ns, was.st_mtime_ns))
        self.refuses(7, "cp", self.source, self.url, *through, *self.options(), env=AWS,
                     says=["other bytes than in an earlier run", "weir jobs abort", "--no-resume"])
        self.assertEqual(len(self.jobs()), 1)
        done = self.copy("--no-resume", *through)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.waits_for(lambda: not self.jobs(), "the removal of what was sent")
        self.arrived("--through", "unzstd")

    def test_a_second_copy_is_told_which_process_is_at_it(self):
        running = self.start()
        self.refuses(5, "cp", self.source, self.url, *self.options(), env=AWS, says=f"process {running.pid} is at this very copy")
        self.refuses(5, "jobs", "abort", str(self.jobs()[0]["id"]), *self.options(), env=AWS, says=f"process {running.pid}")
        self.assertEqual(running.wait(30), 0)
        self.arrived()

    def test_a_ledger_that_cannot_be_used_is_told_once_and_the_copy_goes_on(self):
        self.state.mkdir()
        self.state.chmod(0o777)
        done = self.copy("--part-size", "5MiB")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count(b"others can write there: transfers go on, but after a kill they begin anew"), 1)

    def test_small_files_touch_no_state(self):
        small = self.file("small", b"x" * 1000)
        self.assertEqual(weir("cp", small, self.url, *self.options(), env=AWS).returncode, 0)
        self.assertFalse(self.state.exists())

    def test_headers_that_were_typed_are_not_recorded(self):
        running = spawn("cp", self.source, self.url, "--part-size", "5MiB", "--concurrency", "1", "--limit-rate", "10MiB",
                        "--header", "x-amz-website-redirect-location:/hush", *self.options(), env=AWS, stderr=subprocess.DEVNULL)
        self.waits_for(lambda: self.state.exists() and self.jobs(), "the job")
        running.kill()
        running.wait()
        time.sleep(0.05)
        for path in self.state.iterdir():
            self.assertNotIn(b"hush", path.read_bytes())
        number = str(self.jobs()[0]["id"])
        self.refuses(1, "jobs", "resume", number, *self.options(), env=AWS, says="Run the same command")
        weir("jobs", "abort", number, *self.options(), env=AWS)

class ResumeDownload(StoppedTest):
    """Downloads into a file."""

    def setUp(self):
        super().setUp()
        self.bytes = os.urandom(SIZE)
        self.url = f"s3://{BUCKET}/{self.id().split('.')[-1]}"
        self.put(self.bytes)
        self.there = self.folder / "there"
        self.there.mkdir()
        self.path = self.there / "my big file"

    def put(self, data):
        self.assertEqual(weir("cp", "-q", self.file("source", data), self.url, "--state-dir", self.folder / "other", env=AWS).returncode, 0)

    def copy(self, *more):
        return weir("cp", self.url, self.path, *self.options(), *more, env=AWS)

    def start(self, *more):
        """A copy at 8 MiB/s, of which some parts are recorded."""
        return self.recorded("cp", self.url, self.path, "--limit-rate", "8MiB", *more)

    def arrived(self):
        self.assertEqual(self.path.read_bytes(), self.bytes)
        self.assertEqual(os.listdir(self.there), ["my big file"])
        self.assertEqual(self.jobs(), [])

    def test_after_a_kill_the_same_command_goes_on(self):
        self.kill()
        job, = self.jobs()
        self.assertEqual((job["process"], job["size"], job["direction"], job["source"]), (None, SIZE, "download", self.url))
        self.assertEqual(job["destination"], os.path.realpath(self.path))
        self.assertFalse(self.path.exists())
        done = self.copy("--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = events(done.stdout)
        receipt = next(event for event in told if event["event"] == "done")
        self.assertGreaterEqual(receipt["bytes_resumed"], job["bytes_stored"])
        self.assertTrue(receipt["checksum_verified"])
        self.assertEqual(told[-1]["bytes_received"], SIZE - receipt["bytes_resumed"])
        self.arrived()

    def test_ctrl_c_says_the_line_that_goes_on_and_it_does(self):
        self.goes_on_by_its_line(self.start(), r"MiB are safe on the disk\. Go on with:  weir (cp .*my big file' .*)")
        self.arrived()

    def test_jobs_shows_resumes_and_aborts(self):
        self.kill()
        number = str(self.jobs()[0]["id"])
        self.assertIn(f"{self.url} -> ", weir("jobs", *self.options()).stdout.decode())
        done = weir("jobs", "resume", number, *self.options(), env=AWS, cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.arrived()
        self.path.unlink()
        self.kill()
        done = weir("jobs", "abort", str(self.jobs()[0]["id"]), *self.options(), env=AWS, cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"removed what was read of s3://", done.stderr)
        self.assertEqual((self.jobs(), os.listdir(self.there)), ([], []))

    def test_an_object_that_was_replaced_is_exit_code_7_and_no_resume_begins_anew(self):
        self.kill()
        self.bytes = os.urandom(SIZE)
        self.put(self.bytes)
        self.refuses(7, "cp", self.url, self.path, *self.options(), env=AWS, says=["is another than when its download began", "Begin anew"])
        self.assertEqual(len(self.jobs()), 1)
        done = self.copy("--no-resume")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.waits_for(lambda: not self.jobs(), "the removal of what was read")
        self.arrived()

    def test_no_resume_leaves_nothing_when_it_is_stopped(self):
        running = spawn("cp", self.url, self.path, "--limit-rate", "8MiB", "--no-resume", *self.options(), env=AWS, stderr=subprocess.DEVNULL)
        self.waits_for(lambda: os.listdir(self.there), "the partial file")
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(10), 130)
        self.assertEqual((self.jobs(), os.listdir(self.there)), ([], []))

    def test_a_second_copy_is_told_which_process_is_at_it(self):
        running = self.start()
        self.refuses(5, "cp", self.url, self.path, *self.options(), env=AWS, says=f"process {running.pid} is at this very copy")
        self.assertEqual(running.wait(30), 0)
        self.arrived()

    def test_a_large_file_of_a_tree_goes_on(self):
        weir("rm", self.url, env=AWS)
        self.url += "/my big file"
        self.put(self.bytes)
        command = ["cp", "-r", self.url.removesuffix("my big file"), f"{self.there}/", *self.options()]
        running = spawn(*command, "--limit-rate", "8MiB", env=AWS, stderr=subprocess.DEVNULL)
        self.waits_for(lambda: self.state.exists() and any(job["parts_stored"] >= 2 for job in self.jobs()), "two parts")
        running.kill()
        running.wait()
        stored = self.jobs()[0]["bytes_stored"]
        done = weir(*command, "--json", env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        received = events(done.stdout)[-1]["bytes_read"]
        self.assertGreater(stored, 0)
        self.assertEqual(received, SIZE)
        self.assertEqual(self.path.read_bytes(), self.bytes)
        self.assertEqual((self.jobs(), os.listdir(self.there)), ([], ["my big file"]))

    def test_the_query_of_a_url_is_not_recorded(self):
        signed = weir("presign", self.url, env=AWS).stdout.decode().strip()
        running = spawn("cp", signed, self.path, "--limit-rate", "8MiB", *self.options(), env=AWS, stderr=subprocess.PIPE)
        self.waits_for(lambda: self.state.exists() and any(job["parts_stored"] >= 1 for job in self.jobs()), "a part")
        running.send_signal(signal.SIGINT)
        running.wait(10)
        self.assertNotIn(b"Signature", running.stderr.read())
        running.stderr.close()
        for path in self.state.iterdir():
            self.assertNotIn(b"Signature", path.read_bytes())
        again = weir("presign", self.url, env=AWS).stdout.decode().strip()
        done = weir("cp", again, self.path, "--json", *self.options(), env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(next(event for event in events(done.stdout) if event["event"] == "done")["bytes_resumed"], 0)
        self.arrived()


    def test_what_was_written_is_not_fetched_again_though_nothing_was_synced(self):
        running = spawn("cp", self.url, self.path, "--part-size", "1MiB", "--limit-rate", "60MiB", *self.options(), env=AWS,
                        stderr=subprocess.PIPE)
        self.waits_for(lambda: any(path.stat().st_size >= 8 * MIB for path in self.there.iterdir()), "8 MiB")
        running.kill()
        running.wait()
        running.stderr.close()
        there, = (path.stat().st_size for path in self.there.iterdir())
        job, = self.jobs()
        self.assertGreaterEqual(job["bytes_stored"], there // 2)  # what was written last may not be noted yet
        done = self.copy("--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        receipt = next(event for event in events(done.stdout) if event["event"] == "done")
        self.assertEqual(receipt["bytes_resumed"], job["bytes_stored"])
        self.arrived()


class Unfinished(StoppedTest):
    """weir rm --incomplete."""

    def removed(self, *arguments):
        done = weir("rm", "--incomplete", *arguments, env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_unfinished_uploads_are_removed_but_young_ones_and_those_that_go_on(self):
        source = self.file("in", os.urandom(SIZE))
        folder = f"s3://{BUCKET}/unfinished"
        for number, name in enumerate(("a b+c", "below/it", "below it")):
            running = self.recorded("cp", source, f"{folder}/{name}", "--part-size", "5MiB", "--limit-rate", "8MiB")
            running.kill()
            running.wait()
            self.state.rename(self.folder / f"state {number}")
        ours, others, all_of_it = self.folder / "state 0", self.folder / "none", ("-r", folder, "--older-than", "0s")
        self.assertIn(b"3 uploads younger than 24h", self.removed("-r", folder, "--state-dir", others).stderr)
        self.assertIn(b"1 upload that 'weir jobs' lists", self.removed(*all_of_it, "--dry-run", "--state-dir", ours).stderr)
        told = events(self.removed(*all_of_it, "--dry-run", "--json", "--state-dir", others).stdout)
        self.assertEqual([event["url"] for event in told], [f"{folder}/{name}" for name in ("a b+c", "below it", "below/it")])
        self.assertTrue(all(event["dry_run"] and event["event"] == "upload_removed" for event in told))
        self.assertIn(b"removed the upload of", self.removed(f"{folder}/below it", "--older-than", "0s", "--state-dir", others).stdout)
        told = events(self.removed("-r", f"{folder}/below", "--older-than", "0s", "--json", "--state-dir", others).stdout)
        self.assertEqual([event["url"] for event in told], [f"{folder}/below/it"])
        self.assertEqual(self.removed(*all_of_it, "--state-dir", ours).stdout, b"")
        self.assertIn(b"a b+c", self.removed(*all_of_it, "--no-resume", "--state-dir", ours).stdout)
        self.assertEqual(self.removed(*all_of_it, "--no-resume", "--state-dir", ours).stdout, b"")
        # What the store has no upload of any more begins anew.
        done = weir("cp", source, f"{folder}/a b+c", "--state-dir", ours, env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_is_asked_must_be_possible(self):
        self.refuses(2, "rm", f"s3://{BUCKET}/x", "--older-than", "1h", env=AWS, says="--incomplete")
        self.refuses(2, "rm", "--incomplete", f"s3://{BUCKET}", env=AWS, says="whole bucket")
        self.refuses(1, "rm", "--incomplete", "-r", self.folder, env=AWS, says="no list")
        self.refuses(2, "rm", "--incomplete", "-r", f"s3://{BUCKET}", "--older-than", "soon", env=AWS, says="no time")


class ResumeFile(StoppedTest):
    """From file to file."""

    def test_after_a_kill_a_copy_from_file_to_file_goes_on(self):
        source = self.file("my image", os.urandom(SIZE))
        there = self.folder / "stick"
        there.mkdir()
        command = "cp", source, f"{there}/"
        running = self.recorded(*command, "--limit-rate", "8MiB")
        running.kill()
        running.wait()
        job, = self.jobs()
        self.assertEqual((job["source"], job["size"]), (os.path.realpath(source), SIZE))
        self.assertFalse((there / "my image").exists())
        done = weir(*command, *self.options(), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        receipt = next(event for event in events(done.stdout) if event["event"] == "done")
        self.assertGreaterEqual(receipt["bytes_resumed"], job["bytes_stored"])
        self.assertEqual((there / "my image").read_bytes(), source.read_bytes())
        self.assertEqual((self.jobs(), os.listdir(there)), ([], ["my image"]))
        (there / "my image").unlink()
        running = self.recorded(*command, "--limit-rate", "8MiB")
        self.goes_on_by_its_line(running, r"MiB are safe on the disk\. Go on with:  weir (cp .*my image' .*)")
        self.assertEqual((there / "my image").read_bytes(), source.read_bytes())


class ResumeStreamIntoFile(StoppedTest):
    """What comes again is compared with the partial file."""

    def setUp(self):
        super().setUp()
        self.bytes = os.urandom(SIZE)
        self.source = self.file("source", self.bytes)
        self.there = self.folder / "there"
        self.there.mkdir()
        self.path = self.there / "file"

    def goes_on_after_a_kill(self, *command, stdin=lambda: None):
        running = self.recorded(*command, "--limit-rate", "8MiB", stdin=stdin(), parts=5)
        running.kill()
        said = running.stderr.read()
        running.wait()
        job, = self.jobs()
        self.assertEqual((job["size"], job["destination"]), (None, os.path.realpath(self.path)))
        self.assertEqual(len(os.listdir(self.there)), 1)
        again = spawn(*command, "--json", *self.options(), env=AWS, stdin=stdin(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = again.communicate(timeout=60)
        self.assertEqual(again.returncode, 0, err)
        told = events(out)
        self.assertGreaterEqual(next(event for event in told if event["event"] == "done")["bytes_resumed"], job["bytes_stored"])
        self.assertTrue(any("compared and not written again" in event.get("message", "") for event in told), told)
        self.assertEqual(self.path.read_bytes(), self.bytes)
        self.assertEqual((self.jobs(), os.listdir(self.there)), ([], ["file"]))
        return said

    def test_a_pipe_into_a_file_goes_on_when_what_writes_into_it_is_run_again(self):
        def piped():
            feeder = subprocess.Popen(["cat", str(self.source)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.addCleanup(lambda: (feeder.kill(), feeder.wait(), feeder.stdout.close()))
            return feeder.stdout

        self.goes_on_after_a_kill("cp", "-", self.path, stdin=piped)

    def test_a_download_through_stages_says_first_that_it_is_made_again(self):
        url = f"s3://{BUCKET}/{self.id().split('.')[-1]}"
        done = weir("cp", "-q", self.source, url, "--through", "zstd", "--state-dir", self.folder / "other", env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = self.goes_on_after_a_kill("cp", url, self.path, "--through", "unzstd")
        self.assertIn(b"the same again is made from the first byte (unzstd", said)
        self.assertIn(b"only what the file lacks is written", said)

    def test_what_ctrl_c_or_a_kill_left_of_made_up_bytes_goes_on_or_is_removed(self):
        self.goes_on_by_its_line(self.recorded("cp", f"gen:{SIZE}", self.path, "--limit-rate", "8MiB"),
                                 r"MiB are safe on the disk\. Go on with:  weir (cp .*)")
        self.assertEqual((self.path.stat().st_size, self.jobs(), os.listdir(self.there)), (SIZE, [], ["file"]))
        self.path.unlink()
        running = self.recorded("cp", "gen:1GiB", self.path, "--limit-rate", "8MiB")
        running.kill()
        running.wait()
        done = weir("jobs", "abort", str(self.jobs()[0]["id"]), *self.options(), env=AWS, cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.jobs(), os.listdir(self.there)), ([], []))


class ResumeTree(StoppedTest):
    """Copies of many. The files are an hour old: one that was just written is always copied again."""

    COUNT = 200
    BYTES = 64 << 10

    def setUp(self):
        super().setUp()
        self.tree = self.folder / "my tree"
        self.tree.mkdir()
        for number in range(self.COUNT):
            self.write(f"{number:03}", os.urandom(self.BYTES))
        self.url = f"s3://{BUCKET}/trees/{self.id().split('.')[-1]}/"  # some stores have no name below another's

    def write(self, name, data, age=3600):
        path = self.tree / name
        path.write_bytes(data)
        os.utime(path, (time.time() - age,) * 2)

    def up(self):
        return "cp", "-r", f"{self.tree}/", self.url

    def start(self, *command):
        """At 1 MiB/s, slow enough for slow builds, of which some files are recorded."""
        running = spawn(*command, "--limit-rate", "1MiB", *self.options(), env=AWS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (running.poll() is None and running.kill(), running.wait(), running.stdout.close(), running.stderr.close()))
        self.waits_for(lambda: self.state.exists() and any((job["files_stored"] or 0) >= 10 for job in self.jobs()), "ten files")
        return running

    def kill(self, *command):
        running = self.start(*command)
        running.kill()
        running.wait()
        job, = self.jobs()
        self.assertLess(job["files_stored"], self.COUNT)
        self.assertIsNone(job["process"])
        return job

    def run_again(self, *command, code=0):
        """What became of each file, by name."""
        done = weir(*command, "--json", *self.options(), env=AWS)
        self.assertEqual(done.returncode, code, done.stderr)
        told = events(done.stdout)
        outcomes = {event["source"].rsplit("/", 1)[1]: event["outcome"] for event in told if event["event"] == "file"}
        self.assertEqual(told[-1]["transfers_kept"], list(outcomes.values()).count("kept"))
        self.assertEqual(told[-1]["transfers_done"], list(outcomes.values()).count("copied"))
        return outcomes, told

    def arrived(self):
        """The objects are the files, and nothing is left to go on with."""
        back = self.folder / "back"
        done = weir("cp", "-q", "-r", self.url, f"{back}/", "--state-dir", self.folder / "other", env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({path.name: path.read_bytes() for path in back.iterdir()},
                         {path.name: path.read_bytes() for path in self.tree.iterdir()})
        self.assertEqual(self.jobs(), [])

    def test_after_a_kill_the_same_command_sends_only_the_rest(self):
        job = self.kill(*self.up())
        self.assertEqual((job["direction"], job["destination"], job["bytes_stored"]), ("upload", self.url, job["files_stored"] * self.BYTES))
        outcomes, told = self.run_again(*self.up())
        kept = list(outcomes.values()).count("kept")
        self.assertGreaterEqual(kept, job["files_stored"])
        self.assertEqual(told[-1]["bytes_read"], (self.COUNT - kept) * self.BYTES)
        self.assertTrue(any(f"{job['files_stored']} files" in event.get("message", "") for event in told))
        self.arrived()
        outcomes, _ = self.run_again(*self.up())  # it was finished: this is another copy
        self.assertEqual(set(outcomes.values()), {"copied"})

    def test_what_changed_at_either_end_is_sent_again(self):
        self.write("zzz", b"of the last run")
        bad = self.tree / os.fsdecode(b"no key\xff")
        bad.write_bytes(b"x")
        outcomes, _ = self.run_again(*self.up(), code=2)
        self.assertEqual(list(outcomes.values()).count("copied"), self.COUNT + 1)
        self.write("001", os.urandom(self.BYTES), age=7200)
        self.write("002", b"longer" * self.BYTES)
        for name, data in (("003", os.urandom(self.BYTES)), ("004", b"")):
            self.assertEqual(weir("cp", "-q", self.file("other", data), self.url + name, "--no-resume", env=AWS).returncode, 0)
        self.assertEqual(weir("rm", "-q", self.url + "005", env=AWS).returncode, 0)
        bad.unlink()
        (self.tree / "zzz").unlink()
        self.assertEqual(weir("rm", "-q", self.url + "zzz", env=AWS).returncode, 0)
        outcomes, _ = self.run_again(*self.up())
        self.assertEqual({name for name, outcome in outcomes.items() if outcome == "copied"}, {"001", "002", "003", "004", "005"})
        self.assertEqual(list(outcomes.values()).count("kept"), self.COUNT - 5)
        self.arrived()

    def test_with_other_options_of_what_is_stored_all_is_sent_again(self):
        self.kill(*self.up())
        outcomes, _ = self.run_again(*self.up(), "--content-type", "text/x-other")
        self.assertEqual(set(outcomes.values()), {"copied"})
        head = weir("head", "--json", self.url + "000", env=AWS)
        self.assertEqual(events(head.stdout)[0]["content_type"], "text/x-other")
        self.arrived()

    def test_downloads_of_many_and_copies_inside_the_store_go_on_too(self):
        self.run_again(*self.up())
        there = self.folder / "there"
        down = "cp", "-r", self.url, f"{there}/"
        job = self.kill(*down)
        self.assertEqual((job["direction"], job["destination"]), ("download", f"{os.path.realpath(there)}/"))
        (there / "000").write_bytes(b"another")
        (there / "001").unlink(missing_ok=True)
        outcomes, _ = self.run_again(*down)
        self.assertGreaterEqual(list(outcomes.values()).count("kept"), job["files_stored"] - 2)
        self.assertEqual((outcomes["000"], outcomes["001"]), ("copied", "copied"))
        self.assertEqual({path.name: path.read_bytes() for path in there.iterdir()},
                         {path.name: path.read_bytes() for path in self.tree.iterdir()})
        self.assertEqual(self.jobs(), [])
        inside = "cp", "-r", self.url, self.url.replace("downloads", "inside"), "--concurrency", "1"
        running = spawn(*inside, *self.options(), env=AWS, stderr=subprocess.DEVNULL)
        self.waits_for(lambda: running.poll() is not None or self.jobs(), "some files")
        running.kill()
        running.wait()
        stored = sum(job["files_stored"] for job in self.jobs())
        outcomes, _ = self.run_again(*inside)
        self.assertGreaterEqual(list(outcomes.values()).count("kept"), stored)
        self.url = self.url.replace("downloads", "inside")
        self.arrived()

    def test_to_forget_a_killed_download_removes_what_it_was_writing(self):
        self.run_again(*self.up())
        there = self.folder / "there"
        job = self.kill("cp", "-r", self.url, f"{there}/")
        (there / "a file.weir-part").write_bytes(b"the user's")
        done = weir("jobs", "abort", str(job["id"]), *self.options(), env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([path.name for path in there.glob("*.weir-part")], ["a file.weir-part"])
        self.assertEqual(list(there.glob(".*.weir-part")), [])
        self.assertGreaterEqual(len(os.listdir(there)), job["files_stored"])
        (there / "a file.weir-part").unlink()

    def test_ctrl_c_says_the_line_that_goes_on_and_it_does(self):
        said = self.goes_on_by_its_line(self.start(*self.up()), r"copied is whole and stays\. Go on with:  weir (cp .*my tree/' .*)")
        self.assertRegex(said.decode(), r"done 200 files, \d+ kept as they were")
        self.arrived()

    def test_jobs_shows_resumes_and_forgets(self):
        job = self.kill(*self.up())
        number = str(job["id"])
        self.assertRegex(weir("jobs", *self.options()).stdout.decode(), rf"[KM]iB in {job['files_stored']} files .*my tree/ -> {self.url}")
        self.assertIn(f"in {job['files_stored']} files\n", weir("jobs", "show", number, *self.options()).stdout.decode())
        done = weir("jobs", "resume", number, *self.options(), env=AWS, cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.arrived()
        self.kill(*self.up())
        number = str(self.jobs()[0]["id"])
        done = weir("jobs", "abort", number, *self.options(), env=AWS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"what it has stored stays", done.stderr)
        self.assertEqual(self.jobs(), [])

    def test_a_second_copy_is_told_which_process_is_at_it_and_no_resume_begins_anew(self):
        running = self.start(*self.up())
        self.refuses(5, *self.up(), *self.options(), env=AWS, says=f"process {running.pid} is at this very copy")
        running.kill()
        running.wait()
        outcomes, _ = self.run_again(*self.up(), "--no-resume")
        self.assertEqual(set(outcomes.values()), {"copied"})
        self.arrived()


if __name__ == "__main__":
    unittest.main()
