"""A throw-away certificate for `localhost` and 127.0.0.1."""

import subprocess
from pathlib import Path

from tests.servers.programs import program


def certificate(folder: Path) -> tuple[Path, Path]:
    """Files in `folder`: the certificate (its own authority) and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [program("openssl", package="openssl"), "req", "-x509", "-newkey", "rsa:2048"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key
