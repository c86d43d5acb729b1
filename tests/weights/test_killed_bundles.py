"""Weights carried from cache to cache by processes that are killed at any moment."""

import base64
import pickle
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from slimzoo import converters, weights
from slimzoo.weights import bundle, manifest
from tests.fetching import cifarnet_variables, row_of, sha

KILLS = pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.slow)])
RUN = """
import base64, pickle, sys
from slimzoo.weights import bundle, manifest
rows, do, arguments = pickle.loads(base64.b64decode(sys.argv[1]))
manifest.rows = lambda: rows
print("ready", flush=True)
getattr(bundle, do)(*arguments)
"""


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Four rows whose weights are in the cache."""
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    made = []
    for number in range(4):
        path = tmp_path / f"{number}.safetensors"
        values = {name: np.asarray(value) + number for name, value in cifarnet_variables().items()}
        converters.write_safetensors(path, values)
        facts = {"network": "cifarnet", "labels": ("a", "b"), "preprocessing": {"kind": "cifarnet"}}
        made.append(row_of(path.as_uri(), tag=f"n{number}", sha256=sha(path.read_bytes()), **facts))
    monkeypatch.setattr(manifest, "rows", lambda: tuple(made))
    for row in made:
        weights.fetch(row)
    return tuple(made)


def start(rows, do, *arguments):
    told = base64.b64encode(pickle.dumps((rows, do, arguments))).decode()
    process = subprocess.Popen([sys.executable, "-c", RUN, told], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def killed(process, moments, most):
    time.sleep(moments.uniform(0, most))
    process.send_signal(signal.SIGKILL)
    process.communicate()


@KILLS
def test_an_export_that_is_killed_leaves_no_half_bundle(kills, rows, tmp_path, monkeypatch):
    whole, moments = tmp_path / "whole.tar", random.Random(kills)
    start_time = time.perf_counter()
    bundle.export_bundle(whole)
    took = time.perf_counter() - start_time
    path = tmp_path / "b.tar"
    for _ in range(kills):
        path.unlink(missing_ok=True)
        killed(start(rows, "export_bundle", path), moments, 2 * took)
        if path.exists():
            assert path.read_bytes() == whole.read_bytes()
    path.unlink(missing_ok=True)
    bundle.export_bundle(path)
    assert path.read_bytes() == whole.read_bytes()


@KILLS
def test_an_import_that_is_killed_leaves_a_cache_of_whole_weights(kills, rows, tmp_path, monkeypatch):
    path, moments = tmp_path / "b.tar", random.Random(kills)
    bundle.export_bundle(path)
    wanted = [weights.fetch(row).read_bytes() for row in rows]
    for trial in range(kills):
        monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / f"cache{trial}"))
        killed(start(rows, "import_bundle", path), moments, 0.4)
        for file, row in zip(wanted, rows, strict=True):
            for kept in (tmp_path / f"cache{trial}").rglob(f"{row.tag}/model.safetensors"):
                assert kept.read_bytes() == file
        assert set(bundle.import_bundle(path)) == {str(row) for row in rows}
        monkeypatch.setenv("SLIMZOO_OFFLINE", "1")
        assert [weights.fetch(row, verify=True).read_bytes() for row in rows] == wanted
        monkeypatch.delenv("SLIMZOO_OFFLINE")
