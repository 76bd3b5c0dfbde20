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


SUMMARY = '[doctest] test cases: {0} | {1} passed | {2} failed | 1 skipped'
ROWS = [
    ('says nothing', {'result': 'OK'}, (1, 0)),
    ('doctest', {'result': 'OK', 'stdout': SUMMARY.format(9, 8, 0)}, (8, 0)),
    ('doctest with failures', {'result': 'FAIL', 'stdout': SUMMARY.format(9, 6, 2)}, (6, 2)),
    ('crash behind the summary', {'result': 'FAIL', 'stdout': SUMMARY.format(9, 8, 0)}, (8, 1)),
    ('own count', {'result': 'OK', 'stdout': '1 passed, 0 failed\nx\n5 passed, 0 failed\n'}, (5, 0)),
    ('own failures', {'result': 'FAIL', 'stdout': '5 passed, 2 failed\n'}, (5, 2)),
    ('crash', {'result': 'FAIL', 'stdout': 'hm'}, (0, 1)),
    ('no end', {'result': 'TIMEOUT'}, (0, 1)),
    ('did not run', {'result': 'SKIP', 'stdout': 'cannot run'}, (0, 1)),
]


def self_test():
    wrong = [(name, counts(test), expected) for name, test, expected in ROWS if counts(test) != expected]
    for row in wrong:
        print('self-test "%s": got %s, expected %s' % row)
    print(f'{len(ROWS) - len(wrong)} passed, {len(wrong)} failed')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(self_test() if sys.argv[1] == '--self-test' else main(sys.argv[1]))
