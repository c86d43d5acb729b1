"""Whatever a server answers, a fetch ends with the right file from the next source, or says why not."""

import contextlib
import logging
import re
import socketserver
import threading
from dataclasses import dataclass

import pytest

from slimzoo import weights
from slimzoo.errors import SlimzooError
from slimzoo.weights import answers, download
from tests.fetching import BODY, leftovers, row_of, sha

SIZE = len(BODY)
BLOCK = b"x" * 65_536
ENOUGH = 40 << 20  # bytes, which a server that never ends sends in the end


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            if not (line := self.rfile.readline()):
                return
            request += line
        asked = re.search(rb"Range: bytes=(\d+)-", request)
        self.server.asked.append(int(asked[1]) if asked else None)
        with contextlib.suppress(OSError):  # the client is gone
            for part in self.server.behaviour(self.server, self.server.asked[-1]):
                self.wfile.write(part)
                self.server.sent += len(part)


class Server(socketserver.ThreadingTCPServer):
    """Answers every request as `behaviour(server, first byte that is asked for)` says."""

    daemon_threads, block_on_close = True, False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.sent, self.behaviour = [], 0, None
        self.url = f"http://127.0.0.1:{self.server_address[1]}/a.tgz"


@pytest.fixture
def hostile(monkeypatch):
    monkeypatch.setattr(download, "LONGEST_PAUSE", 0.0)
    monkeypatch.setattr(download, "TIMEOUT", 0.5)
    monkeypatch.setattr(download, "LARGEST", 1 << 20)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def raw(*lines, body=b""):
    """An answer of these lines, as they stand."""
    head = b"\r\n".join(line if isinstance(line, bytes) else line.encode("latin-1") for line in lines)
    return lambda server, start: [head + b"\r\n\r\n" + body]


def ok(*lines, body=BODY):
    return raw("HTTP/1.1 200 OK", "Connection: close", *lines, body=body)


