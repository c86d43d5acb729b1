"""For tests of fetching: a file server on this machine, a file, and rows that name it."""

import hashlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from slimzoo.manifest import WeightsRow

BODY = np.random.default_rng(0).bytes(300_000)  # larger than one block of the socket


class Server(ThreadingHTTPServer):
    """Serves `files`; each answer is noted in `asked`, and can be spoilt."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked, self.sent = {}, [], 0
        self.ranges = True  # answers Range with 206
        self.etag = '"1"'
        self.cut_after = []  # for the next answers: bytes of the body after which the connection ends

    def url(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
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
        self.server.sent += len(sent)
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


def row_of(*sources, **changes):
    row = WeightsRow(
        network="vgg_16", tag="test", sources=sources, member="", sha256="", sha384="", md5="", size=0,
        format="safetensors", name_map="", ema=False, num_classes=2, label_offset=0, labels=("a", "b"),
        preprocessing={}, top1=None, top5=None, accuracy_source="", license="", citation="", provenance="",
    )  # fmt: skip
    return replace(row, **changes)


def sha(body, algorithm="sha256"):
    return hashlib.new(algorithm, body).hexdigest()


def leftovers(cache):
    return sorted(p.name for p in (cache / "vgg_16" / "test").iterdir() if p.name != ".lock")
