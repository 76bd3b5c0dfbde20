#!/usr/bin/env python3
"""qccd beside nginx and HAProxy: the proxy alone on core 0, the mock upstream and the load on core 1.

    ./compare.py --build ../build-release --workloads small,sse,big --reps 5
    ./compare.py --build ../build-release --out result.json --markdown      everything

Repetitions are interleaved (A B C A B C), each with a fresh proxy and a fresh upstream. CPU is the least of the
repetitions, everything else the median. `direct` is the mock in the proxy's place: what a mere server costs. `foreign`
is the share of the proxy's core that others used: above 0.2, latency and throughput mean little. As root it
measures in a network namespace of its own. It installs nothing; what is missing it names."""

import argparse
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

import instruments
import report
from peers import PACKAGES, PEERS, PROGRAMS, Setting, environment

HERE = pathlib.Path(__file__).resolve().parent
PROXY_PORT, MOCK_PORT, MOCK_TLS_PORT = 23100, 23101, 23102
WARMUP = 1.0
SETTLE = 60.0
CLAUDE_HEADERS = {
    'accept': 'application/json', 'accept-encoding': 'identity', 'anthropic-version': '2023-06-01',
    'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14',
    'authorization': 'Bearer sk-fake', 'user-agent': 'claude-cli/2.0.45 (external, cli)', 'x-app': 'cli',
    'x-stainless-arch': 'x64', 'x-stainless-lang': 'js', 'x-stainless-os': 'Linux',
    'x-stainless-package-version': '0.70.0', 'x-stainless-retry-count': '0', 'x-stainless-runtime': 'node',
    'x-stainless-runtime-version': 'v22.20.0', 'x-stainless-timeout': '600'}
TEXT = 'Here is file content with "quotes", tabs\t and\nnew lines; 中文 too. '


