#!/usr/bin/env python3
"""The await rule: a `co_await` is the whole right-hand side of one statement, its operand is a call with
named values, and conditions test a variable.

    co_await f(a);    T x = co_await f(a, std::move(b));    x = co_await f(a);    co_return co_await f(a);

Not in a condition, an argument, a `?:` or an initialiser; no brace, lambda, `&&`, `||`, `?:`, constructed
temporary of a named type or second await in the operand; no `for (… : co_await …)`; and no lambda with
captures is itself a coroutine. gcc 12 destroys such temporaries twice, or loses the condition.
"""
import re

from checker import Finding, code_files, line_of, main, read, without_comments_and_strings

KEYWORD_STATEMENT = re.compile(r'(?:else\b\s*)?(?:if|while|for|switch|do|else)\b')
LABEL = re.compile(r'^(?:case\b[^:?]*(?:::[^:?]*)*:(?!:)|default\s*:|[A-Za-z_]\w*\s*:(?!:))\s*')
DECLARED = r'(?:[A-Za-z_][\w:<>,\s&*]*[\s&*>])'
TARGET = r'(?:[A-Za-z_*(][\w.()\[\]*:]*(?:->[\w.()\[\]*:]+)*)'
SHAPE = re.compile(
    rf'^(?:(?:{DECLARED})?(?:\[[\w\s,]+\]|{TARGET})\s*=\s*|co_return\s+|(?:static_cast<void>|\(void\))\s*\(?)?'
    r'co_await\b(?P<operand>.*)$', re.S)
CAPTURING_LAMBDA = re.compile(r'(?<![\w\])>])\[(?P<captures>[^\[\]]+)\]\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?'
                              r'[^;{}()]*\{')


def innermost_opener(text, offset):
    """The unclosed bracket that `offset` stands in: one of `(`, `[`, `{`, or '' at file scope."""
    opened = []
    for char in re.findall(r'[()\[\]{}]', text[:offset]):
        if char in '([{':
            opened.append(char)
        elif opened:
            opened.pop()
    return opened[-1] if opened else ''


def statement_around(text, offset):
    """(start, end) of the statement: back to the `;`, `{` or `}` before, forward to the `;` after."""
    start, depth = offset, 0
    while start > 0:
        char = text[start - 1]
        if char in ')]':
            depth += 1
        elif char in '([':
            depth -= 1
        elif char in ';{}' and depth <= 0:
            break
        start -= 1
    end = text.find(';', offset)
    return start, len(text) if end < 0 else end


def before(text, offset):
    return text[:offset].rstrip()


def is_brace_of_initialiser(text, start):
    """True when the `{` right before `start` opens a list of values and not a block of statements."""
    if start == 0 or text[start - 1] != '{':
        return False
    head = before(text, start - 1)
    return not head or head[-1] in '=,(' or bool(re.search(r'\b(?:return|co_return)$', head)) or (
        bool(re.search(r'[\w>]$', head)) and not re.search(
            r'(?:\b(?:else|do|try|const|noexcept|override|final|mutable)|->\s*[\w:<>,\s&*]+'
            r'|\b(?:namespace|struct|class|union)\s+\w*)$', head))


def fault(text, offset):
    if innermost_opener(text, offset) in ('(', '['):
        return 'co_await inside a condition, an argument or an index: name its result first'
    start, end = statement_around(text, offset)
    statement = LABEL.sub('', text[start:end].strip())
    if KEYWORD_STATEMENT.match(statement):
        return 'put braces around a statement that awaits, and test a variable'
    if is_brace_of_initialiser(text, start):
        return 'co_await inside a braced list: name its result first'
    shape = SHAPE.match(statement)
    if not shape:
        return 'co_await must be the whole right-hand side of its statement'
    operand = shape['operand']
    if re.search(r'\bco_await\b', operand):
        return 'two awaits in one statement'
    if re.search(r'(?<![\w\])>])\[', operand):
        return 'lambda in the operand of co_await: name it first'
    if re.search(r'[{}]', operand):
        return 'braces in the operand of co_await: name the value first'
    if re.search(r'\?|&&|\|\|', operand):
        return 'operator in the operand of co_await: decide before, in a statement of its own'
    if re.search(r'\)\s*(?:[-+*/%<>=!&|^.\[]|->)', strip_calls(operand)):
        return 'the result of co_await is used in the same statement: name it first'
    return None


def strip_calls(operand):
    """Keeps what follows the operand's last closing bracket at depth 0: `f(a).b` is a use of the operand's
    own call chain and fine, `(f(a)).b` and `f(a) + 1` are not."""
    depth, out = 0, []
    for char in operand:
        if char in '([':
            depth += 1
        if depth == 0:
            out.append(char)
        if char in ')]':
            depth -= 1
            if depth == 0:
                out.append(')')
    flat = ''.join(out)
    return re.sub(r'\)\s*(?:\.|->)\s*[A-Za-z_]', '_', flat)


def body_end(text, brace):
    depth = 0
    for offset in range(brace, len(text)):
        if text[offset] == '{':
            depth += 1
        elif text[offset] == '}':
            depth -= 1
            if depth == 0:
                return offset
    return len(text)


