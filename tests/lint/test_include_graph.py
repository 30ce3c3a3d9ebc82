#!/usr/bin/env python3
"""The include-graph check itself: it must see each kind of offence."""

import tempfile
import unittest
from pathlib import Path

from include_graph import check


class Offences(unittest.TestCase):
    def offences(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / name.replace("__", "/").replace("_hpp", ".hpp").replace("_cpp", ".cpp")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"// first line\n{text}\n", encoding="utf-8")
            return check(Path(folder))[0]

    def test_arrows_downward_pass(self):
        self.assertEqual(self.offences(src__store__a_cpp='#include "net/http.hpp"\n#include "weir/core/status.hpp"',
                                       include__weir__weir_hpp='#include "weir/transfer/upload.hpp"',
                                       src__cli__main_cpp='#include "weir/weir.hpp"\n#include "cli/options.hpp"'), [])

    def test_each_offence_is_named_with_its_line(self):
        cases = {
            "net includes store": dict(src__net__a_cpp='#include "weir/store/s3.hpp"'),
            "core includes codec": dict(include__weir__core__a_hpp='#include <weir/codec/zstd.hpp>'),
            "core includes <sys/socket.h>": dict(include__weir__core__a_hpp="#include <sys/socket.h>"),
            "core includes <curl/curl.h>": dict(include__weir__core__a_hpp="#  include <curl/curl.h>"),
            "cli includes the private": dict(src__cli__a_cpp='#include "net/http.hpp"'),
            "public header includes the private": dict(include__weir__store__a_hpp='#include "net/http.hpp"'),
            "includes the umbrella": dict(src__store__a_cpp='#include "weir/weir.hpp"'),
            "no known room": dict(src__attic__a_cpp=""),
        }
        for expected, files in cases.items():
            with self.subTest(expected):
                found = self.offences(**files)
                self.assertEqual(len(found), 1)
                self.assertIn(expected, found[0])
                self.assertRegex(found[0], r"^\S+:[12]: ")


if __name__ == "__main__":
    unittest.main()
