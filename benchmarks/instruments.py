"""What compare.py measures with: processes pinned to a core, their CPU time and memory, the mock's counters, a
network of their own."""

import dataclasses
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time

PROXY_CORE, LOAD_CORE = 0, 1
MARK = 'QCC_BENCH_NETWORK'


def enter_own_network():
    """Root only: loopback in a namespace of its own, with cubic whatever the machine's default is; bbr paces even
    loopback with timers and blurs every figure. Returns what the measurement runs in."""
    if os.geteuid() != 0:
        return 'the machine\'s own network; congestion control ' + _default_congestion_control()
    if MARK not in os.environ:
        os.environ[MARK] = '1'
        os.execvp('unshare', ['unshare', '-n', sys.executable, *sys.argv])
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    for network in ('127.0.0.0/8', '127.0.0.1'):
        route = f'ip route replace local {network} dev lo proto kernel scope host src 127.0.0.1 table local congctl cubic'
        subprocess.run(route.split(), check=True)
    return 'a network namespace of its own; congestion control cubic'


def _default_congestion_control():
    return pathlib.Path('/proc/sys/net/ipv4/tcp_congestion_control').read_text().strip()


def prepare_this_process():
    """Plenty of descriptors; out of the proxy's way, but prompt when a window begins and ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.sched_setaffinity(0, {LOAD_CORE})
    if os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, -10)


class Process:
    """A program on one core; `stop` ends it and what it started."""

    def __init__(self, command, core, output=subprocess.DEVNULL, env=None):
        def place():
            os.sched_setaffinity(0, {core})
            os.setpriority(os.PRIO_PROCESS, 0, 0)

        self.popen = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT,
                                      stdin=subprocess.DEVNULL, env=env, preexec_fn=place, start_new_session=True,
                                      text=True)
        self.pid = self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def output(self, timeout):
        return self.popen.communicate(timeout=timeout)[0]

    def stop(self):
        for kind in (signal.SIGTERM, signal.SIGKILL):
            if not self.is_running():
                break
            os.killpg(self.pid, kind)
            try:
                self.popen.wait(3)
            except subprocess.TimeoutExpired:
                continue


def _takes_connections(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


def wait_until_free(port, limit=10.0):
    """The kernel closes the listeners of a killed io_uring process a little after its end."""
    begin = time.monotonic()
    while _takes_connections(port):
        if time.monotonic() - begin > limit:
            raise RuntimeError(f'port {port} is in use')
        time.sleep(0.002)


def wait_for_port(port, process, limit=10.0):
    """Seconds until the port takes connections; None when the process ended or the limit passed."""
    begin = time.monotonic()
    while time.monotonic() - begin < limit and process.is_running():
        if _takes_connections(port):
            return time.monotonic() - begin
        time.sleep(0.0005)
    return None


def post(port, body, path='/v1/messages', timeout=10):
    """Status of one small request, 0 when there was no answer."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=timeout)
    try:
        connection.request('POST', path, body.encode(), {'content-type': 'application/json', 'anthropic-version': '2023-06-01'})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def mock_counts(port):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
    try:
        connection.request('GET', '/stats')
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def cpu_seconds(pid):
    """CPU time of all threads, to the nanosecond."""
    total = 0
    for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
        try:
            total += int((task / 'schedstat').read_text().split()[0])
        except FileNotFoundError:
            continue  # the thread has ended
    return total / 1e9


def core_busy_seconds(core):
    for line in pathlib.Path('/proc/stat').read_text().splitlines():
        if line.startswith(f'cpu{core} '):
            user, nice, system, _, _, irq, softirq = map(int, line.split()[1:8])
            return (user + nice + system + irq + softirq) / os.sysconf('SC_CLK_TCK')
    return 0.0


def memory_kb(pid, kind):
    """`kind`: Pss or Rss."""
    for line in pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
        if line.startswith(kind + ':'):
            return int(line.split()[1])
    return 0


def peak_rss_kb(pid):
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    return int(status.split('VmHWM:')[1].split()[0])


@dataclasses.dataclass(frozen=True)
class Window:
    """What happened between two instants."""
    seconds: float
    cpu: float
    requests: int
    events: int
    foreign: float  # share of the proxy's core that others used

    @property
    def cpu_us_per_request(self):
        return self.cpu * 1e6 / max(self.requests, 1)

    @property
    def cpu_us_per_event(self):
        return self.cpu * 1e6 / max(self.events, 1)


def measure_window(pid, mock_port, seconds):
    def sample():
        return time.monotonic(), cpu_seconds(pid), core_busy_seconds(PROXY_CORE), mock_counts(mock_port)

    time_a, cpu_a, busy_a, counts_a = sample()
    time.sleep(seconds)
    time_b, cpu_b, busy_b, counts_b = sample()
    elapsed, cpu = time_b - time_a, cpu_b - cpu_a
    return Window(elapsed, cpu, counts_b['requests'] - counts_a['requests'], counts_b['events'] - counts_a['events'],
                  max(0.0, (busy_b - busy_a - cpu) / elapsed))


def make_certificates(folder):
    """An authority and a certificate of localhost and 127.0.0.1."""
    script = '''
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 30 -subj /CN=bench-ca -out ca.pem \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
openssl ecparam -name prime256v1 -genkey -noout -out key.pem
openssl req -new -key key.pem -subj /CN=localhost -out cert.csr
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nextendedKeyUsage=serverAuth\\n' > cert.ext
openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile cert.ext -out cert.pem
'''
    subprocess.run(['sh', '-ec', script], cwd=folder, check=True, capture_output=True)
