#!/usr/bin/env python3
"""What the weir command says to who uses it for the first time: dry runs, refusals, advice. Without a store. WEIR_BIN names
the command.
"""

import os
import re
import shutil
import subprocess
import unittest

from harness import WEIR, CommandTest, environment, events, weir

MIB = 1 << 20


class DryRun(CommandTest):
    def planned(self, *arguments, **options):
        """What it says that it would do; and it does nothing."""
        before = sorted(self.folder.rglob("*"))
        done = weir("cp", "--dry-run", *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(self.folder.rglob("*")), before)
        self.assertEqual(done.stderr.decode().splitlines()[-1], "done 1 file, 1 would be copied")
        return done

    def test_every_kind_of_end_and_stages_are_planned(self):
        source, target = self.file("in", b"x"), self.folder / "out"
        for one, other in ((source, target), ("gen:8MiB", target), ("-", target), (source, "null:"), ("gen:1MiB", "null:")):
            done = self.planned(one, other)
            self.assertEqual(done.stdout.decode(), f"would copy {one} → {other}\n")
        done = self.planned(source, target, "--through", "sha256 | zstd")
        self.assertEqual(done.stdout.decode(), f"would copy {source} → {target} through sha256 | zstd\n")
        # Standard output is for data.
        done = self.planned(source, "-")
        self.assertEqual((done.stdout, done.stderr.splitlines()[0].decode()), (b"", f"would copy {source} → -"))

    def test_it_names_the_file_that_would_be_made_and_json_says_so_too(self):
        source = self.file("in", bytes(5))
        (self.folder / "dir").mkdir()
        self.assertIn(f"→ {self.folder}/dir/in\n", self.planned(source, self.folder / "dir").stdout.decode())
        told = events(weir("cp", "--dry-run", "--json", source, self.folder / "dir").stdout)
        self.assertEqual([event["event"] for event in told], ["file", "summary"])
        self.assertEqual((told[0]["outcome"], told[0]["bytes"]), ("planned", 5))
        self.assertEqual((told[1]["transfers_planned"], told[1]["exit_code"]), (1, 0))

    def test_what_the_copy_would_refuse_is_refused(self):
        source = self.file("in", b"x")
        missing = self.folder / "no" / "such" / "out"
        for dry in ([], ["--dry-run"]):
            self.refuses(3, "cp", *dry, source, missing, says=["there is no directory", "Make the directory first."])
            self.refuses(3, "cp", *dry, self.folder / "nothing", self.folder / "out", says="No such file")
            self.refuses(2, "cp", *dry, source, source, says="both are the same file")
            self.refuses(2, "cp", *dry, source, "null:", "--through", "zst", says='Did you mean "zstd"?')
            self.refuses(2, "cp", *dry, source, self.folder / "out", "--tag", "a=b", says="only an object of a store")
            self.refuses(2, "cp", *dry, source, "gen:1MiB", says="can be read, and not written to")
            self.refuses(2, "cp", *dry, "-r", self.folder, source / "x", says=[str(source), "directory"])
            self.refuses(2, "cp", *dry, source, self.file("other", b"y"), source, says="many need a directory")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["in", "other"])

    def test_a_directory_that_may_not_be_written_in_is_told_by_its_own_name(self):
        source = self.file("in", b"x")
        source.chmod(0o644)
        locked = self.folder / "locked"
        locked.mkdir(mode=0o555)
        options, program = {}, WEIR
        if os.geteuid() == 0:  # root may write everywhere: be nobody, with a copy of the command that nobody may run
            self.folder.chmod(0o755)
            program = shutil.copy(WEIR, self.folder / "weir")
            options = {"user": 65534, "group": 65534, "extra_groups": []}
        for dry in ([], ["--dry-run"]):
            for more in ([source], ["-r", self.folder / "tree/"]):
                (self.folder / "tree").mkdir(exist_ok=True)
                done = subprocess.run([program, "cp", *dry, *more, locked / "out"], capture_output=True, check=False,
                                      env=environment(), **options)
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertIn(f"cannot write {locked}/out: Permission denied", done.stderr.decode())
                self.assertNotIn(b"weir-part", done.stderr)


