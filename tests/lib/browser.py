# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless Chromium, and the server of the pages that it is sent to.

It reaches loopback only.  evil.test stands for a stranger's name that he has
made to mean this machine.
"""
import contextlib
import http.client
import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.parse

from ccp import Env, Start
from tap import Skip, eq, fail, until

EVIL = "evil.test"
NAMES = ("chromium", "chromium-browser", "google-chrome")
# For root, in a container, without anything that it does of its own accord.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions",
    "--disable-features=HttpsUpgrades",
    f"--host-resolver-rules=MAP {EVIL} 127.0.0.1, MAP * ~NOTFOUND, "
    "EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1, "
    "EXCLUDE 0.0.0.0"]


def find():
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise Skip("chromium is not installed")


class Chromium:
    """A running browser with one page, and with a profile of its own below
    the directory."""

    def __init__(self, directory, url, *flags):
        # pylint: disable=consider-using-with
        home = tempfile.mkdtemp(prefix="browser-", dir=directory)
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [find(), *FLAGS, f"--user-data-dir={home}/profile", *flags, url],
            env={"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self._log, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # All of them: it is a process for each part of it
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.communicate()
        self._log.close()

    def log(self):
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")[-3000:]

    def output(self, seconds=60):
        """Of one that ends by itself (--dump-dom)."""
        return self._process.communicate(timeout=seconds)[0].decode()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _answer(self, status, body=b"", kind="text/html"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):  # pylint: disable=invalid-name
        path = self.path.split("?")[0]
        if path == "/":
            self._answer(200, b"<!doctype html><title>A page</title>"
                         b"<script type=module src=/page.js></script>")
        elif path == "/page.js":
            self._answer(200, self.server.pages.script, "text/javascript")
        elif path.startswith("/v1/"):
            self._rebound()
        else:
            self._answer(404)

    def do_POST(self):  # pylint: disable=invalid-name
        if self.path.startswith("/redirect?to="):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", urllib.parse.unquote(
                self.path.split("=", 1)[1]))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/report":
            size = int(self.headers["Content-Length"])
            self.server.pages.reports.put(json.loads(self.rfile.read(size)))
            self._answer(204)
        else:
            self._rebound()

    def _rebound(self):
        """What the browser would send to ccp, had the page's name come to
        mean ccp's address meanwhile: the same request, Host and all."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        ccp = http.client.HTTPConnection("127.0.0.1", self.server.pages.ccp,
                                         timeout=240)
        ccp.putrequest(self.command, self.path, skip_host=True,
                       skip_accept_encoding=True)
        for name, value in self.headers.items():
            ccp.putheader(name, value)
        ccp.endheaders(body)
        answer = ccp.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name in ("Content-Type", "X-Request-Id"):
            if value := answer.getheader(name):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        ccp.close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a browser that is killed is no error here


class Pages:
    """The server, for whatever name it is asked by.  Requests below /v1 it
    passes on to the port of ccp; /redirect?to=URL sends the browser there."""

    def __init__(self, script, ccp):
        self.script = script
        self.ccp = ccp
        self.reports = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.pages = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def report(self, browser, seconds=60):
        """What the next page has to say."""
        try:
            return self.reports.get(timeout=seconds)
        except queue.Empty:
            return fail(f"no report from the page\n{browser.log()}")


class Bed:
    """A ccp and a server of pages; the stand-in records that it ran."""

    def __init__(self, env, pages):
        self.env = env
        self.pages = pages
        self.record = os.path.join(env.dir, "record")
        env.environ["CCP_DEMO_RECORD"] = self.record
        env.environ["CLAUDE_ENV"] += ",CCP_DEMO_RECORD"
        self.server = Start(env)
        pages.ccp = self.server.port

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *why):
        self.server.__exit__(*why)

    def open(self, host="127.0.0.1", rebound=False, blind=False, talk=None,
             api=("127.0.0.1",)):
        """A browser that shows a page from that host.  talk: the directory
        that its header names, and steps of a conversation.  api: the names by
        which the page asks ccp."""
        query = {"key": self.env.key}
        if not rebound:
            query["api"] = " ".join(f"http://{name}:{self.server.port}"
                                    for name in api)
        if blind:
            query["blind"] = "yes"
        if talk:
            query["talk"] = json.dumps(talk)
        url = f"http://{host}:{self.pages.port}/?" \
            + urllib.parse.urlencode(query)
        return Chromium(self.env.dir, url)

    def visit(self, host="127.0.0.1", **how):
        """What a page from that host reports."""
        with self.open(host, **how) as chromium:
            report = self.pages.report(chromium)
        eq(report["origin"], f"http://{host}:{self.pages.port}")
        return report

    def wait_logged(self, line):
        until(lambda: line in self.server.stderr(), what=line)

    def claude_ran(self):
        return os.path.exists(self.record)


@contextlib.contextmanager
def bed(script, mode="", **settings):
    """A Bed whose pages have this script.  CORS_ORIGIN="the page" allows the
    origin of pages on 127.0.0.1."""
    with Pages(script, None) as pages:
        if settings.get("CORS_ORIGIN") == "the page":
            settings["CORS_ORIGIN"] = f"http://127.0.0.1:{pages.port}"
        child = {"CCP_DEMO_MODE": mode, "CCP_DEMO_DELAY_MS": "50"}
        with Env(child=child, **settings) as env:
            with Bed(env, pages) as here:
                yield here
            env.wait_gone()
