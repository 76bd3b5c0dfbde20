#!/usr/bin/env python3
"""The systemd unit: systemd must accept it without a word, and it must keep its hardening.

`systemd-analyze verify` exits 0 on unknown keys and only prints: any output is a failure. ExecStart's
program need not exist where the check runs, so it is replaced by one that does."""
import pathlib
import re
import shutil
import subprocess
import tempfile

from checker import CannotRun, Finding, main, read

UNIT = 'deploy/systemd/qccd.service'
EXPOSURE_MAX = 1.2  # of 10, as systemd-analyze security counts

REQUIRED = {
    'Type': 'notify', 'NotifyAccess': 'main', 'WatchdogSec': None, 'Restart': 'on-failure',
    'ExecReload': '/bin/kill -HUP $MAINPID', 'DynamicUser': 'yes', 'StateDirectory': 'qcc',
    'LimitMEMLOCK': 'infinity', 'LimitNOFILE': None, 'LimitCORE': '0', 'UMask': '0077',
    'NoNewPrivileges': 'yes', 'CapabilityBoundingSet': '', 'AmbientCapabilities': '',
    'ProtectSystem': 'strict', 'ProtectHome': 'yes', 'PrivateTmp': 'yes', 'PrivateDevices': 'yes',
    'ProtectClock': 'yes', 'ProtectControlGroups': 'yes', 'ProtectHostname': 'yes',
    'ProtectKernelLogs': 'yes', 'ProtectKernelModules': 'yes', 'ProtectKernelTunables': 'yes',
    'ProtectProc': 'invisible', 'LockPersonality': 'yes', 'MemoryDenyWriteExecute': 'yes',
    'RestrictNamespaces': 'yes', 'RestrictRealtime': 'yes', 'RestrictSUIDSGID': 'yes',
    'RestrictAddressFamilies': 'AF_INET AF_INET6 AF_UNIX AF_NETLINK', 'RemoveIPC': 'yes',
    'SystemCallArchitectures': 'native', 'SystemCallFilter': None,
}
DRAIN_TIMEOUT_S = 300


def directives(text):
    """key -> [(line, value)]; comments are not directives."""
    found = {}
    for number, line in enumerate(text.split('\n'), 1):
        match = re.match(r'(\w+)=(.*)$', line)
        if match:
            found.setdefault(match[1], []).append((number, match[2].strip()))
    return found


def check_hardening(text):
    found = directives(text)
    for key, wanted in REQUIRED.items():
        if key not in found:
            yield Finding(UNIT, 1, f'{key}= is missing')
        elif wanted is not None and found[key][-1][1] != wanted:
            yield Finding(UNIT, found[key][-1][0], f'{key}= must be "{wanted}"')
    for number, value in found.get('TimeoutStopSec', [(1, '0')]):
        if not value.isdigit() or int(value) <= DRAIN_TIMEOUT_S:
            yield Finding(UNIT, number, f'TimeoutStopSec= must lie above the drain of {DRAIN_TIMEOUT_S} s')
    for number, value in found.get('SystemCallFilter', []):
        if value.startswith('~') and ('@aio' in value or '@resources' in value):
            yield Finding(UNIT, number, 'io_uring is in @aio and sched_setaffinity in @resources: allow both')
    for number, value in found.get('Environment', []):
        if re.search(r'KEY|TOKEN|SECRET|PASSWORD', value):
            yield Finding(UNIT, number, 'secrets come by LoadCredential=, not by the environment')


def check_with_systemd(text):
    program = shutil.which('systemd-analyze')
    if not program:
        raise CannotRun('systemd-analyze is not installed (apt-get install systemd)')
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder) / 'qccd.service'
        unit.write_text(re.sub(r'^ExecStart=\S+', 'ExecStart=/bin/true', text, flags=re.M))
        verify = subprocess.run([program, 'verify', '--man=no', str(unit)], capture_output=True, text=True)
        output = (verify.stdout + verify.stderr).strip()
        for line in output.splitlines():
            place = re.match(r'.*qccd\.service:(\d+): (.*)', line)
            yield Finding(UNIT, int(place[1]) if place else 1, place[2] if place else line)
        if output or verify.returncode:
            return
        threshold = str(round(EXPOSURE_MAX * 10))
        rated = subprocess.run([program, 'security', '--offline=true', '--no-pager', f'--threshold={threshold}',
                                str(unit)], capture_output=True, text=True)
        if rated.returncode:
            yield Finding(UNIT, 1, f'exposure above {EXPOSURE_MAX}: {(rated.stdout + rated.stderr).splitlines()[-1]}')


def check(root):
    path = pathlib.Path(root) / UNIT
    if not path.is_file():
        return [Finding(UNIT, 1, 'does not exist')]
    text = read(path)
    return list(check_hardening(text)) + list(check_with_systemd(text))


def changed(old, new):
    text = (pathlib.Path(__file__).resolve().parents[2] / UNIT).read_text()
    if old not in text:
        raise SystemExit(f'{UNIT} holds no "{old}": mend the tests of unit_file.py')
    return {UNIT: text.replace(old, new)}


def rows():
    return [
        ('as it is', changed('', ''), None),
        ('no unit', {'deploy/x': ''}, 'does not exist'),
        ('unknown key', changed('[Service]\n', '[Service]\nProtectHorse=yes\n'), 'ProtectHorse'),
        ('bad value', changed('ProtectSystem=strict', 'ProtectSystem=sometimes'), 'ProtectSystem='),
        ('weakened', changed('NoNewPrivileges=yes', 'NoNewPrivileges=no'), 'NoNewPrivileges= must be'),
        ('commented out', changed('MemoryDenyWriteExecute=yes', '#MemoryDenyWriteExecute=yes'),
         'MemoryDenyWriteExecute= is missing'),
        ('stop before drain', changed('TimeoutStopSec=330', 'TimeoutStopSec=90'), 'TimeoutStopSec='),
        ('io_uring denied', changed('SystemCallFilter=~', 'SystemCallFilter=~@aio '), 'io_uring'),
        ('key in the environment', changed('[Service]\n', '[Service]\nEnvironment=ANTHROPIC_API_KEY=x\n'),
         'LoadCredential'),
        ('exposed', changed('PrivateUsers=yes\n', ''), 'exposure above'),
    ]


if __name__ == '__main__':
    main(check, rows(), __doc__)
