#!/usr/bin/env python3
"""Which module may include which, and which library may appear where: the table below is the architecture.

A module includes itself, base and the modules named, always as <qcc/module/x.h>. Private headers stay in
their own src/<module>/ and are included as "x.h"."""
import re

from checker import Finding, code_files, line_of, main, read, without_comments

ALLOWED = {
    'base': '',
    'json': '', 'http': '', 'sse': '', 'tls': '', 'rt': '', 'config': '', 'metrics': '',
    'net': 'rt tls',
    'protocol': 'json sse',
    'endpoint': 'config',
    'accounting': 'config protocol',
    'routing': 'config endpoint',
    'admission': 'config rt',
    'upstream': 'rt net tls http config endpoint',
    'store': 'config accounting',
    'health': 'rt net upstream protocol endpoint config metrics',
    'proxy': 'rt net http sse protocol config endpoint routing admission upstream accounting metrics',
    'shard': 'json http sse tls rt config metrics net protocol endpoint accounting routing admission'
             ' upstream proxy',
    'admin': 'rt net http json config endpoint metrics accounting store',
    'app': 'json http sse tls rt config metrics net protocol endpoint accounting routing admission'
           ' upstream store health proxy shard admin',
    'cli': 'json config',
}
ALLOWED = {module: {'base', module, *names.split()} for module, names in ALLOWED.items()}

