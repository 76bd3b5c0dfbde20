"""The real clients from npm: the Anthropic and OpenAI SDKs (by sdk_client.cjs) and Claude Code in print mode."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = Path(os.environ.get("QCC_NODE_MODULES", HERE / "node_modules")).resolve()
CLAUDE_LIMIT = 45  # seconds; a run takes about one, a client that retries takes minutes


def install():
    """`npm ci` from the committed lock file into the cache folder. Does nothing when it is there already."""
    wanted = (HERE / "package-lock.json").read_bytes()
    home = MODULES.parent
    stamp = MODULES / ".installed-lock.json"
    if stamp.exists() and stamp.read_bytes() == wanted:
        return
    home.mkdir(parents=True, exist_ok=True)
    if home != HERE:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, home / name)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=home, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"npm ci failed:\n{done.stdout}\n{done.stderr}")
    stamp.write_bytes(wanted)


def _clean_environment(home, **more):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "NO_PROXY": "*", "no_proxy": "*", **more}


def sdk(action, base_url, key="sk-client-sdk", authority=None, **options):
    """Runs one action of sdk_client.cjs; returns what it printed as JSON."""
    with tempfile.TemporaryDirectory() as home:
        more = {"QCC_NODE_MODULES": str(MODULES)}
        if authority:
            more["NODE_EXTRA_CA_CERTS"] = str(authority)
        call = json.dumps({"action": action, "baseURL": base_url, "apiKey": key, **options})
        done = subprocess.run(["node", str(HERE / "sdk_client.cjs"), call], capture_output=True, text=True, timeout=60,
                              env=_clean_environment(home, **more))
    if done.returncode != 0:
        raise AssertionError(f"sdk_client.cjs {action}: {done.stderr}\n{done.stdout}")
    return json.loads(done.stdout)


class ClaudeRun:
    """One finished print-mode run."""

    def __init__(self, done):
        self.exit_code, self.stderr = done.returncode, done.stderr
        self.events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        results = [event for event in self.events if event.get("type") == "result"]
        self.result = results[-1] if results else {}

    @property
    def text(self):
        return self.result.get("result", "")

    @property
    def retries(self):
        return [event for event in self.events if event.get("subtype") == "api_retry"]

    def tool_results(self):
        for event in self.events:
            if event.get("type") == "user":
                content = event["message"]["content"]
                yield from (part for part in content if isinstance(part, dict) and part.get("type") == "tool_result")

    def __repr__(self):
        return f"<exit {self.exit_code} result={self.result} retries={self.retries} stderr={self.stderr[-1000:]!r}>"


def _run_claude(command, **options):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CLAUDE_LIMIT, **options)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"Claude Code did not end within {CLAUDE_LIMIT} s: {(late.stdout or b'')[-3000:]!r}") from None


def claude(prompt, base_url, *arguments, key="sk-client-claude", bearer=False, folder=None, environment=None):
    """Runs Claude Code in print mode in an empty home; returns a ClaudeRun."""
    with tempfile.TemporaryDirectory(prefix="claude-home-") as home:
        work = Path(folder) if folder else Path(home) / "work"
        work.mkdir(exist_ok=True)
        credential = {"ANTHROPIC_AUTH_TOKEN": key} if bearer else {"ANTHROPIC_API_KEY": key}
        done = _run_claude(
            [str(MODULES / ".bin" / "claude"), "-p", prompt, "--output-format", "stream-json", "--verbose",
             "--allowedTools", "Bash(echo:*)", "Read", *arguments],
            cwd=work, env=_clean_environment(home, ANTHROPIC_BASE_URL=base_url, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
                                   DISABLE_AUTOUPDATER="1", **credential, **(environment or {})))
    return ClaudeRun(done)
