"""A server, a cache of the test's own, and a conversion that only copies."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.weights import download
from tests.fetching import Server, serving

VARIABLES = (
    *("SLIMZOO_MIRROR", "SLIMZOO_OFFLINE", "SLIMZOO_SHARED_CACHE", "SLIMZOO_KEEP_ORIGINALS"),
    *("HF_HUB_OFFLINE", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
)


@pytest.fixture
def server():
    with serving(Server()) as running:
        yield running


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own; converting is copying, except where a test asks for the real one."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "PAUSE", 0.0)
    return tmp_path / "cache"


@pytest.fixture
def copying(monkeypatch):
    def convert(source, destination, **options):
        data = Path(source).read_bytes()
        if data.startswith(b"<html"):
            raise SlimzooError(f"{source} is no checkpoint")
        Path(destination).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return SimpleNamespace(
            sha256=digest, tensors=1, parameters=1, left_out={"global_step": 1}, metadata={}
        )

    monkeypatch.setattr(converters, "convert", convert)
