"""The tables that compare.py prints: figures per proxy, and ratios within one workload of one run."""

import statistics

RATIOS = ('nginx', 'haproxy')


def least(runs, field):
    values = [run[field] for run in runs if run.get(field) is not None]
    return min(values) if values else None


def median(runs, field):
    values = [run[field] for run in runs if run.get(field) is not None]
    return statistics.median(values) if values else None


def text_of(value):
    if value is None:
        return '–'
    if isinstance(value, str):
        return value
    if value != 0 and abs(value) < 10:
        return f'{value:.2f}'
    return f'{value:,.1f}' if abs(value) < 1000 else f'{value:,.0f}'


# What a workload's table shows: heading, field of a run, how repetitions are folded, whether less is better and
# ratios to the peers make sense.
def _cpu(unit):
    return [(f'CPU µs per {unit}', f'cpu_us_per_{unit}', least, True), ('requests/s', 'requests_per_second', median, False)]


_LATENCY = [('p50 µs', 'p50', median, True), ('p99 µs', 'p99', median, True), ('p99.9 µs', 'p999', median, False)]
_CHECKS = [('errors', 'errors', None, False), ('foreign', 'foreign', median, False)]
COLUMNS = {
    'request': _cpu('request') + _CHECKS,
    'event': _cpu('event') + [('events/s', 'events_per_second', median, False),
                              ('event age p99 µs', 'age_p99', median, False)] + _CHECKS,
    'latency': _LATENCY + _cpu('request') + _CHECKS,
    'syscalls': [('syscalls', 'syscalls', least, True), ('context switches', 'context_switches', least, False),
                 ('page faults', 'page_faults', least, False)] + _CHECKS,
    'startup': [('ms to the port', 'port_ms', least, True), ('ms to the first answer', 'answer_ms', least, True)],
    'idle': [('process KB', 'base_kb', least, False), ('KB per connection', 'kb_each', least, True),
             ('open', 'open', median, False), ('answers meanwhile', 'answered', median, False),
             ('errors', 'errors', None, False)],
    'streams': [('process KB', 'base_kb', least, False), ('KB per stream', 'kb_each', least, True),
                ('CPU µs per event', 'cpu_us_per_event', least, True), ('events/s', 'events_per_second', median, False),
                ('later than 10 ms', 'late', median, False), ('event age p99 µs', 'age_p99', median, False),
                ('open', 'open', median, False)] + _CHECKS,
    'burst_rss': [('KB before', 'base_kb', median, False), ('KB at the peak', 'peak_kb', median, False),
                  ('KB afterwards', 'after_kb', median, True), ('errors', 'errors', None, False)],
}


def fold(runs, field, how):
    if field == 'errors':
        return sum(run['errors'] for run in runs)
    return how(runs, field)


def rows_of(kind, by_peer):
    columns = COLUMNS[kind]
    peers = [peer for peer in RATIOS if by_peer.get(peer)]
    head = ['']
    for heading, _, _, compared in columns:
        head.append(heading)
        head += [f'× {peer}' for peer in peers if compared]
    rows = [head]
    for name, runs in by_peer.items():
        if not runs:
            continue
        row = [name]
        for _, field, how, compared in columns:
            value = fold(runs, field, how)
            row.append(text_of(value))
            for peer in peers if compared else ():
                theirs = fold(by_peer[peer], field, how)
                row.append(f'{value / theirs:.2f}' if value is not None and theirs else '–')
        rows.append(row)
    return rows


def as_markdown(rows):
    lines = ['| ' + ' | '.join(row) + ' |' for row in rows]
    lines.insert(1, '|' + ' --- |' * len(rows[0]))
    return '\n'.join(lines)


def as_text(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return '\n'.join('  '.join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))) for row in rows)


def tables(results, describe, markdown):
    """`results`: workload → peer → runs; `describe`: workload → (kind, sentence)."""
    parts = []
    for name, by_peer in results.items():
        kind, sentence = describe[name]
        rows = rows_of(kind, by_peer)
        if len(rows) == 1:
            continue
        parts.append(f'### {name}\n{sentence}\n\n{as_markdown(rows)}\n' if markdown
                     else f'{name}: {sentence}\n{as_text(rows)}\n')
    return '\n'.join(parts)
