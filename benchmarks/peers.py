"""The proxies that compare.py holds side by side: how each is configured and started.

Every one runs with one worker, keep-alive on both sides, no buffering of answers and no access log but for the
workload `log`. A peer is a function from a Setting to the command that starts it."""

import dataclasses
import os
import pathlib


@dataclasses.dataclass(frozen=True)
class Setting:
    folder: pathlib.Path  # scratch, of this start alone
    qccd: pathlib.Path
    port: int
    upstream_port: int
    tls_upstream: bool
    access_log: bool
    ca: pathlib.Path

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    @property
    def scheme(self):
        return 'https' if self.tls_upstream else 'http'


def qccd(setting):
    trust = f'ca_file = "{setting.ca}"\nsni = "localhost"\n' if setting.tls_upstream else ''
    config = setting.write('qcc.toml', f'''
[server]
listen = ["127.0.0.1:{setting.port}"]
shards = 1
[admin]
listen = []
[log]
requests = {str(setting.access_log).lower()}
target = "{setting.folder}/access.log"
[limits]
max_connections = 15000
head_timeout = "600s"
keepalive_timeout = "600s"
[[cluster.endpoint]]
name = "mock"
protocol = "anthropic"
base_url = "{setting.scheme}://127.0.0.1:{setting.upstream_port}"
key = "env:BENCH_KEY"
max_idle = 4096
{trust}''')
    return ['env', 'BENCH_KEY=sk-fake', str(setting.qccd), '--config', str(config)]


def nginx(setting):
    folder = setting.folder
    log = 'access_log off;'
    if setting.access_log:
        log = ("log_format bench '$remote_addr [$time_iso8601] \"$request\" $status $body_bytes_sent $request_time "
               f"$upstream_response_time $upstream_addr'; access_log {folder}/access.log bench buffer=64k flush=1s;")
    trust = ''
    if setting.tls_upstream:
        trust = (f'proxy_ssl_verify on; proxy_ssl_trusted_certificate {setting.ca}; proxy_ssl_name localhost; '
                 'proxy_ssl_server_name on; proxy_ssl_session_reuse on; proxy_ssl_protocols TLSv1.2 TLSv1.3;')
    config = setting.write('nginx.conf', f'''
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 20000;
pid {folder}/nginx.pid; error_log {folder}/error.log error;
events {{ worker_connections 19950; multi_accept on; }}
http {{
  {log}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream mock {{
    server 127.0.0.1:{setting.upstream_port};
    keepalive 4096; keepalive_requests 100000000; keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{setting.port} backlog=4096;
    keepalive_requests 100000000; keepalive_timeout 600s; client_header_timeout 600s; client_max_body_size 100m;
    location / {{
      proxy_pass {setting.scheme}://mock; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host localhost;
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 300s; {trust}
    }}
  }}
}}
''')
    return ['nginx', '-p', str(folder), '-e', f'{folder}/error.log', '-c', str(config)]


def haproxy(setting):
    log = 'log stdout format raw local0\n  option httplog' if setting.access_log else ''
    trust = f'ssl verify required ca-file {setting.ca} verifyhost localhost sni str(localhost)'
    config = setting.write('haproxy.cfg', f'''
global
  nbthread 1
  no strict-limits
  maxconn 19000
  tune.idle-pool.shared off
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-request 600s
  timeout http-keep-alive 600s
  option http-keep-alive
  option http-no-delay
  http-reuse always
  {log}
frontend clients
  bind 127.0.0.1:{setting.port} backlog 4096
  default_backend mock
backend mock
  server mock 127.0.0.1:{setting.upstream_port} pool-max-conn 4096 {trust if setting.tls_upstream else ''}
''')
    return ['haproxy', '-db', '-f', str(config)]


PEERS = {'qccd': qccd, 'nginx': nginx, 'haproxy': haproxy}
PROGRAMS = {'nginx': 'nginx', 'haproxy': 'haproxy'}  # besides our own
PACKAGES = {'nginx': 'nginx-light', 'haproxy': 'haproxy', 'wrk': 'wrk', 'perf': 'linux-perf', 'openssl': 'openssl',
            'ip': 'iproute2'}


def environment():
    """Nothing of the caller's that could change how a proxy works."""
    return {name: value for name, value in os.environ.items() if name in ('PATH', 'LANG', 'HOME', 'TMPDIR')}
