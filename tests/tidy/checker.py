"""What every check of this folder shares: findings, the tree's files, C++ text without comments, and
a main() that runs either the check on a tree or the check's own tests.

A check is a function `check(root) -> list[Finding]`. Its tests are (name, files, expected) rows: the
files are written to an empty tree, and `expected` is a part of the one message that must appear, or
None when the check must stay silent.
"""
import argparse
import pathlib
import re
import sys
import tempfile
from typing import NamedTuple

CODE_DIRS = ('include', 'src', 'tests', 'benchmarks')
CODE_SUFFIXES = ('.h', '.cc')
SKIPPED_DIRS = {'.git', 'node_modules', '__pycache__', '.cache', 'corpus', 'captures'}
SKIP_EXIT_CODE = 77  # meson's code for a test that cannot run here


class Finding(NamedTuple):
    path: str
    line: int
    message: str

    def __str__(self):
        return f'{self.path}:{self.line}: {self.message}'


class CannotRun(Exception):
    """The tool that the check needs is not installed."""


def tree_files(root, tops=('.',), suffixes=None):
    """The tree's files below `tops`, sorted, as (relative path, absolute path)."""
    root = pathlib.Path(root)
    found = []
    for top in tops:
        base = root / top
        paths = [base] if base.is_file() else sorted(base.rglob('*')) if base.is_dir() else []
        for path in paths:
            relative = path.relative_to(root)
            parts = relative.parts
            if any(part in SKIPPED_DIRS or part.startswith('build') for part in parts[:-1]):
                continue
            if path.is_file() and not path.is_symlink() and (not suffixes or path.suffix in suffixes):
                found.append((relative.as_posix(), path))
    return found


def code_files(root, tops=CODE_DIRS):
    return tree_files(root, tops, CODE_SUFFIXES)


def read(path):
    return pathlib.Path(path).read_text(encoding='utf-8', errors='replace')


TOKEN = re.compile(
    r'R"(?P<tag>[^\s()\\]{0,16})\((?P<raw>.*?)\)(?P=tag)"'
    r'|"(?P<string>(?:\\.|[^"\\\n])*)"'
    r"|(?<![0-9A-Fa-f])'(?P<char>(?:\\.|[^'\\\n])+)'"
    r'|(?P<line>//[^\n]*)'
    r'|(?P<block>/\*.*?\*/)', re.S)


def blank(text):
    return re.sub(r'[^\n]', ' ', text)


def without_comments_and_strings(text):
    """Same length and same lines; comments become blanks, literals keep only their quotes."""
    def replace(match):
        if match['line'] is not None or match['block'] is not None:
            return blank(match[0])
        return match[0][0] + blank(match[0][1:-1]) + match[0][-1]
    return TOKEN.sub(replace, text)


def without_comments(text):
    return TOKEN.sub(lambda m: blank(m[0]) if m['line'] is not None or m['block'] is not None else m[0], text)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def write_tree(root, files):
    for name, content in files.items():
        path = pathlib.Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding='utf-8')


def run_self_tests(check, rows):
    failed = 0
    for name, files, expected in rows:
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, files)
            findings = check(root)
        if expected is None:
            good = not findings
        else:
            good = any(expected in str(finding) for finding in findings)
        if not good:
            failed += 1
            print(f'self-test "{name}": expected {expected!r}, got {[str(f) for f in findings]}')
    print(f'{len(rows) - failed} passed, {failed} failed')
    return 1 if failed else 0


def main(check, rows, description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('root', nargs='?', default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument('--self-test', action='store_true', help='plant violations and see them caught')
    options = parser.parse_args()
    try:
        if options.self_test:
            sys.exit(run_self_tests(check, rows))
        findings = check(options.root)
    except CannotRun as reason:
        print(f'cannot run: {reason}')
        sys.exit(SKIP_EXIT_CODE)
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
