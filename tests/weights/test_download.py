"""A download goes on where it stopped, and never ends with bytes of two files in one."""

import pytest

from slimzoo import converters, weights
from slimzoo.errors import SlimzooError
from slimzoo.weights import download
from tests.fetching import BODY, leftovers, row_of, sha


def test_a_published_size_is_checked_before_the_body_is_read(server, copying):
    server.files["a.tgz"] = BODY
    with pytest.raises(SlimzooError, match=r"has 300,000 bytes where 299,999 were published"):
        weights.fetch(row_of(server.url("a.tgz"), size=len(BODY) - 1))


def test_a_body_that_ends_early_is_completed_from_there(server, copying):
    server.files["a.tgz"] = BODY
    server.cut_after = [100_000, 100_000]
    assert weights.fetch(row_of(server.url("a.tgz"), sha256=sha(BODY))).read_bytes() == BODY
    assert [wanted for _, wanted in server.asked] == [None, "bytes=100000-", "bytes=200000-"]


def test_a_server_without_ranges_sends_the_whole_file_again(server, copying):
    server.files["a.tgz"] = BODY
    server.ranges, server.cut_after = False, [100_000]
    assert weights.fetch(row_of(server.url("a.tgz"))).read_bytes() == BODY


def test_a_connection_that_always_breaks_is_given_up_and_the_part_stays_for_the_next_call(
    server, copying, cache
):
    server.files["a.tgz"] = BODY
    server.cut_after = [50_000, 0, 0, 0]
    row = row_of(server.url("a.tgz"), sha256=sha(BODY))
    with pytest.raises(SlimzooError, match=r"ended before the file did .after 50,000 bytes"):
        weights.fetch(row)
    part, note = leftovers(cache)
    assert (part.endswith(".part"), note) == (True, f"{part}.json")
    server.cut_after = []
    assert weights.fetch(row).read_bytes() == BODY
    assert server.asked[-1] == ("/a.tgz", "bytes=50000-")
    assert leftovers(cache) == ["model.json", "model.safetensors"]


def test_a_file_that_changed_on_the_server_is_not_glued_to_the_old_part(server, copying):
    server.files["a.tgz"] = BODY
    server.cut_after = [50_000, 0, 0, 0]
    row = row_of(server.url("a.tgz"))
    with pytest.raises(SlimzooError):
        weights.fetch(row)
    server.files["a.tgz"], server.etag = BODY[::-1], '"2"'
    assert weights.fetch(row).read_bytes() == BODY[::-1]


@pytest.mark.parametrize("etag", ["", '"1"'])
def test_a_damaged_part_is_thrown_away_and_the_file_fetched_anew(server, copying, cache, etag):
    server.files["a.tgz"], server.etag = BODY, etag
    server.cut_after = [50_000, 0, 0, 0]
    row = row_of(server.url("a.tgz"), sha256=sha(BODY))
    with pytest.raises(SlimzooError):
        weights.fetch(row)
    (part,) = (cache / "vgg_16" / "test").glob("*.part")
    part.write_bytes(bytes(50_000))
    assert weights.fetch(row).read_bytes() == BODY


def test_without_a_digest_and_a_version_a_part_is_not_trusted(server, copying):
    server.files["a.tgz"], server.etag = BODY, ""
    server.cut_after = [50_000]
    assert weights.fetch(row_of(server.url("a.tgz"))).read_bytes() == BODY
    assert [wanted for _, wanted in server.asked][-1] is None


def test_ctrl_c_leaves_a_part_to_go_on_from_and_nothing_else(server, copying, cache, monkeypatch):
    server.files["a.tgz"] = BODY
    calls = []

    def read(response, real=download._read):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(response)

    monkeypatch.setattr(download, "CHUNK", 10_000)
    monkeypatch.setattr(download, "_read", read)
    row = row_of(server.url("a.tgz"))
    with pytest.raises(KeyboardInterrupt):
        weights.fetch(row)
    (part,) = (cache / "vgg_16" / "test").glob("*.part")
    assert 0 < part.stat().st_size < len(BODY)
    assert leftovers(cache) == [part.name, f"{part.name}.json"]
    assert weights.fetch(row).read_bytes() == BODY
    assert server.asked[-1][1].startswith("bytes=")


def test_a_kill_before_the_conversion_costs_no_second_download(server, copying, cache, monkeypatch):
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(converters, "convert", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        weights.fetch(row)
    assert weights.fetch(row).read_bytes() == BODY
    assert server.sent == len(BODY)


def test_plain_http_from_elsewhere_needs_a_digest(copying):
    with pytest.raises(SlimzooError, match=r"plain http and no digest is published"):
        weights.fetch(row_of("http://example.invalid/a.tgz"))