class Options(CommandTest):
    def test_what_may_stand_several_times_takes_one_value_each_and_no_place(self):
        tree = self.folder / "tree"
        tree.mkdir()
        for name in ("1.txt", "2.txt", "2.jpg"):
            (tree / name).write_bytes(b"x")
        for number, options in enumerate((["--exclude", "*", "--include", "2*"], ["--exclude=*", "--include=2*"],
                                          ["--include", "2*", "-r", "--exclude", "1*"])):
            target = self.folder / str(number)
            done = weir("cp", "-r", *options, f"{tree}/", target)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(path.name for path in target.iterdir()), ["2.jpg", "2.txt"])
        # The place behind it is a place: it is the destination that does not take them.
        for option, value in (("--metadata", "a=b"), ("--tag", "a=b"), ("--header", "x-amz-meta-z: b")):
            self.refuses(2, "cp", option, value, tree / "1.txt", self.folder / "out", says="cannot copy to")
            self.assertFalse((self.folder / "out").exists())


class Refusals(CommandTest):
    def test_an_unknown_kind_of_place_names_all_that_fit_that_side(self):
        source = self.file("in", b"x")
        as_source = self.refuses(2, "cp", "s4://b/k", "null:", says='Did you mean "s3:"?').stderr.decode()
        as_destination = self.refuses(2, "cp", source, "nul:", says='Did you mean "null:"?').stderr.decode()
        both = {"file:", "s3:", "vercel:", "http:", "https:", "-"}
        for text, own, other in ((as_source, "gen:", "null:"), (as_destination, "null:", "gen:")):
            form = re.search(r"A (source|destination) is a path, (.*); a file", text).group(2)
            named = {re.split(r"(?<=:)|(?<=^-) ", each)[0] for each in re.split(r", | or ", form)}
            self.assertEqual(named, both | {own}, text)
        self.refuses(2, "cp", "null:", self.folder / "x", says='"null:" can be written to, and not read')

    def test_no_message_doubles_its_punctuation(self):
        source = self.file("in", b"x")
        for arguments in (["gen:", "null:"], [source, "nul:"], [source, source, "nul:"], [source, "gen:"], ["file:", "null:"],
                          [source, "null:", "--tag", "a=b"]):
            done = self.refuses(2, "cp", *arguments)
            self.assertNotRegex(done.stderr.decode(), r"::|:\?|\?\?")

    def test_a_pattern_with_an_open_set_is_refused_at_its_column(self):
        for option in ("--include", "--exclude"):
            done = self.refuses(2, "cp", "-r", self.folder, self.folder / "out", option, "a/[bad", says=[f"read {option}: column 3", "no ']'"])
            self.assertIn("          a/[bad\n            ^\n", done.stderr.decode())
        self.refuses(2, "rm", "-r", self.folder, "--exclude", "[", says="column 1")

    def test_a_word_behind_update_is_not_taken_for_a_place(self):
        source, out = self.file("in", b"x"), self.folder / "out"
        self.refuses(2, "cp", source, out, "--update", "checksum", says=["read --update", '"checksum"', "Write --update=checksum."])
        self.refuses(2, "cp", "--update", "time", source, out, says="by size and time")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["in"])
        (self.folder / "checksum").mkdir()
        done = weir("cp", "-r", source, "--update", "checksum", cwd=self.folder)
        self.assertEqual((done.returncode, (self.folder / "checksum" / "in").read_bytes()), (0, b"x"), done.stderr)

    def test_a_suggestion_is_near_and_other_tools_words_are_known(self):
        done = self.refuses(2, "cp", "a", "b", "--nope", says="there is no option --nope")
        self.assertNotIn(b"Did you mean", done.stderr)
        self.refuses(2, "sync", "a", "b", says="weir cp -r --update SRC DST")
        self.refuses(2, "mv", "a", "b", says=["weir cp -r --update SRC DST", "weir rm -r SRC"])
        self.assertIn(b"vercel://STORE/PATH", weir("help", "cp").stdout)

    def test_includes_alone_leave_nothing_out_and_that_is_said_once(self):
        for name in ("a.csv", "b.txt"):
            (self.folder / "in").mkdir(exist_ok=True)
            (self.folder / "in" / name).write_bytes(b"x")
        done = weir("cp", "-r", f"{self.folder}/in/", self.folder / "out", "--include", "*.csv")
        self.assertEqual((done.returncode, done.stderr.count(b"--include alone leaves nothing out")), (0, 1), done.stderr)
        done = weir("cp", "-r", f"{self.folder}/in/", self.folder / "out", "--exclude", "*", "--include", "*.csv")
        self.assertNotIn(b"leaves nothing out", done.stderr)
        done = weir("rm", "-r", "--dry-run", self.folder / "out", "--include", "*.csv")
        self.assertEqual(done.stderr.count(b"--include alone leaves nothing out"), 1, done.stderr)

    def test_what_was_never_reached_was_not_sent_and_nothing_else_is_said(self):
        keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
        source = self.file("in", b"x")
        for arguments, data in (([source, "s3://bucket/key", "--endpoint-url=http://127.0.0.1:9"], b""),
                                ([source, "http://127.0.0.1:9/key"], b""), (["-", "http://127.0.0.1:9/key"], b"x")):
            done = self.refuses(5, "cp", *arguments, env=keys, stdin=data, says="Nothing was sent.")
            self.assertNotIn(b"completed", done.stderr)

    def test_a_name_that_is_not_utf8_is_no_key(self):
        keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
        name = os.fsdecode(b"caf\xe9")
        (self.folder / name).write_bytes(b"x")
        self.refuses(2, "cp", self.folder / name, "s3://bucket/", "--endpoint-url=http://127.0.0.1:9", env=keys,
                     says=["its name is not UTF-8", "Name the object in full."])

    def test_advice_is_about_options(self):
        bomb = weir("cp", "-", "-", "--through=zstd", stdin=bytes(8 * MIB)).stdout
        packed = self.file("in.zst", bomb)
        said = [
            self.refuses(8, "cp", "gen:1MiB", "null:", "--memory=4MiB", says=["4.00 MiB", "--memory 8MiB"]),
            self.refuses(8, "cp", packed, "null:", "--through", "unzstd max-output=1MiB", says="--through 'unzstd max-output=SIZE'"),
            self.refuses(8, "cp", packed, "null:", "--through", "unzstd max-window=1KiB", says="max-window=SIZE"),
            self.refuses(2, "cp", packed, "s3://bucket/key", "--no-clobber", "--if-match", "x", says="--no-clobber and --if-match exclude each other"),
        ]
        for done in said:
            self.assertNotRegex(done.stderr.decode().replace(str(self.folder), ""), r"[a-z]_[a-z]+|\(\)|budget of at least")

    def test_rm_ls_and_jobs_say_what_they_looked_for(self):
        folder = self.folder / "photos"
        folder.mkdir()
        done = self.refuses(2, "rm", folder, says=["it is a directory", "rm -r removes all that lies below."])
        self.assertNotIn(b"empty", done.stderr)
        self.refuses(2, "rm", f"{folder}/", says="it is a directory")
        self.refuses(3, "rm", f"{folder}/none/", says="there is no such directory")
        self.refuses(3, "rm", folder / "none", says="there is no such file")
        self.refuses(3, "ls", self.folder / "nodir", says="there is no such directory, and no file's name begins with that")
        for verb in ("show", "resume", "abort"):
            self.refuses(3, "jobs", verb, "99", says=[f"cannot {verb} job 99", "'weir jobs' lists"])
        self.assertEqual(weir("rm", self.file("x", b"")).stdout.decode(), f"removed {self.folder}/x\n")
        gone = events(weir("rm", "--json", self.file("x", b"")).stdout)
        self.assertIs(gone[0]["was_there"], True)

    def test_files_that_differ_are_told_in_sizes_and_exactly(self):
        self.refuses(6, "verify", self.file("a", bytes(2 * MIB)), self.file("b", bytes(2 * MIB + 1)),
                     says=["2.00 MiB (2097152 bytes)", "2.00 MiB (2097153 bytes)"])


class Version(CommandTest):
    def test_its_features_are_all_that_the_command_takes(self):
        features = events(weir("version", "--json").stdout)[0]["features"]
        source = self.file("in", b"x")
        stages = re.search(r"Stages are (.*)\.", self.refuses(2, "cp", source, "null:", "--through", "?").stderr.decode()).group(1)
        taken = set(stages.split(", ")) | {"resume"}
        for arguments in (["foo:x", "null:"], [source, "foo:x"]):
            taken |= set(re.findall(r"(\w+):(?=//|PATH|SIZE| or)", self.refuses(2, "cp", *arguments).stderr.decode().splitlines()[1]))
        self.assertEqual(set(features) - {"tls", "ipv6", "regex"}, taken)
        self.assertIn("features: " + " ".join(features), weir("--version").stdout.decode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
