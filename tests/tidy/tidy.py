#!/usr/bin/env python3
"""Size, words and order: file and function length, banned words, dead code, white space, header guards."""
import re

from checker import Finding, blank, code_files, line_of, main, read, tree_files, without_comments_and_strings

FILE_LINES, FILE_LINES_LIMIT = 400, 800
FUNCTION_LINES, TEST_FUNCTION_LINES = 70, 130  # a test holds its table

# Longer than FILE_LINES for a reason; none may pass FILE_LINES_LIMIT.
LONG_FILES = {}

TEXT_DIRS = ('include', 'src', 'tests', 'benchmarks', 'deploy', '.ci', 'README.md', 'meson.build',
             'meson_options.txt')
TEXT_SUFFIXES = ('.h', '.cc', '.py', '.sh', '.md', '.build', '.txt', '.service', '.toml', '.def', '')
UNFINISHED = re.compile(r'\b(?:' + '|'.join(('TO' 'DO', 'FIX' 'ME', 'XX' 'X')) + r')\b')

# (pattern, message, files it is allowed in); looked for in src/ and include/, outside comments and strings
BANNED = [
    (re.compile(r'\bstd::(?:recursive_|shared_|timed_)?mutex\b|\bstd::condition_variable\b'),
     'lock: threads share nothing mutable but the listed few',
     re.compile(r'(src|include/qcc)/(base|routing|admission|store)/|(src|include/qcc)/net/resolver\.')),
    (re.compile(r'^(?!.*\bunique_ptr<[^;]*\(new\b).*(?<!<)\bnew\b(?!\s*\(|>)', re.M),
     'naked new: hand it to a unique_ptr on the same line, or use make_unique or a pool',
     re.compile(r'include/qcc/base/')),
    (re.compile(r'\b(?:throw|try|catch)\b'), 'exceptions stay out of the data plane: return Result<T>',
     re.compile(r'src/(config|store|cli|app)/')),
    (re.compile(r'#\s*include\s*<(?:regex|format|print|iostream)>'), 'header that this project does without',
     re.compile(r'src/(cli|app)/')),
    (re.compile(r'(?<![\w:])assert\s*\('), 'assert() vanishes in release: use QCC_ASSERT', re.compile(r'$.')),
    (re.compile(r'\busing\s+namespace\s+(?!std::(?:chrono_)?literals|std::chrono_literals)'),
     'using namespace hides where names come from', re.compile(r'src/')),
    (re.compile(r'\b(?:sprintf|strcpy|strcat|gets|strtok|atoi|atol|rand)\s*\('), 'unsafe C function',
     re.compile(r'$.')),
]

CODE_IN_COMMENT = re.compile(
    r'^(?:'
    r'(?:return|if|for|while|switch|auto|const|int|bool|using|#include|co_await|co_return)\b.*[;{]'
    r'|\}\s*(?:else\b.*)?'
    r'|[\w:.\->\[\]]+\s*(?:=|\+=|-=)\s*[^=].*;'
    r'|[\w:.\->]+\([^()]*(?:\([^()]*\)[^()]*)*\);'
    r')$')
NOT_A_FUNCTION = re.compile(r'(?:inline\s+)?(?:namespace|class|struct|union|enum)\b|extern\s*$|$')
TEMPLATE_HEAD = re.compile(r'template\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>\s*|(?:public|private|protected)\s*:\s*')


def without_preprocessor(text):
    """Blanks directives, and the `#else` branches, so that braces stay balanced."""
    out, depth_of_else, depth = [], [], 0
    continued = False
    for line in text.split('\n'):
        directive = re.match(r'\s*#\s*(\w+)', line)
        if directive and not continued:
            word = directive[1]
            if word in ('if', 'ifdef', 'ifndef'):
                depth += 1
            elif word in ('else', 'elif') and (not depth_of_else or depth_of_else[-1] != depth):
                depth_of_else.append(depth)
            elif word == 'endif':
                if depth_of_else and depth_of_else[-1] == depth:
                    depth_of_else.pop()
                depth -= 1
        hidden = bool(directive) or continued or bool(depth_of_else)
        continued = (bool(directive) or continued) and line.endswith('\\')
        out.append(blank(line) if hidden else line)
    return '\n'.join(out)


