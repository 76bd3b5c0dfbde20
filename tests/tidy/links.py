#!/usr/bin/env python3
"""Links of the Markdown files that point into the tree lead somewhere, anchors included; so do the paths that
the README names in `code`."""
import pathlib
import re

from checker import Finding, main, read, tree_files

LINK = re.compile(r'(?<!\\)!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?(?P<target>[^)\s>]+)>?(?:\s+"[^"]*")?\s*\)')
NAMED_PATH = re.compile(r'`(?P<path>(?:src|include|tests|deploy|docs|benchmarks|\.ci)/[\w./-]+)`')


def without_code(text):
    """Fenced blocks and inline code hold no links."""
    text = re.sub(r'^(```|~~~).*?^\1[^\n]*$', lambda m: re.sub(r'[^\n]', ' ', m[0]), text, flags=re.S | re.M)
    return re.sub(r'`[^`\n]*`', lambda m: ' ' * len(m[0]), text)


def anchors(text):
    """GitHub's ids: lower case, punctuation dropped, spaces to hyphens, a number for a repeated heading."""
    seen, ids = {}, set(re.findall(r'<a\s+(?:id|name)="([^"]+)"', text))
    for heading in re.findall(r'^#{1,6}\s+(.*?)\s*#*$', re.sub(r'^```.*?^```', '', text, flags=re.S | re.M), re.M):
        plain = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading).replace('`', '').lower()
        base = re.sub(r'[^\w\- ]', '', plain).replace(' ', '-')
        count = seen.get(base, 0)
        seen[base] = count + 1
        ids.add(f'{base}-{count}' if count else base)
    return ids


def link_fault(root, path, target):
    if re.match(r'[a-z][a-z0-9+.-]*:', target):
        return None
    name, _, anchor = target.partition('#')
    file = (path.parent / name if not name.startswith('/') else root / name[1:]) if name else path
    if not file.exists():
        return f'link to {target}: no such file'
    if not file.resolve().is_relative_to(root.resolve()):
        return f'link to {target}: outside of the tree'
    if anchor and file.suffix == '.md' and anchor not in anchors(read(file)):
        return f'link to {target}: no such heading'
    return None


def check(root):
    root = pathlib.Path(root)
    findings = []
    for name, path in tree_files(root, suffixes=('.md',)):
        text = read(path)
        plain = without_code(text)
        for match in LINK.finditer(plain):
            why = link_fault(root, path, match['target'])
            if why:
                findings.append(Finding(name, plain.count('\n', 0, match.start()) + 1, why))
        if name != 'README.md':
            continue
        for match in NAMED_PATH.finditer(text):
            if not (root / match['path']).exists():
                findings.append(Finding(name, text.count('\n', 0, match.start()) + 1, f'{match["path"]} does not exist'))
    return findings


TESTS = [
    ('good links', {'README.md': '# Top\n[a](docs/a.md#the-end) [b](#top) [c](https://x.y/z) `docs/a.md`\n',
                    'docs/a.md': '## The `end`\n[up](../README.md "title")\n'}, None),
    ('code is no link', {'README.md': '`f[i](x)`\n```\n[a](none.md)\n```\n'}, None),
    ('image', {'README.md': '![chart](docs/x.svg)\n', 'docs/x.svg': '<svg/>\n'}, None),
    ('repeated heading', {'README.md': '## A\n## A\n[x](#a-1)\n'}, None),
    ('dead link', {'README.md': '# T\n[a](docs/none.md)\n'}, 'README.md:2: link to docs/none.md'),
    ('dead link below', {'docs/a.md': '[a](b.md)\n', 'b.md': ''}, 'docs/a.md:1'),
    ('dead anchor', {'README.md': '[a](#nowhere)\n'}, 'no such heading'),
    ('dead anchor of a file', {'README.md': '[a](b.md#nowhere)\n', 'b.md': '# Here\n'}, 'no such heading'),
    ('outside', {'README.md': '[a](../../etc)\n'}, ''),
    ('named path', {'README.md': 'see `tests/none.sh`\n'}, 'tests/none.sh does not exist'),
]

if __name__ == '__main__':
    main(check, TESTS, __doc__)
