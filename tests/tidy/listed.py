#!/usr/bin/env python3
"""Every C++ source is named in a meson.build of its folder or of one above: a file that nobody builds, a test that
nobody runs, passes silently."""
import pathlib
import re

from checker import Finding, code_files, main, read


def names_in_builds(root, folder):
    words = set()
    while True:
        build = root / folder / 'meson.build'
        if build.is_file():
            text = re.sub(r'#[^\n]*', '', read(build))
            words |= {pathlib.PurePosixPath(word).name for word in re.findall(r"'([^']*)'", text)}
        if folder == pathlib.PurePosixPath('.'):
            return words
        folder = folder.parent


def is_listed(path, words):
    """By its file name, or by the part of it that a loop over names puts together."""
    name = path.name
    return name in words or any(pattern in words for pattern in (
        path.stem, path.stem.removeprefix('fuzz_'), path.stem.removesuffix('_bench'), path.stem.removesuffix('_test')))


def check(root):
    root = pathlib.Path(root)
    findings = []
    cache = {}
    for name, _ in code_files(root):
        path = pathlib.PurePosixPath(name)
        if path.suffix != '.cc':
            continue
        if path.parent not in cache:
            cache[path.parent] = names_in_builds(root, path.parent)
        if not is_listed(path, cache[path.parent]):
            findings.append(Finding(name, 1, 'no meson.build names this file'))
    return findings


TESTS = [
    ('listed', {'src/m/a.cc': '', 'src/m/meson.build': "x += files('a.cc')\n"}, None),
    ('listed above', {'tests/unit/main.cc': '', 'tests/meson.build': "x = files('unit/main.cc')\n"}, None),
    ('listed by a loop', {'tests/fuzz/fuzz_a.cc': '', 'tests/fuzz/meson.build': "foreach n : ['a']\n"}, None),
    ('header', {'src/m/a.h': '', 'src/m/meson.build': ''}, None),
    ('forgotten', {'src/m/a.cc': '', 'src/m/b.cc': '', 'src/m/meson.build': "x += files('a.cc')\n"},
     'src/m/b.cc:1: no meson.build'),
    ('only in a comment', {'src/m/a.cc': '', 'src/m/meson.build': "# 'a.cc'\n"}, 'src/m/a.cc'),
    ('no meson.build', {'tests/unit/m/a_test.cc': ''}, 'a_test.cc'),
]

if __name__ == '__main__':
    main(check, TESTS, __doc__)