def claude_body(size, stream):
    body = {'model': 'claude-sonnet-4-5', 'max_tokens': 32000, 'stream': stream,
            'metadata': {'user_id': 'user_5f2c_session_9f8e1c7a'}, 'messages': []}
    rest = size - len(json.dumps(body))
    while rest > 60:
        message = {'role': ('user', 'assistant')[len(body['messages']) % 2], 'content': ''}
        room = min(rest, 4096) - len(json.dumps(message)) - 2
        message['content'] = TEXT * max(1, room // len(json.dumps(TEXT, ensure_ascii=False)))
        body['messages'].append(message)
        rest -= len(json.dumps(message, ensure_ascii=False)) + 2
    return json.dumps(body, ensure_ascii=False)


class Bench:
    def __init__(self, arguments, scratch):
        self.arguments = arguments
        self.scratch = scratch
        self.build = arguments.build.resolve()
        self.seconds = arguments.seconds
        instruments.make_certificates(scratch)

    def body_file(self, size, stream=False):
        path = self.scratch / f'body-{size}-{int(stream)}.json'
        if not path.exists():
            path.write_text(claude_body(size, stream))
        return path

    def wrk(self, port, script, connections):
        seconds = math.ceil(WARMUP + self.seconds + 0.5)
        command = ['wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '-s', HERE / 'wrk' / f'{script}.lua',
                   f'http://127.0.0.1:{port}']
        return instruments.Process(command, instruments.LOAD_CORE, subprocess.PIPE)

    def load(self, port, *flags, size=1000, stream=False, path='/v1/messages', seconds=None):
        headers = [word for name, value in CLAUDE_HEADERS.items() for word in ('--header', f'{name}: {value}')]
        window = int(1000 * (seconds or self.seconds + 0.5))
        command = [self.build / 'benchmarks/load', '--port', port, '--path', path, '--body',
                   self.body_file(size, stream), '--window-ms', window, *headers, *flags]
        return instruments.Process(command, instruments.LOAD_CORE, subprocess.PIPE)

    @contextlib.contextmanager
    def mock(self, core=instruments.LOAD_CORE):
        command = [self.build / 'benchmarks/mock_upstream', '--port', MOCK_PORT, '--tls-port', MOCK_TLS_PORT,
                   '--cert', self.scratch / 'cert.pem', '--key', self.scratch / 'key.pem']
        instruments.wait_until_free(MOCK_PORT)
        process = instruments.Process(command, core)
        try:
            if instruments.wait_for_port(MOCK_PORT, process) is None:
                raise RuntimeError('mock_upstream does not start')
            yield process
        finally:
            process.stop()

    @contextlib.contextmanager
    def proxy(self, name, tls_upstream=False, access_log=False):
        """A proxy that has answered once, and how long that took from its start."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        setting = Setting(folder, self.build / 'qccd', PROXY_PORT, MOCK_TLS_PORT if tls_upstream else MOCK_PORT,
                          tls_upstream, access_log, self.scratch / 'ca.pem')
        instruments.wait_until_free(PROXY_PORT)
        with open(folder / 'out.log', 'w', encoding='utf-8') as output:
            process = instruments.Process(PEERS[name](setting), instruments.PROXY_CORE, output, environment())
            begin = time.monotonic()
            try:
                port_seconds = instruments.wait_for_port(PROXY_PORT, process)
                status = instruments.post(PROXY_PORT, claude_body(1000, False)) if port_seconds is not None else 0
                answer_seconds = time.monotonic() - begin
                if status != 200:
                    tail = (folder / 'out.log').read_text(errors='replace')[-500:]
                    raise RuntimeError(f'{name} does not serve (status {status}): {tail}')
                yield Served(process, PROXY_PORT, port_seconds * 1000, answer_seconds * 1000)
            finally:
                process.stop()
                shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def served(self, name, **setting):
        """A fresh mock behind a fresh proxy, or the mock alone in the proxy's place."""
        if name == 'direct':
            with self.mock(instruments.PROXY_CORE) as process:
                yield Served(process, MOCK_PORT)
        else:
            with self.mock(), self.proxy(name, **setting) as proxy:
                yield proxy


@dataclasses.dataclass(frozen=True)
class Served:
    process: instruments.Process
    port: int
    port_ms: float = 0.0
    answer_ms: float = 0.0

    @property
    def pid(self):
        return self.process.pid


def window_figures(window):
    return {'requests_per_second': window.requests / window.seconds, 'events_per_second': window.events / window.seconds,
            'cpu_us_per_request': window.cpu_us_per_request, 'cpu_us_per_event': window.cpu_us_per_event,
            'foreign': window.foreign}


def wrk_errors(text):
    refusals = re.search(r'Non-2xx or 3xx responses: (\d+)', text)
    broken = re.search(r'Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)', text)
    return (int(refusals[1]) if refusals else 0) + (sum(map(int, broken.groups())) if broken else 0)


def with_wrk(script, connections, **setting):
    def run(bench, name):
        with bench.served(name, **setting) as proxy:
            wrk = bench.wrk(proxy.port, script, connections)
            time.sleep(WARMUP)
            window = instruments.measure_window(proxy.pid, MOCK_PORT, bench.seconds)
            return window_figures(window) | {'errors': wrk_errors(wrk.output(30))}
    return run


def load_figures(told):
    return {'errors': told['errors'] + told['refusals'], 'late': told['events_late'], 'open': told['open'],
            'age_p99': told['event_age_us']['p99'], **{key: told['latency_us'][key] for key in ('p50', 'p99', 'p999')}}


def with_load(*flags, ramp=0.0, events=0, **load):
    def run(bench, name):
        with bench.served(name) as proxy:
            generator = bench.load(proxy.port, '--ramp-ms', int(ramp * 1000), *flags, **load)
            time.sleep(ramp + WARMUP)
            window = instruments.measure_window(proxy.pid, MOCK_PORT, bench.seconds)
            told = json.loads(generator.output(60))
        figures = window_figures(window) | load_figures(told)
        if told['answers'] and told['events_per_answer'] != [events, events]:
            figures['errors'] += 1  # the proxy lost or added something
        return figures
    return run


def count_syscalls(bench, name):
    kinds = {'raw_syscalls:sys_enter': 'syscalls', 'context-switches': 'context_switches', 'page-faults': 'page_faults'}
    with bench.served(name) as proxy:
        wrk = bench.wrk(proxy.port, 'small', 64)
        time.sleep(WARMUP)
        before, busy = instruments.mock_counts(MOCK_PORT), instruments.core_busy_seconds(instruments.PROXY_CORE)
        cpu, begin = instruments.cpu_seconds(proxy.pid), time.monotonic()
        perf = subprocess.run(['perf', 'stat', '-x,', '-e', ','.join(kinds), '-p', str(proxy.pid), 'sleep',
                               str(bench.seconds)], capture_output=True, text=True, check=False)
        requests = instruments.mock_counts(MOCK_PORT)['requests'] - before['requests']
        used = instruments.core_busy_seconds(instruments.PROXY_CORE) - busy
        foreign = (used - instruments.cpu_seconds(proxy.pid) + cpu) / (time.monotonic() - begin)
        figures = {'errors': wrk_errors(wrk.output(30)), 'foreign': max(0.0, foreign)}
    for line in perf.stderr.splitlines():
        fields = line.split(',')
        if len(fields) > 2 and fields[2] in kinds and fields[0].isdigit():
            figures[kinds[fields[2]]] = int(fields[0]) / max(requests, 1)
    return figures


def start_up(bench, name):
    with bench.mock():
        starts = []
        for _ in range(5):
            with bench.proxy(name) as proxy:
                starts.append(proxy)
    return {'port_ms': min(start.port_ms for start in starts), 'answer_ms': min(start.answer_ms for start in starts)}


def idle(connections):
    def run(bench, name):
        ramp = connections / 5000
        with bench.served(name) as proxy:
            time.sleep(1)
            base = instruments.memory_kb(proxy.pid, 'Pss')
            generator = bench.load(proxy.port, '--idle', '--connections', connections, '--ramp-ms', int(ramp * 1000),
                                   seconds=3)
            time.sleep(ramp + WARMUP + 1)
            held = instruments.memory_kb(proxy.pid, 'Pss')
            answered = sum(instruments.post(proxy.port, claude_body(1000, False)) == 200 for _ in range(10))
            told = json.loads(generator.output(60))
        return {'base_kb': base, 'kb_each': (held - base) / connections, 'open': told['open'], 'answered': answered,
                'errors': told['errors']}
    return run


def live_streams(count):
    def run(bench, name):
        ramp = count / 1000
        with bench.served(name) as proxy:
            time.sleep(1)
            base = instruments.memory_kb(proxy.pid, 'Pss')
            generator = bench.load(proxy.port, '--connections', count, '--ramp-ms', int(ramp * 1000), stream=True,
                                   path='/v1/messages?events=1000000&delay_us=1000000&stamp=1', seconds=6)
            time.sleep(ramp + WARMUP + 0.5)
            window = instruments.measure_window(proxy.pid, MOCK_PORT, 4)
            held = instruments.memory_kb(proxy.pid, 'Pss')
            told = json.loads(generator.output(60))
        return window_figures(window) | load_figures(told) | {'base_kb': base, 'kb_each': (held - base) / count}
    return run


def burst_rss(bench, name):
    with bench.served(name) as proxy:
        time.sleep(1)
        base = instruments.memory_kb(proxy.pid, 'Rss')
        generator = bench.load(proxy.port, '--once', '--connections', 1500, '--ramp-ms', 500, size=150_000,
                               path='/v1/messages?wait_us=2000000')
        told = json.loads(generator.output(120))
        peak = instruments.peak_rss_kb(proxy.pid)
        time.sleep(SETTLE)
        after = instruments.memory_kb(proxy.pid, 'Rss')
    return {'base_kb': base, 'peak_kb': peak, 'after_kb': after,
            'errors': told['errors'] + told['refusals'] + 1500 - told['answers']}


PACED = '/v1/messages?events=200&delay_us=2500'
# name: (kind of table, what it does, how it is run, whether the mock alone is measured too)
WORKLOADS = {
    'small': ('request', '1 KB POST, 600 B JSON, 64 connections, closed loop.', with_wrk('small', 64), True),
    'log': ('request', 'As small, access logs on.', with_wrk('small', 64, access_log=True), False),
    'sse': ('event', '120 KB POST, 200 events 2.5 ms apart, 64 streams at once: some 25,000 events/s.',
            with_load('--connections', '64', ramp=0.5, events=200, size=120_000, stream=True,
                      path=PACED + '&stamp=1'), True),
    'burst': ('request', '120 KB POST, 200 events as fast as they go, four to a write, 32 connections.',
              with_wrk('streaming', 32), True),
    'big': ('request', '2 MB POST, 600 B JSON, 8 connections.', with_wrk('big', 8), True),
    'tls_up': ('request', 'As small, TLS to the upstream, verified.', with_wrk('small', 64, tls_upstream=True), False),
    'fresh': ('request', 'As small, a new client connection for every request.', with_load('--fresh'), True),
    'lat': ('latency', '1 KB POST at 1,000 requests/s, open loop; latency from the planned instant.',
            with_load('--rate', '1000'), True),
    'syscalls': ('syscalls', 'As small: kernel entries per request.', count_syscalls, False),
    'startup': ('startup', 'The best of five starts.', start_up, False),
    'idle_1000': ('idle', '1,000 connections that say nothing (PSS).', idle(1000), False),
    'idle_10000': ('idle', '10,000 connections that say nothing (PSS).', idle(10_000), False),
    'streams_2000': ('streams', '2,000 live streams, one event a second each.', live_streams(2000), False),
    'streams_4000': ('streams', '4,000 live streams, one event a second each.', live_streams(4000), False),
    'burst_rss': ('burst_rss', f'RSS before, during and {SETTLE:.0f} s after 1,500 bodies of 150 KB at once.',
                  burst_rss, False),
}
GROUPS = {'idle': ['idle_1000', 'idle_10000'], 'streams': ['streams_2000', 'streams_4000']}
ONCE = ('startup', 'burst_rss', *GROUPS['idle'], *GROUPS['streams'])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', type=pathlib.Path, default=HERE.parent / 'build-release', help='build folder')
    parser.add_argument('--peers', default='qccd,nginx,haproxy', help='of qccd, nginx, haproxy')
    parser.add_argument('--workloads', default=','.join(WORKLOADS), help='default: all; idle and streams mean both sizes')
    parser.add_argument('--reps', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=3.0, help='length of the measured window')
    parser.add_argument('--out', type=pathlib.Path, help='write all results as JSON')
    parser.add_argument('--markdown', action='store_true', help='print Markdown tables')
    arguments = parser.parse_args()
    names = [name for word in arguments.workloads.split(',') for name in GROUPS.get(word, [word])]
    peers = arguments.peers.split(',')
    if unknown := [word for word in names if word not in WORKLOADS] + [word for word in peers if word not in PEERS]:
        parser.error('unknown: ' + ', '.join(unknown))
    return arguments, names, peers


def find_missing(build, names, peers):
    """What can be done without, and what cannot."""
    programs = {'openssl', 'wrk', *(PROGRAMS[peer] for peer in peers if peer in PROGRAMS)}
    if 'syscalls' in names:
        programs.add('perf')
    if os.geteuid() == 0:
        programs.add('ip')
    missing = {program for program in programs if not shutil.which(program)}
    for program in sorted(missing):
        print(f'missing: {program} (apt-get install {PACKAGES[program]})', file=sys.stderr)
    ours = [build / 'benchmarks/load', build / 'benchmarks/mock_upstream', build / 'qccd']
    if absent := [str(path) for path in ours if not path.exists()]:
        sys.exit('missing: ' + ', '.join(absent) + '; build the project first: ninja -C ' + str(build))
    if fatal := missing & {'openssl', 'wrk', 'ip'}:
        sys.exit('cannot measure without ' + ', '.join(sorted(fatal)))
    return missing


def machine():
    model = re.search(r'model name\s*: (.*)', pathlib.Path('/proc/cpuinfo').read_text())
    return {'cpu': model[1] if model else platform.machine(), 'cores': os.cpu_count(), 'kernel': platform.release()}


def run_all(bench, names, peers, results, save):
    for repetition in range(bench.arguments.reps):
        for workload in names:
            kind, _, run, with_direct = WORKLOADS[workload]
            if repetition > 0 and workload in ONCE:
                continue
            for peer in peers + (['direct'] if with_direct else []):
                try:
                    figures = run(bench, peer)
                except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as problem:
                    print(f'{workload} {peer}: {problem}', file=sys.stderr)
                    continue
                results[workload].setdefault(peer, []).append(figures)
                shown = {field: round(figures[field], 2) for _, field, _, _ in report.COLUMNS[kind]
                         if figures.get(field) is not None}
                print(f'{repetition + 1}/{bench.arguments.reps} {workload} {peer} {shown}', file=sys.stderr, flush=True)
                save()


def main():
    arguments, names, peers = parse_arguments()
    missing = find_missing(arguments.build, names, peers)
    network = instruments.enter_own_network()
    instruments.prepare_this_process()
    peers = [peer for peer in peers if PROGRAMS.get(peer) not in missing]
    names = [name for name in names if name != 'syscalls' or 'perf' not in missing]
    results = {name: {} for name in names}
    facts = machine() | {'network': network, 'reps': arguments.reps, 'seconds': arguments.seconds}

    def save():
        if arguments.out:
            arguments.out.write_text(json.dumps({'machine': facts, 'results': results}, indent=1) + '\n')

    with tempfile.TemporaryDirectory(prefix='qcc-bench-') as scratch:
        run_all(Bench(arguments, pathlib.Path(scratch)), names, peers, results, save)
    print(f"{facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}; {network}; "
          f"{arguments.reps} repetitions of {arguments.seconds:g} s\n")
    print(report.tables(results, {name: WORKLOADS[name][:2] for name in names}, arguments.markdown))


if __name__ == '__main__':
    main()