def coroutine_lambdas(text):
    for match in CAPTURING_LAMBDA.finditer(text):
        body = text[match.end() - 1:body_end(text, match.end() - 1)]
        own = re.sub(r'\[[^\[\]]*\]\s*\([^()]*\)[^;{}()]*\{[^{}]*\}', '', body)
        if re.search(r'\bco_(?:await|return|yield)\b', own):
            yield match.start()


def check_text(path, text):
    text = without_comments_and_strings(text)
    findings = []
    for match in re.finditer(r'\bco_await\b', text):
        why = fault(text, match.start())
        if why:
            findings.append(Finding(path, line_of(text, match.start()), why))
    for offset in coroutine_lambdas(text):
        findings.append(Finding(path, line_of(text, offset), 'a capturing lambda is a coroutine: its '
                                'captures die before it does; make it a function'))
    return findings


def check(root):
    findings = []
    for name, path in code_files(root):
        findings += check_text(name, read(path))
    return findings


GOOD = [
    'co_await pause(loop);',
    'int n = co_await stream.read_some(buffer);',
    'auto [head, rest] = co_await split(input);',
    'const Result<int> n = co_await read(stream);',
    'std::vector<std::pair<int, int>> all = co_await collect();',
    'total = co_await add(total, std::move(part));',
    'this->total_ = co_await add(1);',
    'owner.slots[i].value = co_await add(1);',
    'co_return co_await finish(scope);',
    'if (ready) { co_await pause(loop); }',
    'for (int i = 0; i < 3; ++i) { int n = co_await one(i); use(n); }',
    'switch (kind) { case Kind::a: co_await one(1); break; default: co_await one(2); }',
    'switch (kind) { case 1: { n = co_await one(1); break; } default: break; }',
    'try { n = co_await one(1); } catch (...) { n = 2; }',
    'auto make = [](int x) -> Task<int> { int v = co_await one(x); co_return v; };',
    'auto plain = [n](int x) { return n + x; }; int v = co_await apply(plain);',
    'Stream& s = pool[index]; int n = co_await s.read();',
    'auto got = co_await std::move(task);',
    'auto got = co_await pool.at(2).read(buffer);',
    'log("never co_await f({1}) in text"); // if (co_await x) in a comment',
]

BAD = [
    ('condition', 'if (co_await truth(true)) { a(); }', 'condition'),
    ('while condition', 'while (co_await more(n)) { ++n; }', 'condition'),
    ('switch condition', 'switch (co_await kind()) { default: a(); }', 'condition'),
    ('for increment', 'for (int i = 0; i < 3; i += co_await step()) { a(); }', 'condition'),
    ('range for', 'for (auto& t : co_await all()) { use(t); }', 'condition'),
    ('if with initialiser', 'if (auto t = co_await give(3); t.ok()) { a(); }', 'condition'),
    ('and in condition', 'if (ready && co_await truth(true)) { a(); }', 'condition'),
    ('argument', 'use(co_await give(1));', 'argument'),
    ('two in arguments', 'use(co_await give(1), co_await give(2));', 'argument'),
    ('index', 'int n = table[co_await give(1)];', 'index'),
    ('unbraced if', 'if (ready) co_await pause(loop);', 'braces'),
    ('unbraced else', 'if (ready) { a(); } else co_await pause(loop);', 'braces'),
    ('unbraced for', 'for (;;) n = co_await one(1);', 'braces'),
    ('ternary outside', 'int n = ready ? co_await one(1) : 2;', 'right-hand'),
    ('ternary of operands', 'int n = co_await (ready ? one(1) : one(2));', 'operator'),
    ('aggregate temporary', 'n = co_await use(Agg{Tracked(9), 1});', 'braces'),
    ('braced list argument', 'n = co_await use({Tracked(9), 1});', 'braces'),
    ('designated initialiser', 'n = co_await use({.a = 1, .b = 2});', 'braces'),
    ('awaiter built in place', 'n = co_await Op{1};', 'braces'),
    ('lambda operand', 'n = co_await call([t]() { return t.tag; });', 'lambda'),
    ('nested await', 'n = co_await outer(co_await inner());', 'condition'),
    ('arithmetic after', 'n = co_await one(1) + 2;', 'same statement'),
    ('arithmetic before', 'n = 2 + co_await one(1);', 'right-hand'),
    ('compound assignment', 'n += co_await one(1);', 'right-hand'),
    ('use of result', 'n = (co_await one(1)).value;', 'argument'),
    ('aggregate return', 'co_return Agg{co_await give(3), 4};', 'braced list'),
    ('braced return', 'co_return {co_await give(3), 4};', 'braced list'),
    ('braced declaration', 'Agg a{co_await give(3), 4};', 'braced list'),
    ('statement expression', 'Tracked t = TRY(co_await give(3));', 'argument'),
    ('return of not', 'co_return !co_await truth(true);', 'right-hand'),
    ('capturing coroutine', 'auto f = [t](int x) -> Task<int> { int v = co_await one(x); co_return v; };',
     'capturing lambda'),
    ('capture by reference', 'spawn([&]() -> Task<void> { co_return; }());', 'capturing lambda'),
]


def inside_function(statement):
    return {'src/m/a.cc': 'Task<void> f() {\n  int kept = 0;\n  ' + statement + '\n}\n'}


TESTS = [(s, inside_function(s), None) for s in GOOD] + [(n, inside_function(s), e) for n, s, e in BAD]

if __name__ == '__main__':
    main(check, TESTS, __doc__)
