"""Shards of records, packs and lists at the command line: trained on, measured on, refused."""

import pytest

from tests.data.records import flowers, slim_example, write


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))


def test_a_run_on_shards_knows_what_it_held_out(slimzoo, cifarnet, tmp_path):
    flowers(tmp_path / "fl", 2, 6)
    trained = (
        "--model",
        "cifarnet",
        "--weights",
        cifarnet,
        "--steps",
        2,
        "--batch-size",
        4,
        "--out",
        "run",
        "--no-deterministic",
    )
    done = slimzoo("finetune", "tfrecord", "--data", "fl", *trained, "--json")
    assert done.code == 0, done.err
    measured = slimzoo("evaluate", "tfrecord", "--data", "fl", "--model", "run", "--json")
    assert measured.code == 0, measured.err
    assert measured.json["map"] == pytest.approx(done.json["map"])
    assert "among those" not in measured.err
    whole = slimzoo("evaluate", "tfrecord", "--data", "fl/*train*", "--split", "train", "--model", "run")
    assert "10 of these 12 images are among those that run was trained on" in whole.err
    page = (tmp_path / "run" / "report.html").read_text()
    assert "flowers_train_00000-of-00002.tfrecord@" in page and "not found" not in page


def test_broken_shards_end_with_every_fault_before_anything_is_trained(refused, tmp_path):
    shard = write(tmp_path / "fl" / "a.tfrecord", [slim_example(i, i % 3) for i in range(4)])
    (tmp_path / "fl" / "labels.txt").write_text("0:a\n1:b\n")
    content = shard.read_bytes()
    shard.write_bytes(content[:-9])
    refused(
        *("finetune", "tfrecord", "--data", "fl", "--model", "cifarnet", "--weights", "none"),
        words=["fl cannot be used, 2 problems:", "a.tfrecord@", "label 2; there are 0 to 1", "cut short"],
    )


def test_packed_data_go_through_every_command(slimzoo, cifarnet, classes):
    def run(*words):
        done = slimzoo(*words)
        assert done.code == 0, done.err
        return done

    packed = run("pack", "folder", "--data", classes, "--out", "packed", "--shards", 3, "--validation", 0.34)
    assert packed.out.splitlines() == [
        "packed: train is packed, 8 images of 2 classes in 3 shards",
        "packed: validation is packed, 4 images of 2 classes in 3 shards",
    ]
    assert run("pack", "verify", "--data", "packed").out.count("is whole") == 2
    plan = run(
        "finetune", "tfrecord", "--data", "packed", "--weights", cifarnet, "--model", "cifarnet", "--dry-run"
    )
    assert "8 images; held out: 4" in plan.out and "classes: cat, dog" in plan.out
    again = run("pack", "tfrecord", "--data", "packed", "--split", "train", "--out", "anew", "--json")
    assert again.json["parts"][0]["counts"] == {"cat": 4, "dog": 4}
    assert len(again.json["parts"][0]["shards"]) == 1


def test_a_pack_that_is_there_is_not_written_over(slimzoo, refused, classes):
    command = ("pack", "folder", "--data", classes, "--out", "packed")
    assert slimzoo(*command).code == 0
    refused(*command, words=["packed/train.json is of a finished pack", "--out DIR; --overwrite replaces it"])
    assert slimzoo(*command, "--overwrite", "--in-order").code == 0
    refused("pack", "verify", "--data", "nowhere", words=["there is no folder nowhere"])
    refused("pack", "folder", "--data", classes, "--out", "x", "--shards", 13, words=["13", "12 images"])


def test_a_list_goes_through_every_command(slimzoo, refused, cifarnet, classes):
    rows = [f"{path.relative_to(classes)},{path.parent.name}" for path in sorted(classes.glob("*/*.jpg"))]
    (classes / "list.csv").write_text("\n".join(["image,label", *rows]))
    trained = ("--model", "cifarnet", "--weights", cifarnet, "--steps", 1, "--batch-size", 4, "--out", "run")
    done = slimzoo("finetune", "list", "--data", "classes/list.csv", *trained, "--no-deterministic", "--json")
    assert done.code == 0, done.err
    measured = slimzoo("evaluate", "list", "--data", "classes/list.csv", "--model", "run", "--json")
    assert measured.json["map"] == pytest.approx(done.json["map"])
    packed = slimzoo("pack", "list", "--data", "classes/list.csv", "--out", "packed")
    assert packed.out == "packed: train is packed, 12 images of 2 classes in 1 shard\n"
    command = ("pack", "list", "--data", "classes/list.csv", "--out", "x", "--label-columns", "species")
    refused(*command, words=["has no column species; there are image, label"])
    (classes / "list.csv").write_text("image,a,b\ncat/0.jpg,x,y\n")
    refused("finetune", "list", "--data", "classes/list.csv", words=["--label-columns NAMES"])