def functions(text):
    """(header, first line, last line) of each outermost function body; lambdas belong to their function."""
    text = without_preprocessor(without_comments_and_strings(text))
    stack, inside, start = [], 0, 0
    for match in re.finditer(r'[;{}]', text):
        char, offset = match[0], match.start()
        if char == '{':
            head = text[start:offset]
            is_body = inside == 0 and '(' in head and not NOT_A_FUNCTION.match(TEMPLATE_HEAD.sub('', head).strip())
            stack.append((is_body, start, head))
            inside += is_body
        elif char == '}' and stack:
            is_body, head_start, head = stack.pop()
            if is_body:
                inside -= 1
                first = head_start + len(head) - len(head.lstrip())
                yield ' '.join(head.split()), line_of(text, first), line_of(text, offset)
        if inside == 0:
            start = offset + 1


def check_functions(path, text):
    for head, first, last in functions(text):
        limit = TEST_FUNCTION_LINES if path.startswith('tests/') else FUNCTION_LINES
        if last - first + 1 > limit:
            yield Finding(path, first, f'function of {last - first + 1} lines (limit {limit}): {head[:60]}')


def check_file_length(path, text):
    lines = text.count('\n')
    limit = LONG_FILES.get(path, FILE_LINES if path.startswith(('src/', 'include/')) else FILE_LINES_LIMIT)
    if lines > min(limit, FILE_LINES_LIMIT):
        yield Finding(path, lines, f'{lines} lines (limit {min(limit, FILE_LINES_LIMIT)})')


def check_banned(path, text):
    if not path.startswith(('src/', 'include/')):
        return
    plain = without_comments_and_strings(text)
    for pattern, message, allowed in BANNED:
        if allowed.match(path):
            continue
        for match in pattern.finditer(plain):
            yield Finding(path, line_of(plain, match.start()), message)


def check_comments(path, text):
    for number, line in enumerate(text.split('\n'), 1):
        comment = re.match(r'\s*// ?(\S.*?)\s*$', line)  # a sample in prose is indented further
        if comment and CODE_IN_COMMENT.match(comment[1]):
            yield Finding(path, number, 'commented-out code')


def check_header(path, text):
    if not path.endswith('.h'):
        return
    directives = re.findall(r'^[ \t]*#.*$', text, re.M)
    if not directives or directives[0].strip() != '#pragma once':
        yield Finding(path, 1, 'a header starts with #pragma once')
    if path.startswith('include/') and not text.startswith('//'):
        yield Finding(path, 1, 'a public header starts with what it is and who owns it')


def check_text(path, text):
    for number, line in enumerate(text.split('\n'), 1):
        if line != line.rstrip():
            yield Finding(path, number, 'trailing white space')
        if '\t' in line and not path.endswith('.patch'):
            yield Finding(path, number, 'tab')
        if UNFINISHED.search(line):
            yield Finding(path, number, 'unfinished work: do it or write an issue')
    if text and not text.endswith('\n'):
        yield Finding(path, text.count('\n') + 1, 'no newline at the end of the file')


def check(root):
    findings = []
    for path, absolute in tree_files(root, TEXT_DIRS, TEXT_SUFFIXES):
        if is_data(path):
            continue
        findings += check_text(path, read(absolute))
    for path, absolute in code_files(root):
        text = read(absolute)
        for rule in (check_functions, check_file_length, check_banned, check_comments, check_header):
            findings += rule(path, text)
    return findings


def is_data(path):
    """Bytes that a test reads, not text that we write."""
    return bool(re.match(r'tests/(fuzz|integration|unit)/.*(corpus|captures|data|golden)/', path))


def long_function(lines, head='int f()'):
    return f'{head} {{\n' + '  g();\n' * (lines - 2) + '}\n'


