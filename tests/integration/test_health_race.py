"""The 401 race: a shard that has seen an endpoint's 401 never selects it again. Counts are asserted, never times."""

import signal
import threading

import answers
import config_text
import plans
from daemon import eventually
from harness import Load, QccdCase
from http_client import message_body, post

SHARDS = 2


class AuthFailure(QccdCase):
    def start(self, plan=None, shards=SHARDS):
        self.first = self.mock("a", plan or answers.anthropic_error(401))
        self.second = self.mock("b")
        self.settings = [self.endpoint(self.first, priority=1), self.endpoint(self.second, priority=2)]
        return self.daemon(*self.settings, server={"shards": shards})

    def test_one_shard_selects_it_once(self):
        qccd = self.start(shards=1)
        for _ in range(50):
            self.check_serves(qccd)
        self.check_counts(a=1, b=50)

    def test_one_after_another_over_all_shards(self):
        qccd = self.start()
        for _ in range(100):
            self.check_serves(qccd)
        self.assertLessEqual(self.first.count(), SHARDS)
        self.assertEqual(self.second.count(), 100)

    def test_a_connection_that_saw_it_never_sees_it_again(self):
        """A connection belongs to one shard: once its request met the 401, its later ones must not."""
        qccd = self.start()
        again, failed = [], []

        def ask():
            with qccd.connect() as client:
                met = False
                for _ in range(40):
                    answer = client.send(post()).answer()
                    if answer.status != 200:
                        failed.append(answer)
                    attempts = int(answer.header("x-qcc-attempts"))
                    if met and attempts > 1:
                        again.append(attempts)
                    met = met or attempts > 1

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((again, failed), ([], []))
        self.assertLessEqual(self.first.count(), len(threads))

    def test_many_in_flight_then_none(self):
        gate = threading.Event()
        qccd = self.start(plans.gated(gate, answers.anthropic_error(401)))
        clients = [qccd.connect() for _ in range(40)]
        for client in clients:
            client.send(post())
        self.assertTrue(self.first.wait_requests(40))
        gate.set()
        for client in clients:
            self.assertEqual(client.answer().status, 200, "the client never sees the 401")
        for client in clients:
            for _ in range(3):
                self.assertEqual(client.send(post()).answer().status, 200)
            client.close()
        self.check_counts(a=40, b=160)

    def test_it_turns_bad_under_load(self):
        """Each client has one request at a time: at most that many can meet the 401 before their shard knows."""
        qccd = self.start(answers.anthropic("Still well."))
        refused, clients = [], 12

        async def refuse(exchange):
            refused.append(exchange.request)
            await answers.anthropic_error(401)(exchange)

        with Load(qccd, clients=clients) as load:
            self.assertTrue(self.first.wait_requests(200))
            self.first.plan = refuse
            self.assertTrue(self.second.wait_requests(200))
        self.assertEqual(load.failures, [])
        self.assertTrue(1 <= len(refused) <= clients, len(refused))

    def test_a_late_success_does_not_bring_it_back(self):
        """One request is still being answered well while another gets the 401."""
        gate = threading.Event()
        qccd = self.start()
        self.first.script(plans.gated(gate, answers.anthropic("Late.")))
        with qccd.connect() as slow:
            slow.send(post())
            self.assertTrue(self.first.wait_requests(1))
            for _ in range(20):
                self.check_serves(qccd)
            seen = self.first.count()
            gate.set()
            self.assertEqual(slow.answer().status, 200)
        for _ in range(20):
            self.check_serves(qccd)
        self.assertLessEqual(seen, 1 + SHARDS)
        self.assertLessEqual(self.first.count(), 1 + SHARDS)

    def test_streams_too(self):
        qccd = self.start()
        for _ in range(20):
            answer = qccd.post(message_body(stream=True))
            self.assertIn(b"message_stop", answer.body)
        self.assertLessEqual(self.first.count(), SHARDS)

    def test_a_new_key_brings_it_back(self):
        qccd = self.start()
        for _ in range(10):
            self.check_serves(qccd)
        self.first.plan = answers.anthropic("Well again.")
        self.settings[0]["key"] = "sk-endpoint-a-second-key-77"
        self.secrets.add(self.settings[0]["key"])
        qccd.write_config(config_text.config(config_text.cluster(*self.settings), server={"shards": SHARDS}))
        qccd.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: b"Well again." in qccd.post().body))
        self.assertEqual(self.first.last().headers("x-api-key"), ["sk-endpoint-a-second-key-77"])

    def test_a_reload_without_a_new_key_does_not(self):
        qccd = self.start()
        for _ in range(10):
            self.check_serves(qccd)
        seen = self.first.count()
        self.settings[0]["weight"] = 50
        log_size = len(qccd.log())
        qccd.write_config(config_text.config(config_text.cluster(*self.settings), server={"shards": SHARDS}))
        qccd.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: len(qccd.log()) > log_size))
        for _ in range(10):
            self.check_serves(qccd)
        self.assertEqual(self.first.count(), seen)

    def test_other_errors_do_not_take_it_out(self):
        """A client's mistake never harms an endpoint."""
        qccd = self.start(answers.anthropic_error(400), shards=1)
        for _ in range(10):
            self.assertEqual(qccd.post().status, 400)
        self.check_counts(a=10, b=0)
