"""Secrets, listeners, loops. (That no secret reaches any file is also checked after every other test.)"""

import os
import resource
import signal
import time
from pathlib import Path

import answers
import config_text
import plans
from daemon import eventually
from harness import CLIENT_KEY, QccdCase
from http_client import RawClient, message_body, post
from mock_upstream import server_tls

SECRET = "sk-very-secret-endpoint-key-0f9e8d7c"
LEAKY = "sk-leaked-by-the-client-1a2b3c4d"


class Secrets(QccdCase):
    def failing_run(self, **log):
        """Everything goes wrong, at the most talkative level; afterwards every file is searched."""
        self.secrets |= {SECRET, LEAKY, "body-text-of-the-user"}
        first = self.mock("a", plans.script(b"HTTP/1.1 200 OK\r\nx-api-key: " + SECRET.encode() + b"\x00\r\n\r\n", plans.RESET))
        second = self.mock("b", answers.anthropic_error(401, message=f"bad key {SECRET}"))
        third = self.mock("c", tls=server_tls(self.pki(), "expired"))
        endpoints = [{**self.endpoint(mock, priority=rank), "key": SECRET} for rank, mock in enumerate((first, second, third), 1)]
        qccd = self.daemon(*endpoints, client_keys={"laptop": CLIENT_KEY}, log={"level": "debug", **log},
                           retry={"backoff_base": "10ms"})
        credential = ("x-api-key", CLIENT_KEY)
        requests = [
            post(fields=[credential], body=message_body("body-text-of-the-user")),
            post(fields=[credential], body=message_body(stream=True)),
            post(fields=[("Authorization", f"Bearer {LEAKY}")]),
            post(fields=[credential], path=f"/v1/messages?key={LEAKY}"),
            post(fields=[credential], path=f"/{LEAKY}\x00"), post(fields=[(LEAKY + " ", "x")]),
            post(fields=[credential], body=b'{"model": "' + LEAKY.encode()), post(fields=[("x-api-key", LEAKY + "\x01")]),
        ]
        answers_seen = [qccd.exchange(request) for request in requests]
        for answer in answers_seen:
            for secret in (SECRET, CLIENT_KEY, LEAKY):
                self.assertNotIn(secret.encode(), answer.raw + answer.body)
        return qccd

    def test_not_in_the_text_log(self):
        self.failing_run()

    def test_not_in_the_json_log(self):
        self.failing_run(format="json")

    def test_not_on_any_admin_page(self):
        qccd = self.failing_run()
        for path in ("/health", "/livez", "/readyz", "/health/upstream", "/api/status", "/api/endpoints", "/api/clusters",
                     "/api/config", "/api/requests", "/metrics", "/"):
            answer = qccd.admin(path)
            for secret in (SECRET, CLIENT_KEY, LEAKY):
                self.assertNotIn(secret.encode(), answer.raw + answer.body, path)

    def test_not_in_the_command_line(self):
        qccd = self.failing_run()
        self.assertNotIn(SECRET.encode(), Path(f"/proc/{qccd.process.pid}/cmdline").read_bytes())

    def test_keys_by_reference(self):
        mock = self.mock()
        qccd_folder_file = Path(self.pki().folder) / "endpoint.key"
        qccd_folder_file.write_text(SECRET + "\n")
        qccd_folder_file.chmod(0o600)
        self.secrets.add(SECRET)
        for reference in ("env:MY_ENDPOINT_KEY", f"file:{qccd_folder_file}"):
            qccd = self.daemon({**self.endpoint(mock), "key": reference}, start={"environment": {"MY_ENDPOINT_KEY": SECRET}})
            self.check_serves(qccd)
            self.assertEqual(mock.last().headers("x-api-key"), [SECRET])

    def test_missing_reference_does_not_start(self):
        mock = self.mock()
        with self.assertRaisesRegex(AssertionError, "(?s)ended with.*NOT_SET_ANYWHERE"):
            self.daemon({**self.endpoint(mock), "key": "env:NOT_SET_ANYWHERE"})

    def test_upstream_details_stay_hidden(self):
        mock = self.mock("internal-name-of-a", plans.reply(200, b"{}", [("server", "relay/9"), ("set-cookie", "id=1"), ("via", "x")]))
        answer = self.daemon(mock).post()
        for hidden in (b"internal-name-of-a", b"relay/9", b"id=1", str(mock.port).encode()):
            self.assertNotIn(hidden, answer.raw)


class Logs(QccdCase):
    def test_S2_one_line_per_request_without_control_bytes(self):
        qccd = self.daemon(self.mock(), log={"format": "json"})
        qccd.exchange(post(path='/v1/messages?x="quoted"%0a'.replace('"', "%22"), fields=[("User-Agent", 'evil\tagent "quoted"')]))
        qccd.exchange(post(path="/nowhere/" + "p" * 3000))
        time.sleep(0.05)
        for line in Path(qccd.log_path).read_bytes().splitlines():
            self.assertNotRegex(line, rb"[\x00-\x08\x0b-\x1f\x7f]")
            self.assertLess(len(line), 2000)

    def test_metric_labels_do_not_come_from_clients(self):
        qccd = self.daemon(self.mock())
        for number in range(5):
            qccd.exchange(post(message_body(model=f"client-model-{number}"), path=f"/v1/messages?client-query-{number}",
                               fields=[("x-app", f"client-app-{number}")]))
            qccd.exchange(post(path=f"/client-path-{number}"))
        page = qccd.admin("/metrics").body
        for word in (b"client-model", b"client-query", b"client-app", b"client-path"):
            self.assertNotIn(word, page)

    def test_metrics_count_requests(self):
        qccd = self.daemon(self.mock())
        before = sum(value for name, value in qccd.metrics().items() if "requests" in name and name.split("{")[0].endswith("_total"))
        for _ in range(7):
            self.check_serves(qccd)

        def counted():
            return sum(value for name, value in qccd.metrics().items()
                       if "requests" in name and name.split("{")[0].endswith("_total")) - before >= 7

        self.assertTrue(eventually(counted), qccd.admin("/metrics").body)


