#!/usr/bin/env python3
"""Runs QCC's integration tests: each subject (test_*.py) in a process of its own, several at once.

    run.py --qccd build/src/qccd            everything
    run.py --qccd build/src/qccd -k U3      tests whose name contains U3
    run.py test_mock                        the mocks themselves, without a daemon
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEEDS_NODE = {"test_mock", "test_sdks", "test_claude_code"}
SLOWEST_FIRST = ["test_http_rules", "test_upstream_rules", "test_streams", "test_reload_drain", "test_claude_code"]


class LineResult(unittest.TestResult):
    """One line per test as it ends."""

    def __init__(self):
        super().__init__()
        self.passed = self.failed = self.skipped_count = 0

    def startTest(self, test):
        super().startTest(test)
        self.began, self.verdict, self.detail = time.monotonic(), "ok", ""

    def _bad(self, test, error):
        self.verdict = "FAILED"
        self.detail += self._exc_info_to_string(error, test)

    def addError(self, test, err):
        if not isinstance(test, unittest.TestCase):  # setUpClass and its like
            self.failed += 1
            print(f"FAILED {test}\n{self._exc_info_to_string(err, test)}", flush=True)
            return
        self._bad(test, err)

    def addFailure(self, test, err):
        self._bad(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.detail += f"{subtest}\n"
            self._bad(test, err)

    def addSkip(self, test, reason):
        self.verdict, self.detail = "skipped", reason + "\n"

    def stopTest(self, test):
        super().stopTest(test)
        took = time.monotonic() - self.began
        self.passed += self.verdict == "ok"
        self.failed += self.verdict == "FAILED"
        self.skipped_count += self.verdict == "skipped"
        print(f"{self.verdict:7} {took:6.2f} s  {test.id()}\n{self.detail}", end="", flush=True)


def run_subject(name, pattern):
    sys.path.insert(0, str(HERE))
    loader = unittest.TestLoader()
    if pattern:
        loader.testNamePatterns = [f"*{pattern}*"]
    result = LineResult()
    loader.loadTestsFromName(name).run(result)
    for error in loader.errors:
        result.failed += 1
        print(error)
    print(f"@ {result.passed} {result.failed} {result.skipped_count}", flush=True)
    return 0


def spawn_subject(name, options):
    command = [sys.executable, __file__, "--subject", name]
    if options.k:
        command += ["-k", options.k]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    *lines, last = done.stdout.splitlines() or [""]
    if not last.startswith("@ "):
        return done.stdout + f"FAILED {name} ended with {done.returncode} before its end\n", (0, 1, 0)
    return "".join(line + "\n" for line in lines), tuple(map(int, last.split()[1:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", nargs="*", help="test_NAME; all of them by default")
    parser.add_argument("--qccd", help="the daemon; tests that need one are skipped without it")
    parser.add_argument("-k", metavar="TEXT", help="only tests whose id contains TEXT")
    parser.add_argument("-j", type=int, default=min(4, os.cpu_count() or 1), help="subjects at a time")
    parser.add_argument("--subject", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.subject:
        return run_subject(options.subject, options.k)
    subjects = [Path(name).stem for name in options.subjects] or sorted(path.stem for path in HERE.glob("test_*.py"))
    subjects.sort(key=lambda name: SLOWEST_FIRST.index(name) if name in SLOWEST_FIRST else len(SLOWEST_FIRST))
    if options.qccd:
        os.environ["QCCD"] = str(Path(options.qccd).resolve())
    if NEEDS_NODE & set(subjects):
        sys.path.insert(0, str(HERE))
        import node_clients
        node_clients.install()
    totals = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        for text, counts in pool.map(lambda name: spawn_subject(name, options), subjects):
            print(text, end="", flush=True)
            totals = [total + count for total, count in zip(totals, counts)]
    if totals[2]:
        print(f"{totals[2]} skipped")
    print(f"{totals[0]} passed, {totals[1]} failed")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
