#!/usr/bin/env python3
"""The weir command and Vercel Blob, by the double of its service.

    servers.py run vercel -- cli_vercel_test.py
"""

import json
import os
import unittest
import urllib.request

from harness import CommandTest, events, weir

MIB = 1 << 20
TOKEN, API = os.environ["BLOB_READ_WRITE_TOKEN"], os.environ["VERCEL_BLOB_API_URL"]
STORE = TOKEN.split("_")[3]


class VercelTest(CommandTest):
    def blobs(self):
        with urllib.request.urlopen(API.replace("/api/blob", "/_weir/state"), timeout=30) as answer:
            return json.load(answer)["blobs"]

    def test_a_file_goes_there_and_comes_back_and_the_last_line_says_that_it_is_not_verified(self):
        data = os.urandom(12 * MIB + 5)
        (self.folder / "x.bin").write_bytes(data)
        done = weir("cp", self.folder / "x.bin", f"vercel://{STORE}/there and back/x.bin")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"not verified: the store has no checksum", done.stderr)
        self.assertEqual(self.blobs()["there and back/x.bin"]["length"], len(data))
        came = weir("cp", f"vercel://{STORE}/there and back/x.bin", self.folder / "back")
        self.assertIn(b"=, not verified: the source has no checksum\n", came.stderr)
        back = weir("cat", f"vercel://{STORE}/there and back/x.bin")
        self.assertEqual((back.returncode, back.stdout == data), (0, True), back.stderr)

    def test_a_folder_or_a_store_gets_the_source_s_own_name(self):
        (self.folder / "named.txt").write_bytes(b"named")
        for destination in (f"vercel://{STORE}/folder/", f"vercel://store_{STORE}"):
            self.assertEqual(weir("cp", self.folder / "named.txt", destination).returncode, 0)
        self.assertLessEqual({"folder/named.txt", "named.txt"}, set(self.blobs()))
        self.refuses(2, "cp", f"vercel://{STORE}/named.txt", f"vercel://{STORE}/named.txt", says=["both are the same object"])

    def test_a_tree_goes_up_comes_back_is_listed_looked_at_and_removed(self):
        names = ["a b.txt", "ü/c.txt", "x/y/z"]
        for name in names:
            path = self.folder / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        place = f"vercel://{STORE}/tree/"
        up = weir("cp", "-r", f"{self.folder}/in/", place)
        self.assertEqual(up.returncode, 0, up.stderr)
        self.assertIn(b"3 not verified: the store has no checksum", up.stderr)
        listed = events(weir("ls", "-r", "--json", place).stdout)
        self.assertEqual([event["key"] for event in listed], [f"tree/{name}" for name in sorted(names)])
        self.assertIn(b"  tree/\n", weir("ls", f"vercel://{STORE}").stdout)
        self.assertIn(b"size            5 ", weir("head", f"{place}x/y/z").stdout)
        self.assertEqual(weir("verify", self.folder / "in" / "x/y/z", f"{place}x/y/z").returncode, 0)
        down = weir("cp", "-r", place, self.folder / "out")
        self.assertEqual(down.returncode, 0, down.stderr)
        self.assertIn(b"3 not verified: the source has no checksum", down.stderr)
        for name in names:
            self.assertEqual((self.folder / "out" / name).read_bytes(), name.encode())
        kept = weir("cp", "-r", "--update", f"{self.folder}/in/", place)
        self.assertIn(b"3 kept", kept.stderr)
        inside = events(weir("cp", "-r", "--json", place, f"vercel://{STORE}/copy/").stdout)
        self.assertEqual([event["inside_store"] for event in inside if event["event"] == "file"], [True] * 3)
        self.refuses(1, "presign", f"{place}x/y/z", says=["no presigned URLs for Vercel Blob"])
        self.assertEqual(weir("rm", "-r", place, f"vercel://{STORE}/copy").returncode, 0)
        self.assertEqual([name for name in self.blobs() if name.startswith(("tree/", "copy/"))], [])

    def test_what_is_there_stays_and_that_is_said_in_weir_s_words(self):
        (self.folder / "f").write_bytes(b"f")
        place = f"vercel://{STORE}/once"
        self.assertEqual(weir("cp", self.folder / "f", place, "--no-clobber").returncode, 0)
        done = self.refuses(1, "cp", self.folder / "f", place, "--no-clobber", says=["there is an object already", "What is there stays as it is."])
        self.assertNotIn(b"allowOverwrite", done.stderr)
        self.refuses(1, "cp", "--dry-run", self.folder / "f", place, "--no-clobber", says="there is an object already")
        self.assertIn(b"if it was there", weir("rm", place).stdout)

    def test_another_store_no_token_and_a_path_that_cannot_be_are_refused_before_anything_is_sent(self):
        (self.folder / "f").write_bytes(b"f")
        source = self.folder / "f"
        self.refuses(2, "cp", source, "vercel://Another/f", says=["the token is for the store " + STORE])
        self.refuses(2, "cp", source, f"vercel://{STORE}/a//f", says=["//"])
        self.assertNotIn(TOKEN.encode(), weir("cp", source, f"vercel://{STORE}/a//f").stderr)
        self.refuses(4, "cp", source, f"vercel://{STORE}/f", env={"BLOB_READ_WRITE_TOKEN": ""}, says=["Set BLOB_READ_WRITE_TOKEN"])


if __name__ == "__main__":
    unittest.main()