def endless_chunks(*lines):
    def answer(server, start):
        yield b"\r\n".join([b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", *lines, b"", b""])
        for _ in range(ENOUGH // len(BLOCK)):
            yield b"10000\r\n" + BLOCK + b"\r\n"

    return answer


def endless_body(server, start):
    yield b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    for _ in range(ENOUGH // len(BLOCK)):
        yield BLOCK


def redirection(location):
    return raw("HTTP/1.1 302 Found", location, "Content-Length: 0", "Connection: close")


def loop(server, start):
    return redirection(f"Location: {server.url}")(server, start)


def cut_then(*lines, body=b""):
    """The first 1,000 bytes; a request for the rest is answered by these lines."""

    def answer(server, start):
        if start is None:
            head = f'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: {SIZE}\r\nConnection: close\r\n\r\n'
            return [head.encode() + BODY[:1000]]
        return raw(*lines, body=body)(server, start)

    return answer


def another_version_each_time(server, start):
    count = len(server.asked)
    head = f'HTTP/1.1 200 OK\r\nETag: "{count}"\r\nContent-Length: {SIZE}\r\nConnection: close\r\n\r\n'
    return [head.encode() + bytes([count]) * (SIZE // 2)]


def silence(server, start):
    threading.Event().wait(2)  # longer than TIMEOUT
    return []


@dataclass(frozen=True)
class Row:
    answer: object
    words: str  # of the reason that is told
    size: int = 0  # as published


TABLE = {
    "never ends, in chunks": Row(endless_chunks(), "sends more than the 1,048,576 bytes"),
    "never ends, until it closes": Row(endless_body, "sends more than the 1,048,576 bytes"),
    "never ends, a size published": Row(endless_chunks(), "sends more than the 300,000 bytes", SIZE),
    "never ends, until it closes, a size published": Row(endless_body, "sends more than the 300,000", SIZE),
    "never ends, though it says a length": Row(
        endless_chunks(b"Content-Length: 50"), "sends more than the 50"
    ),
    "larger than any weights": Row(ok("Content-Length: 99999999999"), "has 99,999,999,999 bytes; no weights"),
    "another size than published": Row(ok("Content-Length: 5", body=b"12345"), "has 5 bytes where", SIZE),
    "length with a superscript": Row(ok("Content-Length: \xb2"), "says that the file has '²' bytes"),
    "negative length": Row(ok("Content-Length: -5"), "says that the file has '-5' bytes"),
    "length in words": Row(ok("Content-Length: many"), "says that the file has 'many' bytes"),
    "length of 400 digits": Row(ok("Content-Length: " + "9" * 400), "says that the file has '999"),
    "two lengths": Row(ok("Content-Length: 5", f"Content-Length: {SIZE}"), "Content-Length"),
    "length with an underscore": Row(ok("Content-Length: 300_000"), "'300_000' bytes"),
    "pause with a superscript": Row(
        raw("HTTP/1.1 503 No", "Retry-After: \xb2", "Content-Length: 0"), "HTTP 503"
    ),
    "pause of 400 digits": Row(
        raw("HTTP/1.1 429 No", "Retry-After: " + "9" * 400, "Content-Length: 0"), "429"
    ),
    "pause until 2100": Row(
        raw("HTTP/1.1 429 No", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT", "Content-Length: 0"), "HTTP 429"
    ),
    "pause until no day": Row(
        raw("HTTP/1.1 503 No", "Retry-After: Fri, 99 Foo 99999 99:99:99 GMT", "Content-Length: 0"), "HTTP 503"
    ),
    "leads to half an address": Row(redirection("Location: http://[::1"), "leads to 'http://[::1'"),
    "leads to no ASCII": Row(redirection(b"Location: http://a b\xff:99/"), "which is no address"),
    "leads to port 999999": Row(redirection("Location: http://127.0.0.1:999999/x"), "which is no address"),
    "leads to a file": Row(redirection("Location: file:///etc/passwd"), "leads to 'file:///etc/passwd'"),
    "leads to nothing": Row(redirection("X: y"), "leads to ''"),
    "leads in a circle": Row(loop, "leads from one address to the next, 10 times"),
    "status 999 with escapes": Row(raw("HTTP/1.1 999 X\x1b[31m", "Content-Length: 0"), "HTTP 999 X [31m"),
    "status 204": Row(raw("HTTP/1.1 204 No Content"), "HTTP 204"),
    "status 304": Row(raw("HTTP/1.1 304 Not Modified"), "HTTP 304"),
    "a part nobody asked for": Row(
        raw("HTTP/1.1 206 P", f"Content-Range: bytes 0-10/{SIZE}", "Content-Length: 11", body=BODY[:11]),
        "answered with a part of the file, which nobody asked for",
    ),
    "416 nobody asked for": Row(
        raw("HTTP/1.1 416 No", "Content-Range: bytes */0", "Content-Length: 0"), "416"
    ),
    "another part": Row(
        cut_then("HTTP/1.1 206 P", f"Content-Range: bytes 5-10/{SIZE}", "Content-Length: 6", body=b"abcdef"),
        "answered a request for the bytes from 1000 with 'bytes 5-10/300000'",
    ),
    "a part that is too short": Row(
        cut_then(
            "HTTP/1.1 206 P", f"Content-Range: bytes 1000-1005/{SIZE}", "Content-Length: 6", body=b"abcdef"
        ),
        "answered a request for the bytes from 1000 with",
    ),
    "a part of another whole": Row(
        cut_then(
            "HTTP/1.1 206 P", "Content-Range: bytes 1000-1005/1006", "Content-Length: 6", body=b"abcdef"
        ),
        "answered a request for the bytes from 1000 with",
        SIZE,
    ),
    "a part without saying which": Row(
        cut_then("HTTP/1.1 206 P", "Content-Type: multipart/byteranges", "Content-Length: 6", body=b"abcdef"),
        "answered a request for the bytes from 1000 with ''",
    ),
    "a chunk that is too short": Row(
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"FFFFFFFFFFFFFFFFFF\r\nabc"),
        "ended before",
    ),
    "a chunk of no length": Row(
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"zz\r\nabc"), "after 0 bytes, 3 attempts"
    ),
    "300 headers": Row(ok(*["A: b"] * 300), "more than 100 headers"),
    "a header of 100,000 bytes": Row(ok("A: " + "b" * 100_000), "3 attempts"),
    "no HTTP": Row(lambda server, start: [b"\x00\xff" * 500 + b"\r\n\r\n"], "3 attempts"),
    "nothing": Row(lambda server, start: [], "3 attempts"),
    "silence": Row(silence, "3 attempts"),
    "another version each time": Row(another_version_each_time, "ended before the file did"),
    "a page in place of the file": Row(
        ok(body=b"<html>log in</html>"), "it is another file, and was not used"
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_source_that_misbehaves_has_failed_and_the_next_is_tried(name, hostile, server, copying, caplog):
    row = TABLE[name]
    hostile.behaviour, server.files["b.tgz"] = row.answer, BODY
    wanted = row_of(hostile.url, server.url("b.tgz"), sha256=sha(BODY), size=row.size)
    with caplog.at_level(logging.INFO, "slimzoo"):
        assert weights.fetch(wanted).read_bytes() == BODY
    assert row.words in caplog.text
    assert all(c.isprintable() or c == "\n" for record in caplog.records for c in record.getMessage())
    assert hostile.sent < ENOUGH // 2  # no more than what lies in buffers beyond the limit


def test_what_never_ends_leaves_nothing_on_the_disk(hostile, copying, cache):
    hostile.behaviour = endless_body
    with pytest.raises(SlimzooError, match="sends more than the 1,048,576 bytes that it can have"):
        weights.fetch(row_of(hostile.url))
    assert leftovers(cache) == []


def test_a_wrong_part_is_not_kept_so_that_the_next_call_begins_anew(hostile, copying):
    hostile.behaviour = TABLE["another part"].answer
    with pytest.raises(SlimzooError, match="answered a request for the bytes from 1000"):
        weights.fetch(row_of(hostile.url, sha256=sha(BODY)))
    hostile.behaviour = ok(f"Content-Length: {SIZE}")
    assert weights.fetch(row_of(hostile.url, sha256=sha(BODY))).read_bytes() == BODY
    assert hostile.asked == [None, 1000, None]


def test_a_redirection_is_followed_and_its_body_is_not_read(hostile, server, copying):
    server.files["b.tgz"] = BODY
    hostile.behaviour = lambda hostile, start: [
        f"HTTP/1.1 302 Found\r\nLocation: {server.url('b.tgz')}\r\n\r\n".encode(),
        *[BLOCK] * (ENOUGH // len(BLOCK)),
    ]
    assert weights.fetch(row_of(hostile.url, sha256=sha(BODY))).read_bytes() == BODY
    assert hostile.sent < ENOUGH // 2


@pytest.mark.parametrize("to", ["same host", "other host"])
def test_who_asks_is_not_told_to_another_host(hostile, monkeypatch, to):
    seen = []

    def get(session, url, headers, timeout, real=answers._get):
        seen.append(headers)
        return real(session, url, headers, timeout)

    monkeypatch.setattr(answers, "_get", get)
    other = hostile.url if to == "same host" else hostile.url.replace("127.0.0.1", "localhost")
    hostile.behaviour = lambda server, start: (
        redirection(f"Location: {other}") if len(server.asked) == 1 else ok("Content-Length: 300000")
    )(server, start)
    assert download.probe(hostile.url, {"Authorization": "Bearer secret", "X": "y"}) == SIZE
    assert ["Authorization" in headers for headers in seen] == [True, to == "same host"]
    assert all(headers["X"] == "y" for headers in seen)


def test_a_plain_http_step_of_a_redirection_needs_a_digest(hostile, copying):
    hostile.behaviour = redirection("Location: http://example.invalid/a.tgz")
    with pytest.raises(SlimzooError, match="plain http and no digest is published"):
        weights.fetch(row_of(hostile.url))


@pytest.mark.parametrize(
    "name", ["length with a superscript", "leads to no ASCII", "status 999 with escapes"]
)
def test_asking_for_the_size_alone_is_refused_the_same(hostile, name):
    hostile.behaviour = TABLE[name].answer
    with pytest.raises(answers.SourceError, match=re.escape(TABLE[name].words)):
        download.probe(hostile.url)


def test_a_name_that_does_not_resolve_is_tried_once(server, copying, caplog, monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 60.0)  # a second attempt would take a minute
    server.files["b.tgz"] = BODY
    row = row_of("https://slimzoo.invalid/a.tgz", server.url("b.tgz"), sha256=sha(BODY))
    with caplog.at_level(logging.INFO, "slimzoo"):
        assert weights.fetch(row).read_bytes() == BODY
    assert "there is no slimzoo.invalid" in caplog.text


def test_waiting_is_said(hostile, server, copying, caplog, monkeypatch):
    monkeypatch.setattr(download, "LONGEST_PAUSE", 0.02)
    server.files["b.tgz"] = BODY
    hostile.behaviour = raw("HTTP/1.1 503 Busy", "Retry-After: 7", "Content-Length: 0")
    weights.fetch(row_of(hostile.url, server.url("b.tgz"), sha256=sha(BODY)))
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == [f"{hostile.url}: HTTP 503 Busy; asking again in 0.02 seconds"] * 2
