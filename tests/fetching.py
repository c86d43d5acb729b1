"""For tests of fetching: a file server on this machine, a file, and rows that name it."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from slimzoo.weights.manifest import WeightsRow

BODY = np.random.default_rng(0).bytes(300_000)  # larger than one block of the socket


class Server(ThreadingHTTPServer):
    """Serves `files`; each answer is noted in `asked`, and can be spoilt."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked, self.sent = {}, [], 0
        self.ranges = True  # answers Range with 206
        self.etag = '"1"'
        self.cut_after = []  # for the next answers: bytes of the body after which the connection ends
        self.statuses = []  # for the next answers, in place of 200; 0: as usual
        self.retry_after = ""
        self.pace = 0.0  # seconds between pieces of 10,000 bytes

    def url(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        if self.server.statuses and (status := self.server.statuses.pop(0)):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if self.server.retry_after:
                self.send_header("Retry-After", self.server.retry_after)
            return self.end_headers()
        body = self.server.files.get(self.path.lstrip("/"))
        if body is None:
            return self.send_error(404)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        if start and self.headers.get("If-Range", self.server.etag) != self.server.etag:
            start = 0
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        self.end_headers()
        sent = body[start:][: self.server.cut_after.pop(0) if self.server.cut_after else None]
        step = 10_000 if self.server.pace else len(sent) or 1
        for at in range(0, len(sent), step):
            time.sleep(self.server.pace)
            try:
                self.wfile.write(sent[at : at + step])
            except OSError:  # the client is gone
                return None
            self.server.sent += len(sent[at : at + step])
        return None

    def log_message(self, *args):
        pass


@contextmanager
def serving(server):
    """Lets `server` answer in a thread of its own, and ends it."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def cifarnet_variables():
    """Returns two classes' worth of random weights, as a small file to carry about."""
    from slimzoo.tracing.parts import network_shapes

    random = np.random.default_rng(0)
    shapes = network_shapes("cifarnet", 2)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}


def row_of(*sources, **changes):
    row = WeightsRow(
        network="vgg_16", tag="test", sources=sources, member="", sha256="", sha384="", md5="", size=0,
        format="safetensors", name_map="", ema=False, num_classes=2, label_offset=0, labels=("a", "b"),
        preprocessing={}, top1=None, top5=None, mean_iou=None,
        accuracy_source="", license="", citation="", provenance="",
        maths="same", note="",
    )  # fmt: skip
    return replace(row, **changes)


def sha(body, algorithm="sha256"):
    return hashlib.new(algorithm, body).hexdigest()


def leftovers(cache):
    return sorted(p.name for p in (cache / "vgg_16" / "test").iterdir() if p.name != ".lock")


# Fetches the row of its second argument, converting by copying; "ready" on stdout before it begins.
FETCHER = """
import json, shutil, sys, types
from slimzoo import converters
from slimzoo.weights import download
from slimzoo.weights import fetching as weights
from slimzoo.weights.manifest import WeightsRow
download.PAUSE = 0.0
def convert(source, destination, **options):
    shutil.copy(source, destination)
    digest = download.digests(destination)["sha256"]
    return types.SimpleNamespace(sha256=digest, tensors=1, parameters=1, left_out={}, metadata={})
converters.convert = convert
row = WeightsRow(**json.loads(sys.argv[1]))
print("ready", flush=True)
print(download.digests(weights.fetch(row))["sha256"])
"""


def fetcher(row, **options):
    """Starts a process that fetches `row` and prints "ready", then the sha256."""
    text = json.dumps({name: getattr(row, name) for name in row.__dataclass_fields__})
    environment = (
        os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | options.pop("env", {})
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", FETCHER, text], env=environment, **pipes, **options)


def answer(process):
    """Returns what a fetcher ended with: the sha256, or its error."""
    out, error = process.communicate(timeout=120)
    lines = out.split()
    return lines[1] if process.returncode == 0 and len(lines) == 2 else error