class Listeners(QccdCase):
    def check_refused(self, reason, **sections):
        mock = self.mock()
        with self.assertRaisesRegex(AssertionError, f"(?s)ended with.*{reason}"):
            self.daemon(mock, **sections)

    def test_open_to_the_network_needs_client_keys(self):
        self.check_refused("client_keys", server={"listen": ["0.0.0.0:0"]})

    def test_open_to_the_network_with_keys(self):
        qccd = self.daemon(self.mock(), server={"listen": ["0.0.0.0:0"]}, client_keys={"laptop": CLIENT_KEY})
        with RawClient(("127.0.0.1", qccd.address[1])) as client:
            self.assertEqual(client.send(post(fields=[("x-api-key", CLIENT_KEY)])).answer().status, 200)

    def test_admin_on_the_network_needs_a_token(self):
        self.check_refused("token", admin={"listen": ["0.0.0.0:0"]})

    def test_admin_token(self):
        token = "admin-token-3c4d5e6f7a"
        self.secrets.add(token)
        qccd = self.daemon(self.mock(), admin={"token": token})
        for path in ("/metrics", "/api/endpoints", "/api/status"):
            self.assertIn(qccd.admin(path).status, (401, 403), path)
            self.assertIn(qccd.admin(path, fields=[("Authorization", "Bearer wrong")]).status, (401, 403), path)
        self.assertEqual(qccd.admin("/metrics", fields=[("Authorization", f"Bearer {token}")]).status, 200)

    def test_S4_state_changes_need_post_and_no_foreign_origin(self):
        qccd = self.daemon(self.mock())
        self.assertIn(qccd.admin("/api/reload").status, (403, 404, 405))
        foreign = qccd.admin("/api/reload", "POST", fields=[("Origin", "http://evil.test")])
        self.assertEqual(foreign.status, 403)

    def test_admin_health(self):
        qccd = self.daemon(self.mock())
        for path in ("/health", "/livez", "/readyz"):
            self.assertEqual(qccd.admin(path).status, 200, path)

    def test_admin_survives_bad_bytes(self):
        qccd = self.daemon(self.mock())
        for wrong in (b"\x00\xff\r\n\r\n", b"GET /\r\n\r\n", b"GET /metrics HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x00"):
            with RawClient(qccd.admins[0]) as client:
                client.send(wrong).end_writing()
                client.read_to_end()
        self.assertEqual(qccd.admin("/health").status, 200)


class Upstreams(QccdCase):
    def check_config_refused(self, url, reason):
        with self.assertRaisesRegex(AssertionError, f"(?s)ended with.*{reason}"):
            self.daemon(config_text.endpoint("a", url, "sk-1234567890"))

    def test_T5_link_local_and_metadata_addresses(self):
        for url in ("http://169.254.169.254", "https://169.254.1.1", "https://[fd00:ec2::254]", "https://metadata.google.internal"):
            with self.subTest(url):
                self.check_config_refused(url, "link-local|metadata")

    def test_T5_plain_http_to_the_internet(self):
        self.check_config_refused("http://api.example.com", "allow_plaintext")

    def test_loop_is_found_and_not_tried_again(self):
        qccd = self.daemon(self.mock())
        listener = {"listen": [f"127.0.0.1:{qccd.address[1]}"]}
        qccd.stop()
        text = config_text.config(config_text.cluster(config_text.endpoint("self", qccd.url, "sk-self")), server=listener)
        looped = self.daemon_with(text)
        before = looped.descriptors()
        answer = looped.post()
        self.assertEqual((answer.status, answer.header("x-should-retry")), (508, "false"), answer)
        self.assertEqual(looped.metrics()["qcc_client_connections_accepted_total"], 2, "the client and itself, once")
        self.assertLess(looped.descriptors(), before + 20)

    def test_via_and_hop_are_added(self):
        mock = self.mock()
        self.check_serves(self.daemon(mock))
        self.assertTrue(mock.last().headers("x-qcc-hop"))
        self.assertIn("qcc", mock.last().header("via"))

    def test_stopped_and_continued(self):
        qccd = self.daemon(self.mock())
        with qccd.connect() as client:
            client.send(post()).answer()
            os.kill(qccd.process.pid, signal.SIGSTOP)
            time.sleep(0.2)
            os.kill(qccd.process.pid, signal.SIGCONT)
            self.assertEqual(client.send(post()).answer().status, 200)


class Descriptors(QccdCase):
    def test_P3_running_out_of_descriptors_is_survived(self):
        mock = self.mock()
        qccd = self.daemon(mock)
        self.check_serves(qccd)
        limit = qccd.descriptors() + 12
        resource.prlimit(qccd.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        clients = []
        for _ in range(40):
            client = qccd.connect(timeout=5)
            client.send(post())
            clients.append(client)
        time.sleep(0.3)
        ticks = self.ticks(qccd)
        time.sleep(0.5)
        self.assertLess(self.ticks(qccd) - ticks, 30, "a busy loop")
        for client in clients:
            client.close()
        self.assertTrue(eventually(lambda: self.serves_now(qccd)))

    def serves_now(self, qccd):
        try:
            return qccd.post().status == 200
        except (OSError, AssertionError):
            return False

    @staticmethod
    def ticks(qccd):
        fields = Path(f"/proc/{qccd.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
