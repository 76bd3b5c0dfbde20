#!/usr/bin/env python3
"""Counts what meson's test log (testlog.json) holds: doctest cases, programs that end with "N passed, N failed",
and programs that say nothing, which count as one. Shows the output of those that failed, and nothing else of the
log, since it also holds the environment. Ends with "N passed, N failed"."""
import json
import re
import sys

DOCTEST = re.compile(r'^\[doctest\] test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped', re.M)
COUNTED = re.compile(r'^(\d+) passed, (\d+) failed$', re.M)
SHOWN_LINES = 60


def counts(test):
    """(passed, failed). A skipped program counts as failed: the scripts install whatever a test needs."""
    out = test.get('stdout') or ''
    good = test['result'] in ('OK', 'EXPECTEDFAIL')
    cases = [(int(m[2]), int(m[3])) for m in DOCTEST.finditer(out)]
    lines = [(int(m[1]), int(m[2])) for m in COUNTED.finditer(out)][-1:]
    found = cases or lines
    passed, failed = sum(p for p, _ in found), sum(f for _, f in found)
    if not found and good:
        passed = 1
    if not good and failed == 0:
        failed = 1
    return passed, failed


def show(test):
    print(f'--- {test["name"]}: {test["result"]}')
    for stream in ('stdout', 'stderr'):
        lines = (test.get(stream) or '').splitlines()
        if len(lines) > SHOWN_LINES:
            print(f'[{len(lines) - SHOWN_LINES} lines left out]')
        for line in lines[-SHOWN_LINES:]:
            print(line)


def main(path):
    passed = failed = 0
    try:
        with open(path, encoding='utf-8', errors='replace') as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except OSError:
        tests = []
    if not tests:
        print('no test has run')
        failed = 1
    for test in tests:
        p, f = counts(test)
        if f:
            show(test)
        print(f'{"FAILED" if f else "ok":6} {p + f:5} {test["name"]} ({test.get("duration", 0):.1f} s)')
        passed, failed = passed + p, failed + f
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
