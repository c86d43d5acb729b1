"""Ray: what it is asked for leaves the reader a share; what cannot be reached or loaded is a message."""

import importlib.util
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.streaming import on_ray
from slimzoo.streaming.recipe import Cluster, Recipe
from slimzoo.streaming.rows import Piece
from tests.streaming.conftest import read_rows

needs_ray = pytest.mark.skipif(
    not importlib.util.find_spec("ray"), reason="ray, of the extra ray, is missing"
)


@pytest.fixture
def machine(monkeypatch):
    """Pretends that Ray runs on two cores."""
    fake = SimpleNamespace(cluster_resources=lambda: {"CPU": 2.0}, available_resources=lambda: {"CPU": 0.5})
    monkeypatch.setitem(sys.modules, "ray", fake)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("actors", [1, 2, 3])
def test_actors_leave_the_reader_its_share(actors):
    cluster = on_ray.shared(Cluster(actors=(actors, actors)))
    assert cluster.cpus <= 1
    assert actors * cluster.cpus + on_ray.READER_CPUS <= 2


@pytest.mark.usefixtures("machine")
def test_actors_that_would_starve_the_reader_are_refused_with_what_would_do():
    with pytest.raises(SlimzooError, match=r"ask for 2 of the 2 there are.*--cpus-per-actor 0.75"):
        on_ray.shared(Cluster(actors=(2, 2), cpus=1.0))
    assert on_ray.shared(Cluster("auto", (2, 2), 1.0)).cpus == 1.0  # a cluster may grow
    said = on_ray.stands(Cluster(actors=(2, 4), cpus=0.75))
    assert "2 CPUs, 0.5 of them free" in said and "2 to 4 actors want 0.75 CPUs" in said


def test_a_list_of_files_is_split_for_all_actors_and_ends_once():
    names = tuple(f"{i}.jpg" for i in range(1000))
    found = [*on_ray._split([Piece(0, "files", "all", 7, names), Piece(1, "tar", "a.tar")], 2)]
    assert [name for piece in found for name in piece.names] == [*names]
    assert [piece.first for piece in found[:3]] == [7, 71, 135]
    assert [piece.ends for piece in found] == [*[False] * 15, True, True]


@needs_ray
@pytest.mark.parametrize("address", ["ray://127.0.0.1:{port}", "127.0.0.1:{port}"])
def test_a_cluster_that_does_not_answer_is_said_at_once(address):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SlimzooError, match="no Ray cluster answers at"):
        on_ray.check(Cluster(address.format(port=port)))
    with pytest.raises(SlimzooError, match="it is ray://HOST:10001"):
        on_ray.check(Cluster("somewhere"))


def test_ray_that_is_not_installed_is_said_with_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(SlimzooError, match=r"pip install 'slimzoo\[ray\]'"):
        on_ray.check(Cluster())


def test_an_actor_says_that_its_node_has_no_weights_or_others(cifarnet, tmp_path):
    gone = on_ray.Actor(Recipe(model=str(tmp_path / "gone.safetensors")), "77", 1, str(tmp_path))
    assert "the model cannot be loaded on" in gone({"item": []})["problem"][0]
    other = on_ray.Actor(Recipe(model=str(cifarnet)), "77", 1, os.getcwd())
    assert "has other values there" in other({"item": []})["problem"][0]


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "slimzoo", "predict", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@needs_ray
@pytest.mark.slow
def test_actors_of_ray_give_the_rows_of_the_plain_stream(cifarnet, pictures, tmp_path):
    given = ("--model", cifarnet, "--images", pictures, "--features", "fc3", "--out")
    plain = command(*given, tmp_path / "plain.jsonl")
    spread = command(*given, tmp_path / "ray.jsonl", "--engine-cluster", "ray", "--actors", "2")
    assert plain.returncode == spread.returncode == 1  # two are broken
    assert "21 of 23" in plain.stdout, plain.stderr
    assert "21 of 23" in spread.stdout, spread.stderr
    one, other = read_rows(tmp_path / "plain.jsonl"), read_rows(tmp_path / "ray.jsonl")
    assert [row["image"] for row in one] == [row["image"] for row in other]
    for row, twin in zip(one, other, strict=True):
        assert row.get("error") == twin.get("error")
        if "error" not in row:  # of up to 50, summed up by other numbers of threads
            assert row["features"] == pytest.approx(twin["features"], rel=1e-4, abs=1e-4)
