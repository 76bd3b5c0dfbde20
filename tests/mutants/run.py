#!/usr/bin/env python3
"""Breaks the program on purpose and demands that a test notices.

A mutant is a file NN_name.patch here: a unified diff of the tree (paths a/… b/…) below a head of comments:

    # rule: F1                          what it breaks, in the words of the specification
    # test: unit -tc="breaker*"         which test must fail: unit, integration or a program's name, and arguments
    # timeout: 60                       seconds, optional; a test that hangs has noticed too

The tree is copied once to build/mutants/tree and built there without optimisation; each mutant is applied, the
one target its test needs is rebuilt, the test is run, the patch is taken back. Before that every test must pass
on the unbroken copy. A mutant that survives, no longer applies or no longer compiles is a failure.
The last lines are "mutants: N caught, M survived" and "N passed, N failed".
"""
import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
BUILD_OPTIONS = ['--buildtype=plain', '-Doptimization=0', '-Ddebug=false', '-Dwerror=false', '-Dbenchmarks=disabled']
TARGETS = {'unit': 'unit_tests', 'integration': 'qccd', 'sim': 'proxy_sim'}
TIMEOUT_S = 120
DOCTEST_RAN = re.compile(r'test cases:\s*(\d+)')
COUNTED = re.compile(r'^(\d+) passed, (\d+) failed$', re.M)


class Broken(Exception):
    """The mutant, or the tree that it should break, is not in order."""


class Test(NamedTuple):
    kind: str
    arguments: tuple
    timeout: int

    def __str__(self):
        return ' '.join((self.kind, *self.arguments))


class Mutant(NamedTuple):
    name: str
    path: pathlib.Path
    rule: str
    tests: list


def parse(path):
    head = re.findall(r'^# (rule|test|timeout): *(.*?) *$', path.read_text(), re.M)
    values = dict(head)
    tests = []
    for key, value in head:
        if key == 'test':
            kind, *arguments = shlex.split(value)
            tests.append(Test(kind, tuple(arguments), int(values.get('timeout', TIMEOUT_S))))
    if 'rule' not in values or not tests:
        raise Broken('needs "# rule:" and "# test:" in its head')
    return Mutant(path.stem, path, values['rule'], tests)


def run(command, folder, timeout=None, **options):
    return subprocess.run([str(part) for part in command], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace', timeout=timeout, **options)


def source_files(root):
    listed = run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], root) if (root / '.git').exists() else None
    if listed and listed.returncode == 0:
        return {name for name in listed.stdout.split('\0') if name and (root / name).is_file()}
    skipped = {'.git', 'node_modules', '__pycache__'}
    return {path.relative_to(root).as_posix() for path in root.rglob('*') if path.is_file()
            and not any(part in skipped or part.startswith('build') for part in path.relative_to(root).parts)}


def copy_tree(root, tree):
    """Makes `tree` hold what `root` holds; files that are the same stay untouched, so that builds stay small."""
    wanted = source_files(root)
    for name in wanted:
        source, copy = root / name, tree / name
        if not copy.is_file() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            shutil.copymode(source, copy)
    for path in [path for path in tree.rglob('*') if path.is_file()]:
        if path.relative_to(tree).as_posix() not in wanted:
            path.unlink()