TESTS = [
    ('clean header', {'include/qcc/m/x.h': '// What it is.\n#pragma once\nint f();\n'}, None),
    ('70 lines', {'src/m/a.cc': long_function(70)}, None),
    ('many short functions', {'src/m/a.cc': 'namespace n {\n' + long_function(30) * 4 + '}\n'}, None),
    ('class of short functions', {'src/m/a.cc': 'class C : public B<int()> {\n' + long_function(40) * 3 + '};\n'}, None),
    ('table', {'src/m/a.cc': 'const Row kRows[] = {\n' + '  {1, "x"},\n' * 100 + '};\n'}, None),
    ('words in strings and comments', {'src/m/a.cc': '// a new try may throw\nconst char* s = "new throw";\n'}, None),
    ('placement new', {'src/m/a.cc': 'void f() { new (p) T(); }\n'}, None),
    ('owned new', {'src/m/a.cc': 'std::unique_ptr<T> t(new T(options));\n'}, None),
    ('sample in prose', {'src/m/a.cc': '//   int sent = co_await send(scope, bytes);\n'}, None),
    ('exceptions at the edge', {'src/config/a.cc': 'void f() { try { g(); } catch (...) { h(); } }\n'}, None),
    ('prose that ends in a semicolon', {'src/m/a.cc': '// first one thing;\n// if it is so, then another.\nint a;\n'}, None),
    ('else branch keeps balance', {'src/m/a.cc': '#if A\nvoid f() {\n#else\nvoid g() {\n#endif\n}\n' + long_function(60)}, None),
    ('71 lines', {'src/m/a.cc': long_function(71)}, 'src/m/a.cc:1: function of 71 lines'),
    ('long method', {'src/m/a.cc': 'class C {\n' + long_function(80, 'int f() const noexcept override') + '};\n'}, 'function of 80'),
    ('long template', {'src/m/a.cc': long_function(80, 'template <class T, class U = A<B>>\nT f(U u)')}, 'function of 81'),
    ('long constructor', {'src/m/a.cc': long_function(80, 'C::C(int a) : a_(a), b_(1)')}, 'function of 80'),
    ('long lambda at file scope', {'src/m/a.cc': 'auto f = [](int a) {\n' + '  g();\n' * 80 + '};\n'}, 'function of 82'),
    ('lambda counts for its function', {'src/m/a.cc': 'int f() {\n  h([] {\n' + '  g();\n' * 80 + '  });\n}\n'},
     'src/m/a.cc:1: function of 84'),
    ('long test case', {'tests/unit/m/a_test.cc': long_function(131, 'TEST_CASE("x")')}, 'function of 131 lines (limit 130)'),
    ('long file', {'src/m/a.cc': 'int a;\n' * 401}, '401 lines (limit 400)'),
    ('long test file', {'tests/unit/m/a_test.cc': 'int a;\n' * 801}, '801 lines (limit 800)'),
    ('unfinished', {'src/m/a.cc': 'int a;\n// TO' + 'DO: more\n'}, 'src/m/a.cc:2: unfinished'),
    ('unfinished script', {'deploy/x.sh': '# FIX' + 'ME\n'}, 'unfinished'),
    ('mutex', {'src/proxy/a.cc': 'std::mutex m;\n'}, 'lock'),
    ('naked new', {'src/m/a.cc': 'auto* p = new T;\n'}, 'naked new'),
    ('throw', {'src/m/a.cc': 'void f() { throw 1; }\n'}, 'exceptions'),
    ('regex', {'src/m/a.cc': '#include <regex>\n'}, 'header that'),
    ('assert', {'src/m/a.cc': 'void f() { assert(x); }\n'}, 'QCC_ASSERT'),
    ('using namespace', {'include/qcc/m/x.h': '// X.\n#pragma once\nusing namespace std;\n'}, 'using namespace'),
    ('dead statement', {'src/m/a.cc': '  // total += part;\n'}, 'commented-out'),
    ('dead call', {'src/m/a.cc': '// stream.close(now(), 3);\n'}, 'commented-out'),
    ('dead branch', {'src/m/a.cc': '// if (x) {\n'}, 'commented-out'),
    ('trailing space', {'src/m/a.cc': 'int a; \n'}, 'trailing'),
    ('tab', {'src/m/a.cc': '\tint a;\n'}, 'tab'),
    ('no final newline', {'src/m/a.cc': 'int a;'}, 'no newline'),
    ('no pragma once', {'src/m/x.h': '#include <string>\n'}, '#pragma once'),
    ('no first word', {'include/qcc/m/x.h': '#pragma once\n'}, 'who owns it'),
    ('unsafe function', {'src/m/a.cc': 'void f() { strcpy(a, b); }\n'}, 'unsafe C'),
]

if __name__ == '__main__':
    main(check, TESTS, __doc__)
