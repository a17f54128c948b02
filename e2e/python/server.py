"""The built server on a free port, with an empty data folder."""

import base64
import os
import re
import shutil
import subprocess
import tempfile
import threading
import urllib.request

START_SECONDS = 60
STOP_SECONDS = 20
ADDRESS = re.compile(r"127\.0\.0\.1:([1-9]\d*)")


class Server:
    """A running server; leaves nothing behind."""

    def __init__(self):
        binary = os.environ.get("VULPES_BIN")
        assert binary, "VULPES_BIN names the server to test"
        self.folder = tempfile.mkdtemp(prefix="vulpes-python-")
        data = os.path.join(self.folder, "data")
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--data", data],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []
        self.port = None
        self.is_known = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.is_known.wait(START_SECONDS), "no port was printed"
        assert self.port, "the server ended: " + "".join(self.lines)
        self.url = f"http://127.0.0.1:{self.port}"
        login = base64.b64encode(b"root:").decode()
        version = urllib.request.Request(
            self.url + "/_api/version", headers={"authorization": f"Basic {login}"}
        )
        with urllib.request.urlopen(version, timeout=START_SECONDS) as answer:
            assert answer.status == 200

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            found = ADDRESS.search(line)
            if found and not self.port:
                self.port = int(found.group(1))
                self.is_known.set()
        self.is_known.set()

    def stop(self):
        """Asks it to stop; what it logged is in `lines`."""
        self.process.terminate()
        assert self.process.wait(STOP_SECONDS) == 0, "".join(self.lines)
        self.process.stdout.close()
        shutil.rmtree(self.folder)
