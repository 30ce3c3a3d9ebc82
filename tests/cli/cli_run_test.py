#!/usr/bin/env python3
"""weir run and weir stages: pipelines from one line of text. WEIR_BIN names the command."""

import gzip
import hashlib
import os
import subprocess
import unittest

from harness import CommandTest, events, weir

MIB = 1 << 20
LOG = b"one ERROR\ntwo\r\n\nERROR at the front\r\nlast ERROR"


class Run(CommandTest):
    def test_from_a_file_through_stages_to_a_file(self):
        source, target = self.file("log txt", LOG), self.folder / "errors"
        done = weir("run", f"'{source}' | lines | grep ERROR | sha256 | file:{target}")
        self.assertEqual(done.returncode, 0, done.stderr)
        kept = b"one ERROR\nERROR at the front\r\nlast ERROR"
        self.assertEqual(target.read_bytes(), kept)
        self.assertIn(hashlib.sha256(kept).hexdigest(), done.stderr.decode())

    def test_without_places_it_stands_in_a_pipe_of_the_shell(self):
        done = weir("run", "lines | grep ERROR | count", stdin=LOG)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"3\n", b""))
        done = weir("run", f"{self.file('log', LOG)} | lines | grep ERROR invert | skip lines=1", stdin=b"")
        self.assertEqual((done.returncode, done.stdout), (0, b"\n"))

    def test_the_standard_input_may_stand_first(self):
        done = weir("run", "- | lines | grep ERROR | count | -", stdin=LOG)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"3\n", b""))

    def test_stages_work_on_several_chunks_at_once(self):
        log = self.file("log", LOG * 100_000)
        alone = weir("run", f"{log} | lines | grep ERROR | sha256 | null:", "--json")
        many = weir("run", f"{log} | lines | parallel 'grep ERROR' workers=3 | sha256 | null:", "--json")
        hashes = [next(event for event in events(each.stdout) if event["event"] == "done")["facts"]["sha256"] for each in (alone, many)]
        self.assertEqual(hashes[0], hashes[1])
        self.refuses(2, "run", f"{log} | lines | parallel 'count' | null:", says=["count does not work on each chunk by itself"])
        self.refuses(2, "run", f"{log} | lines | parallel 'grpe x' | null:", says='Did you mean "grep"?')

    def test_one_read_feeds_several_places_and_several_make_one(self):
        one, two = self.file("one", b"a ERROR\n"), self.file("two", b"b\nc ERROR")
        first, second = self.folder / "first", self.folder / "second"
        done = weir("run", f"concat {one} {two} | lines | grep ERROR | tee {first} {second}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((first.read_bytes(), second.read_bytes()), (b"a ERROR\nc ERROR",) * 2)
        self.assertIn(f"\n  → {first}\n  → {second}\n", done.stderr.decode())
        # One place that fails is the end of all that has not ended yet; where it is asked for, it is left behind.
        self.refuses(3, "run", f"{one} | tee {self.folder}/third {self.folder}/no/where", says=["no/where", "there is no directory"])
        done = weir("run", f"{one} | tee drop-failed {self.folder}/third {self.folder}/no/where", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.folder / "third").exists())
        facts = next(event for event in events(done.stdout) if event["event"] == "done")["facts"]
        self.assertIn("no/where", facts["2.failed"])

    def test_a_csv_is_split_into_compressed_files_by_a_field(self):
        rows = [f"{i},day-{i * 7919 % 5}\n".encode() for i in range(20_000)]
        csv = self.file("in.csv", b"id,day\n" + b"".join(rows))
        done = weir("run", f"{csv} | lines | split 'gzip | {self.folder}/{{key}}.csv.gz' field=2 header", "--memory", "256MiB")
        self.assertEqual(done.returncode, 0, done.stderr)
        for key in range(5):
            path = self.folder / f"day-{key}.csv.gz"
            expected = b"id,day\n" + b"".join(row for row in rows if row.endswith(b"-%d\n" % key))
            self.assertEqual(gzip.decompress(path.read_bytes()), expected)
            self.assertIn(f"→ {path}", done.stderr.decode())
        many = self.file("many.csv", b"".join(b"%02d.example.com\n" % i for i in range(25)))
        done = weir("run", f"{many} | lines | split {self.folder}/{{key}} field=1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"→ {self.folder}/19.example.com\n  and 5 more, which --json names\n", done.stderr.decode())
        evil = self.file("evil.csv", b"1,../../evil\n")
        self.refuses(2, "run", f"{evil} | lines | split {self.folder}/out/{{key}} field=2", says="cannot be a name")
        self.refuses(2, "run", f"{csv} | split {self.folder}/out/{{key}} field=2", says="Put `lines` before it.")
        self.assertFalse((self.folder / "out").exists())

    def test_a_stream_that_falls_silent_is_an_error(self):
        read, write = os.pipe()
        try:
            os.write(write, b"some")
            done = subprocess.run([os.environ["WEIR_BIN"], "run", "timeout 300ms | null:"], stdin=read, capture_output=True, timeout=60)
        finally:
            os.close(read), os.close(write)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no data came for 300ms", done.stderr.decode())

    def test_what_take_does_not_want_is_not_read(self):
        done = weir("run", "gen:100TiB | take bytes=3MiB | null:", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        summary = events(done.stdout)[-1]
        self.assertEqual(summary["bytes_confirmed"], 3 * MIB)

    def test_errors_point_into_the_text_as_it_was_typed(self):
        self.refuses(2, "run", "gen:1MiB | lines | grpe x | null:",
                     says=['column 20: there is no stage "grpe"', "                       ^^^^", 'Did you mean "grep"?'])
        self.refuses(2, "run", "gen:1MiB | lines 'x | null:", says="this quote has no end")
        self.refuses(2, "run", "", says="a name is empty")
        self.refuses(2, "run", " ", says="it is empty")
        self.refuses(2, "run", "gen:1MiB | grep x | null:", says=["grep works on lines, and bytes reach it", "Put `lines` before it."])
        self.refuses(3, "run", f"{self.folder}/nowhere | null:", says="No such file")

    def test_a_plan_is_told_and_nothing_is_done(self):
        target = self.folder / "out"
        done = weir("run", "--explain", f"gen:1GiB | sha256 | zstd | {target}")
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("segment 1, on the pool", "zstd", "memory: at least", "after a kill:"):
            self.assertIn(words, done.stdout.decode())
        self.assertFalse(target.exists())
        self.refuses(2, "run", "--explain", "gen:1GiB | grep x | null:", says="grep works on lines")

    def test_gzip_goes_both_ways_with_the_gzip_of_others(self):
        text = LOG * 100_000
        packed = weir("run", "gzip level=1 workers=2", stdin=text).stdout
        self.assertEqual(gzip.decompress(packed), text)
        self.assertEqual(weir("run", "gzip level=1 workers=1", stdin=text).stdout, packed)
        self.assertEqual(weir("run", "gunzip", stdin=gzip.compress(text) + gzip.compress(b"more")).stdout, text + b"more")
        self.refuses(6, "run", "gunzip | lines | count", stdin=packed[:-1], says="cannot decompress gzip")
        self.refuses(2, "run", "gzip level=10 | null:", says='"10" is no level from 1 to 9')

    def test_regular_expressions_where_there_are_any(self):
        if "regex" not in events(weir("version", "--json").stdout)[0]["features"]:
            self.refuses(1, "run", "lines | grep '^x' regex | null:", says="built without regular expressions")
            return
        done = weir("run", "lines | grep '^(one|last) E.*R$' regex", stdin=LOG)
        self.assertEqual((done.returncode, done.stdout), (0, b"one ERROR\nlast ERROR"))
        done = weir("run", "lines | grep 'E|w' regex invert | count", stdin=LOG)
        self.assertEqual(done.stdout, b"1\n")
        self.refuses(2, "run", "gen:1 | lines | grep 'a(b' regex | null:", says=["column 17:", '"a(b" is no regular expression'])

    def test_damaged_input_names_the_stage(self):
        packed = weir("run", "zstd", stdin=LOG * 1000).stdout
        self.refuses(6, "run", "unzstd | lines | count", stdin=packed[: len(packed) // 2], says="cannot decompress zstd")


class Stages(CommandTest):
    def test_all_are_listed_and_one_is_told_with_its_parameters(self):
        listed = weir("stages").stdout.decode()
        for name in ("zstd [level=3] [workers=N]", "grep TEXT [invert]", "lines [longest=1MiB]", "sha256"):
            self.assertIn(name, listed)
        one = weir("stages", "zstd").stdout.decode()
        self.assertIn("(from -7, up to 19, default 3)", one)
        self.refuses(2, "stages", "zstdd", says='Did you mean "zstd"?')


if __name__ == "__main__":
    unittest.main()
