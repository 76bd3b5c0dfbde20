"""A throw-away certificate authority made with the openssl command line."""

import subprocess
from pathlib import Path

GOOD_NAMES = "DNS:localhost,IP:127.0.0.1,IP:::1"


class Pki:
    """Paths of one authority and the server certificates it signed."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.ca = self.folder / "ca.pem"

    def chain(self, name):
        return self.folder / f"{name}.pem"

    def key(self, name):
        return self.folder / f"{name}.key"


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")


def _new_key(path):
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def _sign(pki, name, subject, names, days, usage="serverAuth"):
    request, extensions = pki.folder / f"{name}.csr", pki.folder / f"{name}.ext"
    _new_key(pki.key(name))
    _openssl("req", "-new", "-key", pki.key(name), "-subj", subject, "-out", request)
    extensions.write_text(
        f"subjectAltName={names}\nextendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n"
        if names
        else f"extendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n"
    )
    _openssl("x509", "-req", "-in", request, "-CA", pki.ca, "-CAkey", pki.folder / "ca.key",
             "-set_serial", "0x" + name.encode().hex(), "-days", days, "-sha256",
             "-extfile", extensions, "-out", pki.chain(name))


def make_pki(folder):
    """`good` is right in every respect; each other certificate has exactly one fault."""
    pki = Pki(folder)
    pki.folder.mkdir(parents=True, exist_ok=True)
    _new_key(pki.folder / "ca.key")
    _openssl("req", "-x509", "-new", "-key", pki.folder / "ca.key", "-subj", "/CN=QCC test authority",
             "-days", "30", "-sha256", "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign", "-out", pki.ca)
    _sign(pki, "good", "/CN=localhost", GOOD_NAMES, 30)
    _sign(pki, "other-name", "/CN=localhost", "DNS:elsewhere.test", 30)
    _sign(pki, "name-in-cn-only", "/CN=localhost", "", 30)
    _sign(pki, "expired", "/CN=localhost", GOOD_NAMES, -1)
    _sign(pki, "client-only", "/CN=localhost", GOOD_NAMES, 30, usage="clientAuth")
    _new_key(pki.key("self-signed"))
    _openssl("req", "-x509", "-new", "-key", pki.key("self-signed"), "-subj", "/CN=localhost",
             "-addext", f"subjectAltName={GOOD_NAMES}", "-days", "30", "-out", pki.chain("self-signed"))
    return pki
