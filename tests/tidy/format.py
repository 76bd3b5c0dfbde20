#!/usr/bin/env python3
"""Every C++ file looks as clang-format 19 with the tree's .clang-format leaves it."""
import pathlib
import re
import shutil
import subprocess

from checker import CannotRun, Finding, code_files, main

PROGRAMS = ('clang-format-19', 'clang-format')
DIAGNOSTIC = re.compile(r'^(?P<path>.*?):(?P<line>\d+):\d+: (?:error|warning): ')


def formatter():
    for program in PROGRAMS:
        if shutil.which(program):
            version = subprocess.run([program, '--version'], capture_output=True, text=True, check=True).stdout
            if re.search(r'version 19\.', version):
                return program
    raise CannotRun('clang-format 19 is not installed (apt-get install clang-format-19)')


def check(root):
    program = formatter()
    names = [name for name, _ in code_files(root)]
    if not names:
        return []
    run = subprocess.run([program, '--dry-run', '--Werror', *names], cwd=root, capture_output=True, text=True)
    lines = {}
    for line in run.stderr.splitlines():
        match = DIAGNOSTIC.match(line)
        if match:
            lines.setdefault(match['path'], set()).add(int(match['line']))
    if run.returncode != 0 and not lines:
        return [Finding('.clang-format', 1, run.stderr.strip()[:200])]
    return [Finding(path, min(at), f'{len(at)} lines: run {program} -i on this file') for path, at in lines.items()]


STYLE = {'.clang-format': (pathlib.Path(__file__).resolve().parents[2] / '.clang-format').read_text()}
TESTS = [
    ('well formed', STYLE | {'src/m/a.cc': 'int f(int a) { return a; }\n'}, None),
    ('bad spacing', STYLE | {'src/m/a.cc': 'int b;\nint f( int a ){return a;}\n'}, 'src/m/a.cc:2:'),
    ('bad order of includes', STYLE | {'src/m/a.cc': '#include <vector>\n#include <string>\n'}, 'src/m/a.cc:1:'),
    ('long line', STYLE | {'tests/a.cc': 'int long_name = ' + ' + '.join(['term'] * 20) + ';\n'}, 'tests/a.cc:1:'),
    ('broken style file', {'.clang-format': 'BasedOnStyle: Nobody\n', 'src/m/a.cc': 'int a;\n'}, '.clang-format'),
]

if __name__ == '__main__':
    main(check, TESTS, __doc__)
