"""Whatever goes wrong on the way, a fetch ends with the right file or says why; nothing is fetched twice."""

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from slimzoo import weights
from slimzoo.errors import SlimzooError
from slimzoo.weights import download
from tests.fetching import BODY, answer, fetcher, leftovers, row_of, sha

LONG = np.random.default_rng(1).bytes(3_000_000)


def random_cuts(count):
    """Lengths of `count` answers that break off; together less than LONG."""
    at = sorted(random.Random(0).sample(range(1, len(LONG)), count))
    return [second - first for first, second in zip([0, *at], at, strict=False)]


def test_a_connection_cut_at_50_random_offsets_is_gone_on_with_each_time(server, copying):
    server.files["a.tgz"], server.cut_after = LONG, random_cuts(50)
    assert weights.fetch(row_of(server.url("a.tgz"), sha256=sha(LONG))).read_bytes() == LONG
    assert (len(server.asked), server.sent) == (51, len(LONG))


def test_so_is_one_that_each_call_finds_where_the_last_one_left_it(server, copying, monkeypatch):
    monkeypatch.setattr(download, "ROUNDS", 1)
    server.files["a.tgz"], server.cut_after = LONG, random_cuts(50)
    row = row_of(server.url("a.tgz"), sha256=sha(LONG))
    for _ in range(50):
        with pytest.raises(SlimzooError, match="the connection ended before the file did"):
            weights.fetch(row)
    assert weights.fetch(row).read_bytes() == LONG
    assert (len(server.asked), server.sent) == (51, len(LONG))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_leads_to_the_next_source_at_once(server, copying, status):
    server.files["b.tgz"], server.statuses = BODY, [status]
    row = row_of(server.url("a.tgz"), server.url("b.tgz"), sha256=sha(BODY))
    assert weights.fetch(row).read_bytes() == BODY
    assert [path for path, _ in server.asked] == ["/a.tgz", "/b.tgz"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again_and_then_the_next_source(server, copying, status):
    server.files |= {"a.tgz": BODY, "b.tgz": BODY}
    server.statuses = [status, 0, *[status] * 3]
    row = row_of(server.url("a.tgz"), server.url("b.tgz"), sha256=sha(BODY))
    assert weights.fetch(row).read_bytes() == BODY
    assert [path for path, _ in server.asked] == ["/a.tgz"] * 2
    weights.fetch(row_of(*row.sources, sha256=row.sha256, tag="other"))
    assert [path for path, _ in server.asked[2:]] == [*["/a.tgz"] * 3, "/b.tgz"]


def test_the_pause_that_a_server_asks_for_is_kept(server, copying, monkeypatch):
    pauses = []
    monkeypatch.setattr(download.time, "sleep", pauses.append)
    server.files["a.tgz"], server.statuses, server.retry_after = BODY, [503, 503], "7"
    weights.fetch(row_of(server.url("a.tgz")))
    assert pauses[:2] == [7.0, 7.0] and set(pauses[2:]) <= {0.0}  # the server's own sleep is patched too


def test_a_server_that_sends_nothing_more_is_left_for_the_next_source(server, copying, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    server.files |= {"a.tgz": BODY}
    good = Path(os.environ["SLIMZOO_CACHE"]).parent / "b.tgz"
    good.write_bytes(BODY)
    server.pace = 1.0
    row = row_of(server.url("a.tgz"), good.as_uri(), sha256=sha(BODY))
    assert weights.fetch(row).read_bytes() == BODY
    assert len(server.asked) == download.FAILURES


def test_a_server_that_crawls_is_left_for_the_next_source(server, copying, monkeypatch):
    monkeypatch.setattr(download, "WINDOW", 0.2)
    monkeypatch.setattr(download, "SLOWEST", 10_000_000)
    server.files["a.tgz"], server.pace = BODY, 0.05
    row = row_of(server.url("a.tgz"))
    with pytest.raises(SlimzooError, match=r"only [\d,]+ bytes came in"):
        weights.fetch(row)
    monkeypatch.setattr(download, "SLOWEST", 1000)  # slow is no fault
    assert weights.fetch(row).read_bytes() == BODY
    assert server.sent < 2 * len(BODY)


def test_nobody_at_an_address_is_a_reason_like_any_other(server, copying):
    server.files["b.tgz"] = BODY
    row = row_of("http://127.0.0.1:9/a.tgz", server.url("b.tgz"), sha256=sha(BODY))
    assert weights.fetch(row).read_bytes() == BODY


def test_wrong_bytes_are_not_kept_and_the_next_source_is_asked(server, copying, cache):
    server.files |= {"a.tgz": BODY[:-1] + b"!", "b.tgz": BODY}
    row = row_of(server.url("a.tgz"), server.url("b.tgz"), sha256=sha(BODY))
    assert weights.fetch(row).read_bytes() == BODY
    assert leftovers(cache) == ["model.json", "model.safetensors"]


def test_the_hint_in_a_file_name_finds_another_file(server, copying, cache):
    server.files |= {"net-00000000.pth": BODY, f"net-{sha(BODY)[:8]}.pth": BODY}
    with pytest.raises(SlimzooError, match=r"does not begin with 00000000 as the name of the file says"):
        weights.fetch(row_of(server.url("net-00000000.pth")))
    assert weights.fetch(row_of(server.url(f"net-{sha(BODY)[:8]}.pth"))).read_bytes() == BODY


def test_eight_processes_at_once_download_once(server, cache):
    server.files["a.tgz"], server.pace = LONG, 0.002
    row = row_of(server.url("a.tgz"), sha256=sha(LONG))
    assert [answer(process) for process in [fetcher(row) for _ in range(8)]] == [sha(LONG)] * 8
    assert (len(server.asked), server.sent) == (1, len(LONG))
    assert leftovers(cache) == ["model.json", "model.safetensors"]


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_a_kill_at_any_moment_leaves_what_the_next_process_goes_on_with(server, cache, kills):
    server.files["a.tgz"], server.pace = LONG, 0.002
    moments, killed, trial = random.Random(0), 0, 0
    while killed < kills:  # a trial ends when one survives
        row = row_of(server.url("a.tgz"), sha256=sha(LONG), tag=f"trial{trial}")
        there = sum(path.stat().st_size for path in (cache / "vgg_16" / row.tag).glob("*.part"))
        asked = len(server.asked)
        process = fetcher(row)
        assert process.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        for _, wanted in server.asked[asked : asked + 1]:
            assert wanted == (f"bytes={there}-" if there else None)
        if process.returncode == 0 or killed == kills or killed % 5 == 0:
            assert answer(fetcher(row)) == sha(LONG)
            left = {path.name for path in (cache / "vgg_16" / row.tag).iterdir()}
            # A kill between the two last deletions leaves a note of 90 bytes; `slimzoo cache prune` takes it.
            left = {name for name in left if not name.endswith(".part.json")}
            assert left == {".lock", "model.json", "model.safetensors"}
            trial += 1


@contextlib.contextmanager
def as_somebody_else():
    """Without root's right to write everywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that everybody may enter, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="slimzoo-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def read_only(folder):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_a_read_only_cache_serves_what_it_has_and_says_how_to_get_the_rest(
    server, copying, open_folder, monkeypatch
):
    monkeypatch.setenv("SLIMZOO_CACHE", str(open_folder / "cache"))
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"), sha256=sha(BODY))
    os.utime(weights.fetch(row), ns=(0, 0))  # a copied one: it must be read, and cannot be noted again
    read_only(open_folder / "cache")
    with as_somebody_else():
        assert weights.fetch(row).read_bytes() == BODY
        with pytest.raises(SlimzooError, match=r"permission denied.*SLIMZOO_CACHE names another"):
            weights.fetch(row_of(server.url("a.tgz"), sha256=sha(BODY), tag="other"))
    assert len(server.asked) == 1
    (open_folder / "cache").chmod(0o755)


def test_a_shared_cache_is_read_and_never_written(server, copying, cache, tmp_path, monkeypatch):
    server.files |= {"a.tgz": BODY, "b.tgz": LONG}
    weights.fetch(row_of(server.url("a.tgz")))
    shared = cache.rename(tmp_path / "shared")
    before = sorted(shared.rglob("*"))
    monkeypatch.setenv("SLIMZOO_SHARED_CACHE", f"/nowhere{os.pathsep}{shared}")
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "own"))
    assert weights.fetch(row_of(server.url("a.tgz"))).is_relative_to(shared)
    assert weights.fetch(row_of(server.url("b.tgz"), tag="b")).is_relative_to(tmp_path / "own")
    assert sorted(shared.rglob("*")) == before
    (shared / "vgg_16" / "test" / "model.safetensors").unlink()
    server.files["a.tgz"] = BODY[::-1]
    with pytest.raises(SlimzooError, match="noted at the first fetch"):  # what was trusted there holds here
        weights.fetch(row_of(server.url("a.tgz")))


def test_a_lock_of_another_user_is_no_hindrance(server, copying, open_folder, monkeypatch):
    monkeypatch.setenv("SLIMZOO_CACHE", str(open_folder))
    folder = open_folder / "vgg_16" / "test"
    folder.mkdir(parents=True)
    (folder / ".lock").write_text("")
    for path in (open_folder, folder.parent, folder):
        path.chmod(0o777)
    (folder / ".lock").chmod(0o400)
    server.files["a.tgz"] = BODY
    with as_somebody_else():
        assert weights.fetch(row_of(server.url("a.tgz"), sha256=sha(BODY))).read_bytes() == BODY


def test_a_full_disk_is_said_and_what_came_is_gone_on_with(server, cache):
    server.files["a.tgz"] = LONG
    row = row_of(server.url("a.tgz"), sha256=sha(LONG))

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))

    message = answer(fetcher(row, preexec_fn=limit))
    assert "the file would be larger than is allowed here" in message
    assert [name for name in leftovers(cache) if "model" in name] == []
    assert answer(fetcher(row)) == sha(LONG)
    assert server.asked[-1][1] == "bytes=1000000-"


def test_a_full_file_system_is_said(server, copying, tmp_path, monkeypatch):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        monkeypatch.setenv("SLIMZOO_CACHE", str(small))
        server.files["a.tgz"] = LONG
        with pytest.raises(SlimzooError, match="the disk is full"):
            weights.fetch(row_of(server.url("a.tgz"), sha256=sha(LONG)))
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_proxy_of_the_environment_is_used(server, copying, monkeypatch):
    server.files["http://weights.example/a.tgz"] = BODY  # what a proxy is asked for
    monkeypatch.setenv("http_proxy", server.url("").rstrip("/"))
    row = row_of("http://weights.example/a.tgz", sha256=sha(BODY))
    assert weights.fetch(row).read_bytes() == BODY


def test_a_kept_original_is_used_without_a_request(server, copying, cache):
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"))
    path = weights.fetch(row, keep_original=True)
    assert (path.parent / "original" / "a.tgz").read_bytes() == BODY
    path.unlink()
    assert weights.fetch(row).read_bytes() == BODY
    assert len(server.asked) == 1
    (path.parent / "original" / "a.tgz").write_bytes(b"damaged")
    path.unlink()
    assert weights.fetch(row).read_bytes() == BODY
    assert len(server.asked) == 2


def test_weights_of_another_network_are_refused_with_the_reason(copying):
    with pytest.raises(SlimzooError, match=r"mobilenet_v1.timm_ra4_in1k cannot be loaded: .*another network"):
        weights.fetch(weights.get_row("mobilenet_v1.timm_ra4_in1k"))


def test_the_published_file_that_cannot_be_converted_is_kept(server, cache):
    server.files["a.tgz"] = BODY
    with pytest.raises(SlimzooError, match="is the published file, but"):
        weights.fetch(row_of(server.url("a.tgz"), server.url("b.tgz"), sha256=sha(BODY), size=len(BODY)))
    assert [name.endswith((".part", ".json")) for name in leftovers(cache)] == [True, True]
    assert len(server.asked) == 1