class Workshop:
    """The copy of the tree, its one build folder, and the tests that can be run in it."""

    def __init__(self, root, scratch, jobs):
        self.root, self.tree, self.build, self.jobs = root, scratch / 'tree', scratch / 'build', jobs

    def prepare(self):
        copy_tree(self.root, self.tree)
        if not (self.build / 'build.ninja').is_file():
            shutil.rmtree(self.build, ignore_errors=True)
            compiler = 'clang++-19' if shutil.which('clang++-19') else 'g++'
            if shutil.which('ccache'):
                compiler = 'ccache ' + compiler
            done = run(['meson', 'setup', self.build, self.tree, *self.build_options()], self.tree,
                       env=os.environ | {'CXX': compiler})
            if done.returncode:
                raise Broken('meson setup failed:\n' + tail(done.stdout))

    def build_options(self):
        options = self.tree / 'meson_options.txt'
        known = options.read_text() if options.is_file() else ''
        return [option for option in BUILD_OPTIONS if '-Dbenchmarks' not in option or "'benchmarks'" in known]

    def program(self, kind):
        name = TARGETS.get(kind, kind)
        for target in json.loads(run(['meson', 'introspect', self.build, '--targets'], self.tree).stdout):
            if target['name'] == name and target['type'] == 'executable':
                return pathlib.Path(target['filename'][0])
        raise Broken(f'the build has no program {name}')

    def make(self, kind):
        target = self.program(kind).relative_to(self.build)
        done = run(['ninja', '-C', self.build, '-j', str(self.jobs), target], self.tree)
        if done.returncode:
            raise Broken('does not build:\n' + tail(done.stdout))

    def command(self, test):
        if test.kind == 'integration':
            return [sys.executable, '-B', self.tree / 'tests/integration/run.py', '--qccd', self.program(test.kind),
                    *test.arguments]
        return [self.program(test.kind), *test.arguments]

    def passes(self, test):
        """(passed, output); a test that does not end in time has not passed."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                done = run(self.command(test), folder, timeout=test.timeout)
        except subprocess.TimeoutExpired as late:
            return False, f'no end after {late.timeout} s'
        return done.returncode == 0, done.stdout

    def demand_baseline(self, test):
        self.make(test.kind)
        passed, output = self.passes(test)
        if not passed:
            raise Broken(f'"{test}" fails on the unbroken tree:\n{tail(output)}')
        ran = DOCTEST_RAN.search(output) or COUNTED.search(output)
        if ran and int(ran[1]) == 0:
            raise Broken(f'"{test}" selects no test')

    def apply(self, mutant, *options):
        done = run(['patch', '-p1', '--forward', '--batch', '--no-backup-if-mismatch', '--fuzz=1', '--reject-file=-',
                    *options, '-i', mutant.path], self.tree)
        return done.returncode == 0, done.stdout

    def judge(self, mutant):
        """The test that noticed, or None."""
        fits, output = self.apply(mutant, '--dry-run')
        if not fits:
            raise Broken('no longer applies:\n' + tail(output))
        touched = [self.tree / name for name in re.findall(r'^\+\+\+ b/(\S+)', mutant.path.read_text(), re.M)]
        unbroken = {path: path.read_bytes() for path in touched if path.is_file()}
        self.apply(mutant)
        try:
            for test in mutant.tests:
                self.make(test.kind)
                if not self.passes(test)[0]:
                    return test
            return None
        finally:
            for path in touched:
                if path in unbroken:
                    path.write_bytes(unbroken[path])
                else:
                    path.unlink(missing_ok=True)


def tail(text, lines=25):
    return '\n'.join(text.strip().split('\n')[-lines:])


def judge_all(workshop, paths):
    """(caught, survived, broken); prints a line per mutant."""
    caught = survived = broken = 0
    checked = {}
    for path in paths:
        begun = time.monotonic()
        try:
            mutant = parse(path)
            for test in mutant.tests:
                if test not in checked:
                    checked[test] = True
                    workshop.demand_baseline(test)
            noticed = workshop.judge(mutant)
        except Broken as why:
            broken += 1
            print(f'BROKEN   {path.stem}: {why}', flush=True)
            continue
        took = time.monotonic() - begun
        if noticed:
            caught += 1
            print(f'caught   {mutant.name} ({mutant.rule}) by {noticed}, {took:.1f} s', flush=True)
        else:
            survived += 1
            print(f'SURVIVED {mutant.name} ({mutant.rule}), {took:.1f} s', flush=True)
    return caught, survived, broken


MINI_TREE = {
    'meson.build': "project('mini', 'cpp')\nexecutable('unit_tests', 'test.cc', 'add.cc')\n",
    'add.cc': 'int add(int a, int b) {\n  return a + b;\n}\nint unused(int a) {\n  return a;\n}\n',
    'test.cc': 'int add(int, int);\nint main(int c, char**) {\n  if (c > 1) for (volatile int i = 0; add(0, 1) < 1;) i = 1;\n'
               '  return add(2, 3) == 5 ? 0 : 1;\n}\n',
}


def mini_patch(old, new, line, test='unit', head='# rule: R0\n'):
    return (f'{head}# test: {test}\n--- a/add.cc\n+++ b/add.cc\n@@ -{line},3 +{line},3 @@\n'
            + {1: ' int add(int a, int b) {\n', 4: ' int unused(int a) {\n'}[line] + f'-{old}\n+{new}\n }}\n')


SELF_TESTS = [
    ('caught', mini_patch('  return a + b;', '  return a - b;', 1), (1, 0, 0)),
    ('survives', mini_patch('  return a;', '  return a + 1;', 4), (0, 1, 0)),
    ('no longer applies', mini_patch('  return a * b;', '  return a - b;', 1), (0, 0, 1)),
    ('does not compile', mini_patch('  return a + b;', '  return a +;', 1), (0, 0, 1)),
    ('hangs', mini_patch('  return a + b;', '  return a - b;', 1, 'unit x', '# rule: R0\n# timeout: 1\n'), (1, 0, 0)),
    ('no rule', mini_patch('  return a + b;', '  return a - b;', 1, head=''), (0, 0, 1)),
    ('unknown program', mini_patch('  return a + b;', '  return a - b;', 1, 'smoke'), (0, 0, 1)),
    ('caught again, so the tree was mended', mini_patch('  return a + b;', '  return a - b;', 1), (1, 0, 0)),
]


def self_test(jobs):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / 'root'
        root.mkdir()
        for name, text in MINI_TREE.items():
            (root / name).write_text(text)
        workshop = Workshop(root, pathlib.Path(folder) / 'scratch', jobs)
        workshop.prepare()
        for name, text, expected in SELF_TESTS:
            patch = pathlib.Path(folder) / '01_mutant.patch'
            patch.write_text(text)
            got = judge_all(workshop, [patch])
            if got != expected:
                failed += 1
                print(f'self-test "{name}": expected {expected}, got {got}')
    print(f'{len(SELF_TESTS) - failed} passed, {failed} failed')
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', default='', help='mutants whose name contains this; several: 13_,tap')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='compilers at a time')
    parser.add_argument('--scratch', type=pathlib.Path, default=HERE.parents[1] / 'build/mutants')
    parser.add_argument('--self-test', action='store_true')
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.jobs)
    paths = [path for path in sorted(HERE.glob('*.patch'))
             if any(part in path.stem for part in options.only.split(','))]
    workshop = Workshop(HERE.parents[1], options.scratch.resolve(), options.jobs)
    try:
        workshop.prepare()
        caught, survived, broken = judge_all(workshop, paths)
    except Broken as why:
        print(f'BROKEN   the tree: {why}')
        caught, survived, broken = 0, 0, 1
    print(f'mutants: {caught} caught, {survived} survived' + (f', {broken} broken' if broken else ''))
    print(f'{caught} passed, {survived + broken} failed')
    return 0 if caught and not survived and not broken else 1


if __name__ == '__main__':
    sys.exit(main())