# (what the include starts with, where it may stand, why)
LIBRARIES = [
    (re.compile(r'sqlite3'), re.compile(r'(src|tests/unit)/store/'), 'SQLite belongs to store'),
    (re.compile(r'liburing|linux/io_uring'), re.compile(r'src/rt/uring\w*\.(cc|h)$'),
     'io_uring belongs to src/rt/uring*'),
    (re.compile(r'openssl/'), re.compile(r'(src|tests/unit)/tls/'), 'BoringSSL belongs to tls'),
    (re.compile(r'toml\+\+/'), re.compile(r'src/config/'), 'toml++ belongs to config'),
]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?P<open>[<"])(?P<name>[^>"\n]+)[>"]', re.M)


def module_of(path):
    """The module that a file's includes are judged as; None: tests of several modules, benchmarks."""
    match = re.match(r'(?:include/qcc|src)/(\w+)/', path)
    return match[1] if match else None


def private_include_fault(root, path, name):
    where = (root / path).parent
    if path.startswith('include/'):
        return 'a public header includes <qcc/module/x.h> only'
    if name.startswith('qcc/'):
        return 'include a public header with angle brackets'
    target = (where / name).resolve()
    if not target.is_file():
        return f'no file "{name}" here: a private header is included from its own folder only'
    if path.startswith('src/') and not target.is_relative_to((root / 'src' / module_of(path)).resolve()):
        return f'"{name}" is private to another module'
    owner = re.match(r'(?:src|tests/unit)/(\w+)/', path)
    reached = re.match(r'src/(\w+)/', target.relative_to(root.resolve()).as_posix())
    if reached and not (owner and owner[1] == reached[1]):
        return f'"{name}" is private to module {reached[1]}'
    return None


def public_include_fault(root, path, name):
    parts = name.split('/')
    module = module_of(path)
    if len(parts) != 3 or not name.endswith('.h'):
        return f'<{name}> is not of the form <qcc/module/x.h>'
    if parts[1] not in ALLOWED:
        return f'module {parts[1]} is not in the table of layers.py'
    if not (root / 'include' / name).is_file():
        return f'<{name}> does not exist'
    if module and parts[1] not in ALLOWED[module]:
        return f'{module} must not include {parts[1]}'
    return None


def library_fault(path, name):
    for library, home, why in LIBRARIES:
        if library.match(name) and not home.match(path):
            return f'<{name}>: {why}'
    return None


def fault(root, path, open_bracket, name):
    if open_bracket == '"':
        return private_include_fault(root, path, name)
    if name.startswith('qcc/'):
        return public_include_fault(root, path, name)
    return library_fault(path, name)


def check(root):
    findings, toml_users = [], []
    for path, absolute in code_files(root):
        root_path = absolute.parents[path.count('/')]
        module = module_of(path)
        if module and module not in ALLOWED:
            findings.append(Finding(path, 1, f'module {module} is not in the table of layers.py'))
            continue
        text = without_comments(read(absolute))
        for match in INCLUDE.finditer(text):
            why = fault(root_path, path, match['open'], match['name'])
            if why:
                findings.append(Finding(path, line_of(text, match.start()), why))
            if match['name'].startswith('toml++'):
                toml_users.append(Finding(path, line_of(text, match.start()), 'toml++ is compiled in one file only'))
    return findings + (toml_users if len(toml_users) > 1 else [])


def header(path):
    return {f'include/qcc/{path}': '#pragma once\n'}


def source(path, *includes):
    return {path: ''.join(f'#include {name}\n' for name in includes)}


TESTS = [
    ('allowed edge', header('net/x.h') | header('rt/y.h') | source('src/net/x.cc', '<qcc/rt/y.h>'), None),
    ('base is for all', header('base/x.h') | source('src/http/x.cc', '<qcc/base/x.h>'), None),
    ('own private header', {'src/net/p.h': ''} | source('src/net/x.cc', '"p.h"'), None),
    ('unit test reaches its own module', {'src/net/p.h': ''}
     | source('tests/unit/net/p_test.cc', '"../../../src/net/p.h"'), None),
    ('tests see every contract', header('net/x.h') | header('admin/y.h')
     | source('tests/sim/x.cc', '<qcc/net/x.h>', '<qcc/admin/y.h>'), None),
    ('libraries at home', source('src/tls/x.cc', '<openssl/ssl.h>') | source('src/store/x.cc', '<sqlite3.h>')
     | source('src/rt/uring_io.cc', '<liburing.h>') | source('src/config/load.cc', '<toml++/toml.h>'), None),
    ('include in a comment', source('src/http/x.cc', '<string>') | {'src/http/y.cc': '// #include <liburing.h>\n'},
     None),
    ('upward edge', header('proxy/x.h') | source('src/net/x.cc', '<qcc/proxy/x.h>'),
     'src/net/x.cc:1: net must not include proxy'),
    ('upward edge in a contract', header('http/y.h') | source('include/qcc/json/x.h', '<qcc/http/y.h>'),
     'json must not include http'),
    ('sideways edge', header('tls/x.h') | source('src/rt/x.cc', '<qcc/tls/x.h>'), 'rt must not include tls'),
    ('unknown module', source('src/misc/x.cc', '<string>'), 'module misc is not in the table'),
    ('missing header', source('src/net/x.cc', '<qcc/rt/none.h>'), 'does not exist'),
    ('public header in quotes', header('rt/x.h') | source('src/net/x.cc', '"qcc/rt/x.h"'), 'angle brackets'),
    ('private header of another', {'src/http/p.h': ''} | source('src/net/x.cc', '"../http/p.h"'),
     'private to another module'),
    ('private header in a contract', {'include/qcc/net/p.h': ''} | source('include/qcc/net/x.h', '"p.h"'),
     'public header'),
    ('test reaches into another module', {'src/http/p.h': ''}
     | source('tests/unit/net/x_test.cc', '"../../../src/http/p.h"'), 'private to module http'),
    ('odd form', header('net/deep/x.h') | source('src/net/x.cc', '<qcc/net/deep/x.h>'), 'not of the form'),
    ('sqlite elsewhere', source('src/admin/x.cc', '<sqlite3.h>'), 'SQLite belongs to store'),
    ('liburing elsewhere', source('src/net/x.cc', '<liburing.h>'), 'io_uring belongs'),
    ('io_uring in a contract', source('include/qcc/rt/x.h', '<linux/io_uring.h>'), 'io_uring belongs'),
    ('openssl elsewhere', source('tests/unit/net/x_test.cc', '<openssl/ssl.h>'), 'BoringSSL belongs'),
    ('toml++ elsewhere', source('src/app/x.cc', '<toml++/toml.h>'), 'toml++ belongs'),
    ('toml++ twice', source('src/config/a.cc', '<toml++/toml.h>') | source('src/config/b.cc', '<toml++/toml.h>'),
     'one file only'),
]

if __name__ == '__main__':
    main(check, TESTS, __doc__)
