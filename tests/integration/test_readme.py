"""What the README tells a newcomer to type works as it says."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from daemon import ADMIN, LISTENING, QCCD, eventually

README = Path(__file__).resolve().parents[2] / "README.md"
START_LIMIT = 20.0


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.S)


def commands(start):
    """The commands that begin with `start`, continuation lines joined."""
    text = "\n".join(blocks("console")).replace("\\\n", " ")
    return [line[2:].strip() for line in text.splitlines() if line.startswith("$ " + start)]


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.log = Path(cls.folder.name) / "log"
        environment = {"PATH": os.environ["PATH"], "QCC_LISTEN": "127.0.0.1:0"}
        with open(cls.log, "wb") as log:
            cls.process = subprocess.Popen([QCCD, "--demo"], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                           env=environment)
        eventually(lambda: ADMIN.search(cls.log.read_text()), START_LIMIT)
        text = cls.log.read_text()
        cls.client = LISTENING.search(text)[1]
        cls.admin = ADMIN.search(text)[1]

    @classmethod
    def tearDownClass(cls):
        for _ in range(2):
            cls.process.terminate()
        cls.process.wait(START_LIMIT)
        cls.folder.cleanup()

    def run_command(self, command):
        command = command.replace("127.0.0.1:7860", self.client).replace("127.0.0.1:7861", self.admin)
        return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60).stdout

    def test_the_curl_lines_of_the_tour(self):
        tour = commands("curl")
        self.assertEqual(len(tour), 4)
        whole, stream, health, metrics = (self.run_command(command) for command in tour)
        self.assertIn('"type":"message"', whole)
        self.assertIn("event: message_stop", stream)
        self.assertIn('"status":"ok"', health)
        self.assertIn('qcc_endpoint_attempts_total{endpoint="demo-steady"', metrics)

    def test_every_answer_is_a_200_though_an_endpoint_is_flaky(self):
        command = commands("curl")[0].replace("curl -s", "curl -s -o /dev/null -w '%{http_code} '")
        self.assertEqual({self.run_command(command).strip() for _ in range(5)}, {"200"})


class Configuration(unittest.TestCase):
    def test_the_example_is_checked_without_a_complaint(self):
        example = blocks("toml")[0]
        with tempfile.TemporaryDirectory() as folder:
            key = Path(folder) / "relay.key"
            key.write_text("sk-relay-0123456789")
            config = Path(folder) / "qcc.toml"
            config.write_text(example.replace("/etc/qcc/relay.key", str(key)))
            environment = {"PATH": os.environ["PATH"], "ANTHROPIC_API_KEY": "sk-ant-0123456789"}
            check = [command for command in commands("build/release/qccd") if "--check" in command][0]
            arguments = check.split("#")[0].replace("qcc.toml", str(config)).split()[1:]
            run = subprocess.run([QCCD, *arguments], capture_output=True, text=True, env=environment, timeout=30)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertIn("ok", run.stdout)

    def test_usage_without_anything(self):
        run = subprocess.run([QCCD], capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, timeout=30)
        self.assertEqual(run.returncode, 1)
        self.assertIn("ANTHROPIC_API_KEY", run.stderr)
