#!/usr/bin/env python3
"""The weir command on terminals: its bar, narrow and changing ones, those that take nothing. WEIR_BIN names the command."""

import os
import re
import signal
import subprocess
import termios
import time
import unittest

from harness import CommandTest, Terminal, spawn

MIB = 1 << 20


class OnATerminal(CommandTest):
    def setUp(self):
        super().setUp()
        self.terminal = Terminal()
        self.addCleanup(self.terminal.close)
        self.source = self.file("big.csv", bytes(32 * MIB))

    def slow_copy(self, *more, seconds=1.5, during=None, env=None):
        """Copies the file to a pipe that is read over `seconds`; `during` is called now and then. The exit code."""
        running = spawn("cp", self.source, "-", *more, stdout=subprocess.PIPE, stderr=self.terminal.slave, env=env)
        steps = 24
        for _ in range(steps):
            running.stdout.read(MIB)
            self.terminal.read(seconds / steps)
            if during:
                during(running)
        running.stdout.read()
        code = running.wait(30)
        running.stdout.close()
        self.terminal.read(0.2)
        return code

    def frames(self):
        return self.terminal.output.decode().split("\r\x1b[K")

    def test_the_bar_shows_name_share_rate_limit_and_memory_and_gives_way_to_the_last_line(self):
        self.assertEqual(self.slow_copy("--color=never"), 0)
        frames = self.frames()
        self.assertGreater(len(frames), 3)
        self.assertRegex(frames[-2], r"^big\.csv  [━╺┈]+  +\d+ %  .*/32\.0 MiB  .*iB/s  .*/64\.0 MiB$")
        self.assertRegex(frames[-1], r"^done 32\.0 MiB in .*\r\n$")

    def test_there_is_a_bar_at_80_columns_and_at_40(self):
        for columns, form in ((80, r"^big\.csv  [━╺┈]{8,}  +\d+ %  .*/32\.0 MiB  [\d.]+ MiB/s  ETA [-\w]+"), (40, r"^[━╺┈]{8,}  +\d+ %  [\d.]+ MiB/s  ETA [-\w]+$")):
            self.terminal.output = b""
            self.terminal.resize(columns)
            self.assertEqual(self.slow_copy("--color=never"), 0)
            frames = self.frames()[1:-1]
            self.assertTrue(any(re.match(form, frame) for frame in frames), frames)
            self.assertTrue(all(len(frame) < columns for frame in frames), frames)

    def test_a_limit_that_limits_is_told(self):
        running = spawn("cp", self.source, self.folder / "copy", "--limit-rate=16MiB", "--color=never", stderr=self.terminal.slave)
        self.terminal.read(1.6)
        self.assertEqual(running.wait(30), 0)
        self.terminal.read(0.2)
        self.assertTrue(any("limited by: rate limit" in frame for frame in self.frames()), self.frames())

    def test_it_draws_at_most_ten_times_a_second(self):
        started = time.monotonic()
        self.slow_copy(seconds=2)
        self.assertLessEqual(len(self.frames()), (time.monotonic() - started) * 10 + 3)

    def test_ascii_where_the_locale_is_not_utf8(self):
        self.assertEqual(self.slow_copy(env={"LC_ALL": "C"}), 0)
        self.assertTrue(self.terminal.output.isascii())
        self.assertRegex(self.frames()[2], r"[=>-]{8}")

    def test_colour_is_as_the_user_wishes(self):
        self.slow_copy("--color=always", seconds=0.5)
        self.assertIn(b"\x1b[36m", self.terminal.output)
        self.terminal.output = b""
        self.slow_copy(seconds=0.5, env={"NO_COLOR": "1"})
        self.assertNotIn(b"\x1b[36m", self.terminal.output)

    def test_a_dumb_terminal_gets_plain_lines(self):
        self.assertEqual(self.slow_copy(env={"TERM": "dumb"}, seconds=0.5), 0)
        self.assertRegex(self.terminal.output, rb"\Adone [^\x1b]*\r\n\Z")

    def test_nothing_moves_where_nothing_should(self):
        for option in ("--no-progress", "--progress=none"):
            self.terminal.output = b""
            self.slow_copy(option, seconds=0.5)
            self.assertRegex(self.terminal.output, rb"\Adone [^\x1b]*\r\n\Z")
        self.terminal.output = b""
        self.slow_copy("-q", seconds=0.5)
        self.assertEqual(self.terminal.output, b"")

    def test_data_on_a_terminal_is_not_mixed_with_a_bar(self):
        text = self.file("text", b"line\n" * 10)
        running = spawn("cp", text, "-", stdout=self.terminal.slave, stderr=self.terminal.slave)
        self.assertEqual(running.wait(20), 0)
        self.assertNotIn(b"\x1b", self.terminal.read(0.2))

    def test_a_terminal_of_one_column_is_enough(self):
        self.terminal.resize(1)
        self.assertEqual(self.slow_copy(), 0)
        self.assertEqual(self.frames()[1:-1], [""] * (len(self.frames()) - 2))

    def test_a_storm_of_resizes_does_no_harm_and_lines_fit(self):
        widths = iter(range(10**6))

        def resize(running):
            for _ in range(50):
                self.terminal.resize(1 + next(widths) * 37 % 200)
                running.send_signal(signal.SIGWINCH)

        self.assertEqual(self.slow_copy(during=resize), 0)
        for frame in self.frames()[1:-1]:
            self.assertLess(len(frame), 200 + 20)

    def test_a_terminal_that_takes_nothing_does_not_hold_up_the_copy(self):
        termios.tcflow(self.terminal.slave, termios.TCOOFF)
        target = self.folder / "out"
        running = spawn("cp", "-", target, stdin=subprocess.PIPE, stderr=self.terminal.slave)
        for _ in range(10):
            running.stdin.write(bytes(MIB))
            running.stdin.flush()
            time.sleep(0.1)
        running.stdin.close()
        self.waits_for(target.exists, "the file's arrival")  # though nobody hears of it
        self.assertEqual(target.stat().st_size, 10 * MIB)
        termios.tcflow(self.terminal.slave, termios.TCOON)
        self.assertIn(b"done 10.0 MiB", self.terminal.read(1))
        self.assertEqual(running.wait(20), 0)

    def test_a_terminal_that_goes_away_does_no_harm(self):
        master, slave = os.openpty()
        running = spawn("cp", "-", self.folder / "out", stdin=subprocess.PIPE, stderr=slave)
        os.close(slave)
        running.stdin.write(bytes(MIB))
        running.stdin.flush()
        time.sleep(0.3)
        os.close(master)
        time.sleep(0.3)
        running.stdin.close()
        self.assertEqual(running.wait(20), 0)
        self.assertEqual((self.folder / "out").stat().st_size, MIB)

    def test_a_full_pipe_as_standard_error_does_not_hold_up_the_copy(self):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, bytes(4096))
        except BlockingIOError:
            pass
        os.set_blocking(writer, True)
        target = self.folder / "out"
        running = spawn("cp", "-", target, "--progress=bar", stdin=subprocess.PIPE, stderr=writer)
        os.close(writer)
        running.stdin.write(bytes(MIB))
        running.stdin.flush()
        time.sleep(0.5)
        running.stdin.close()
        self.waits_for(target.exists, "the file's arrival")
        with os.fdopen(reader, "rb") as rest:
            self.assertIn(b"done 1.00 MiB", rest.read())
        self.assertEqual(running.wait(20), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
