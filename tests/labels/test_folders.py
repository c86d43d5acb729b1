"""What a folder of ImageNet's images may be called."""

import pytest

from slimzoo import labels
from slimzoo.labels.folders import imagenet_classes

NAMES = labels.imagenet(0)


def test_wordnet_ids_name_every_class_with_words_behind_them_or_without():
    ids = labels.imagenet_wordnet_ids(0)
    assert imagenet_classes(ids) == ({name: i for i, name in enumerate(ids)}, [])
    assert imagenet_classes(["N01440764", "n01443537-goldfish"]) == (
        {"N01440764": 0, "n01443537-goldfish": 1},
        [],
    )


def test_whole_labels_and_first_names_name_every_class_but_those_that_two_share():
    shared = {
        i for i, name in enumerate(NAMES) if name.split(",")[0].lower() in ("crane", "cardigan", "maillot")
    }
    for text in (lambda name: name, lambda name: name.split(",")[0].upper().replace(" ", "_")):
        found, problems = imagenet_classes([text(name) for name in NAMES])
        assert all(text(NAMES[i]) == name for name, i in found.items())
        assert set(range(1000)) - set(found.values()) <= shared
        assert len(problems) <= len(shared)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("great_white_shark", "great white shark, white shark"),
        ("Man-Eating Shark", "great white shark, white shark"),
        ("tinca  tinca", "tench, Tinca tinca"),
        ("black-and-tan coonhound", "black-and-tan coonhound"),
        ("jack_o_lantern", "jack-o'-lantern"),
        ("harp", "harp"),  # not the harmonica, which is called so too
        ("crayfish", "crayfish, crawfish"),
        ("maillot, tank suit", "maillot, tank suit"),
    ],
)
def test_any_of_the_names_will_do_however_it_is_written(name, label):
    found, problems = imagenet_classes([name])
    assert not problems
    assert NAMES[found[name]].startswith(label)


def test_two_folders_may_be_one_class():
    assert imagenet_classes(["tench", "n01440764"])[0] == {"tench": 0, "n01440764": 0}


@pytest.mark.parametrize("name", ["crane", "Cardigan", "maillot", "panda", "grass_snake"])
def test_a_name_of_two_classes_is_answered_with_both_ids(name):
    found, (problem,) = imagenet_classes([name])
    assert not found and problem.startswith(name)
    assert problem.count("n0") == 2


def test_every_folder_that_is_no_class_is_named():
    found, problems = imagenet_classes(["tench", "n00000001", "fish", "n1440764", "background", "_"])
    assert found == {"tench": 0}
    assert [p.partition(":")[0] for p in problems] == ["n00000001", "fish", "n1440764", "background", "_"]


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["1", "2"], "without a 0"),  # of 1000, of 1001, or the numbers of the competition's kit
        (["0", "1000"], "from 0 to 999"),
        (["0", "tench"], "beside names"),
    ],
)
def test_numbers_that_may_be_counted_otherwise_are_no_classes(names, why):
    found, problems = imagenet_classes(names)
    assert found.keys() <= {"tench"}
    assert why in problems[0] and "WordNet" in problems[0]


def test_numbers_from_0_are_classes():
    assert imagenet_classes(["0", "007", "999"]) == ({"0": 0, "007": 7, "999": 999}, [])
