"""What one process knows all know, and what ends one ends all; here threads stand for the processes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from slimzoo.errors import SlimzooError
from slimzoo.training.together.cluster import Alone, Cluster, joined, place_for, versions
from slimzoo.training.together.machines import Machines
from tests.training.together.test_channel import addresses

COUNT = 3


@pytest.fixture(scope="module")
def clusters():
    """Three processes that train together."""
    names = addresses(COUNT)
    with ThreadPoolExecutor(COUNT) as threads:
        found = [*threads.map(lambda index: Cluster(Machines(names, index), 20), range(COUNT))]
    yield found
    for each in found:
        each.close()


def each_of(clusters, do):
    """What `do` gives in each of them, all at once; an error stands for itself."""

    def one(cluster):
        try:
            return do(cluster)
        except SlimzooError as error:
            return str(error)

    with ThreadPoolExecutor(len(clusters)) as threads:
        return [*threads.map(one, clusters)]


def test_all_get_the_part_of_each_in_order(clusters):
    parts = [b"zero", b"", b"two" * 100_000]
    assert each_of(clusters, lambda cluster: cluster.gather(parts[cluster.index])) == [parts] * COUNT


def test_all_get_what_the_first_says(clusters):
    said = each_of(clusters, lambda cluster: cluster.broadcast(str(cluster.index).encode()))
    assert said == [b"0"] * COUNT
    assert each_of(clusters, lambda cluster: cluster.decide(cluster.index == 1)) == [False] * COUNT


def test_a_signal_to_one_is_one_to_all(clusters):
    assert each_of(clusters, lambda cluster: cluster.agree(None)) == [None] * COUNT
    signals = [None, 15, 2]
    assert each_of(clusters, lambda cluster: cluster.agree(signals[cluster.index])) == [15] * COUNT


def test_arrays_come_as_they_are_and_none_where_one_process_has_none(clusters):
    for whole in (True, False):

        def mine(cluster, whole=whole):
            known = {"scores": np.full((cluster.index, 2), 0.1, np.float32)}
            return cluster.gather_arrays(known if whole or cluster.index else None)

        found = each_of(clusters, mine)
        if not whole:
            assert found == [None] * COUNT
            continue
        for parts in found:
            assert [part["scores"].shape for part in parts] == [(0, 2), (1, 2), (2, 2)]
            np.testing.assert_array_equal(parts[2]["scores"], np.full((2, 2), 0.1, np.float32))


def test_a_file_of_the_first_is_everywhere(clusters, tmp_path):
    folders = [tmp_path / str(index) for index in range(COUNT)]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "step-1").write_bytes(b"values")

    def mine(cluster):
        path = folders[0] / "step-1" if cluster.is_chief else None
        return cluster.hand_on(path, folders[cluster.index])

    assert each_of(clusters, mine) == [folder / "step-1" for folder in folders]
    assert all((folder / "step-1").read_bytes() == b"values" for folder in folders)
    assert each_of(clusters, lambda cluster: cluster.hand_on(None, tmp_path)) == [None] * COUNT


def test_what_differs_is_listed_with_the_workers_that_have_it(clusters):
    facts = [{"seed": 1, "keras": "3.15", "size": 32}, {"seed": 1, "keras": "3.12", "size": 32}, {"seed": 2}]
    said = each_of(clusters, lambda cluster: cluster.compare("settings", facts[cluster.index]))
    assert len(set(said)) == 1
    assert "the machines differ in settings" in said[0]
    assert "seed: 1 on workers 0, 1; 2 on worker 2" in said[0]
    assert '"3.15" on worker 0; "3.12" on worker 1; null on worker 2' in said[0]
    assert each_of(clusters, lambda cluster: cluster.compare("settings", facts[0])) == [None] * COUNT


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (["a", "c"], ["images: worker 2 alone has c", "images: worker 2 has no b"]),
        (["b", "a"], ["images: worker 2 has it in another order, or some of it more often"]),
        (["a", "b", "b"], ["images: worker 2 has it in another order, or some of it more often"]),
    ],
)
def test_what_a_digest_is_of_is_looked_at_where_it_differs(clusters, theirs, said):
    items = [["a", "b"], ["a", "b"], theirs]

    def compare(cluster):
        own = items[cluster.index]
        return cluster.compare("data", {"images": "".join(own)}, {"images": lambda: own, "other": list})

    found = each_of(clusters, compare)
    assert len(set(found)) == 1
    assert [line.strip() for line in found[0].splitlines()[2:]] == said


def test_nobody_looks_closer_where_nothing_differs(clusters):
    def compare(cluster):
        return cluster.compare("data", {"images": "same"}, {"images": lambda: 1 / 0})

    assert each_of(clusters, compare) == [None] * COUNT


@pytest.mark.parametrize(("images", "sizes"), [(20, [8, 8, 4]), (5, [4, 1, 0]), (3, [3, 0, 0])])
def test_each_measures_whole_batches_and_together_they_are_all(clusters, data, images, sizes):
    whole = data[0].subset(np.arange(images) % len(data[0]))
    parts = [cluster.part_of(whole, 4) for cluster in clusters]
    assert [len(part) for part in parts] == sizes
    assert [path for part in parts for path in part.paths] == [*whole.paths]
    assert Alone().part_of(whole, 4) is whole


def test_the_error_of_one_ends_all_with_its_words(tmp_path):
    names = addresses(2)

    def one(index):
        machines = Machines(names, index)
        with place_for(machines, tmp_path) as folder, joined(machines, 20, lambda: {"seed": 1}) as cluster:
            assert folder.is_dir() and (folder == tmp_path) == (index == 0)
            if index == 1:
                raise SlimzooError("an image cannot be read")
            cluster.gather(b"")

    with ThreadPoolExecutor(2) as threads:
        first, second = (threads.submit(one, index) for index in (0, 1))
    assert str(second.exception()) == "an image cannot be read"
    assert f"worker 1 ({names[1]}) ended: an image cannot be read" in str(first.exception())
    assert "goes on from the last checkpoint" in str(first.exception())


def test_one_machine_alone_waits_for_nobody_and_works_in_the_folder_itself(tmp_path):
    with place_for(None, tmp_path) as folder, joined(None, 1, dict) as cluster:
        assert (folder, cluster.count, cluster.strategy("auto")) == (tmp_path, 1, None)
        assert cluster.gather(b"own") == [b"own"]
        assert cluster.agree(15) == 15 and cluster.agree(None) is None
        cluster.compare("anything", {"a": 1})
        cluster.close()


def test_versions_are_of_what_decides_numbers():
    assert set(versions()) == {"slimzoo", "Python", "tensorflow", "keras", "numpy"}
