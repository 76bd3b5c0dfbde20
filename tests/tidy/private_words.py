#!/usr/bin/env python3
"""Nothing of the author's machine and no secret is in the tree: paths, names of documents that are not here,
keys, private keys."""
import pathlib
import re
import subprocess

from checker import Finding, main, tree_files

# Written in pieces, so that this file does not find itself.
PLACES = [
    (re.compile(r'(?<![\w.~])/wo' r'rk/'), 'path of a workplace'),
    (re.compile(r'(?<![\w/.:-])sha' r'red/(?:[\w-]+/)*[\w-]*'), 'path of a workplace'),
    (re.compile(r'/ro' r'ot/|/ho' r'me/(?!user\b|alice\b|you\b|\$|<)\w'), 'somebody\'s home folder'),
    (re.compile(r'\bproto' r'type/'), 'path of a workplace'),
]
DOCUMENTS = re.compile(r'\b(?:ho' r'use|sp' r'ec|ht' r'tp|cli' r'ents|fig' r'ures|style-anchors|trans' r'lation|u' r'x)\.md\b')
SECRETS = [
    (re.compile(r'\bsk-(?:ant-|proj-|or-)?(?!test|fake|demo|example|dummy|secret)[A-Za-z0-9_-]*(?=[A-Za-z0-9]*\d)'
                r'[A-Za-z0-9]{24,}'), 'looks like an API key'),
    (re.compile(r'\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{30}|\bAKIA[0-9A-Z]{16}\b|\bxox[abp]-[\w-]{20}'),
     'looks like an access token'),
    (re.compile(r'-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\n?\s*[A-Za-z0-9+/=]{16}'), 'private key'),
]
# Made for the tests, worth nothing elsewhere.
TEST_KEYS = re.compile(r'tests/(?:unit/tls|integration)/.*\.(?:pem|key)$|tests/unit/tls/')
BINARY = {'.png', '.ico', '.gz', '.zip', '.woff2', '.db'}


def listed_by_git(root):
    listing = subprocess.run(['git', '-C', str(root), 'ls-files', '-co', '--exclude-standard', '-z'],
                             capture_output=True, text=True) if (root / '.git').exists() else None
    if listing is None or listing.returncode:
        return None
    return {name for name in listing.stdout.split('\0') if name}


def check_line(path, number, line, names):
    for pattern, message in PLACES:
        if pattern.search(line):
            yield Finding(path, number, message)
    for match in DOCUMENTS.finditer(line):
        if match[0] not in names:
            yield Finding(path, number, f'{match[0]} is not in this tree')
    for pattern, message in SECRETS[:-1]:
        if pattern.search(line):
            yield Finding(path, number, message)


def check(root):
    root = pathlib.Path(root)
    tracked = listed_by_git(root)
    files = [(name, path) for name, path in tree_files(root)
             if path.suffix not in BINARY and (tracked is None or name in tracked)]
    names = {path.name for _, path in files}
    private_key, message = SECRETS[-1]
    findings = []
    for name, path in files:
        data = path.read_bytes()
        if b'\0' in data[:4096]:
            continue
        text = data.decode('utf-8', 'replace')
        for number, line in enumerate(text.split('\n'), 1):
            findings += check_line(name, number, line, names)
        if not TEST_KEYS.match(name) and (match := private_key.search(text)):
            findings.append(Finding(name, text.count('\n', 0, match.start()) + 1, message))
    return findings


KEY = 'sk-ant-' + 'api03-' + 'aB3dE5fG7hJ9' * 4
TESTS = [
    ('ordinary text', {'README.md': 'See src/x.cc, /etc/qcc/qcc.toml and https://example.com/wo' + 'rk/there.\n'}, None),
    ('fake keys', {'tests/a.py': 'key = "sk-ant-test-0000"\nother = "sk-fake"\n'}, None),
    ('shared libraries', {'a.md': 'a shared library, lib/shared/x\n'}, None),
    ('document that is here', {'docs/ux' + '.md': '# UX\n', 'src/a.cc': '// docs/ux' + '.md\n'}, None),
    ('test key', {'tests/unit/tls/certs.h': '-----BEGIN PRIVATE ' + 'KEY-----\nMIGHAgEAMBMGByqGSM49\n'}, None),
    ('workplace path', {'src/a.cc': '// from /wo' + 'rk/main\n'}, 'src/a.cc:1: path of a workplace'),
    ('shared path', {'a.md': 'see sha' + 'red/notes.md\n'}, 'workplace'),
    ('home', {'a.sh': 'cd /ho' + 'me/bob/qcc\n'}, 'home folder'),
    ('absent document', {'src/a.h': '// as hou' + 'se.md says\n'}, 'is not in this tree'),
    ('API key', {'tests/a.toml': f'key = "{KEY}"\n'}, 'tests/a.toml:1: looks like an API key'),
    ('token', {'a.yml': 'token: ghp_' + 'a1B2' * 9 + '\n'}, 'access token'),
    ('private key', {'deploy/x.pem': '\n-----BEGIN EC PRIVATE ' + 'KEY-----\nMIGHAgEAMBMGByqGSM49\n'}, 'deploy/x.pem:2'),
]

if __name__ == '__main__':
    main(check, TESTS, __doc__)
