"""`slimzoo export`: what it prints, and what it refuses before TensorFlow starts."""

from tests.cli.support import left_in


def test_a_file_becomes_the_next_version_of_a_model_to_serve(slimzoo, cifarnet, tmp_path):
    done = slimzoo("export", cifarnet, "--for", "tf-serving", "--out", "models", "--name", "things", "--json")
    assert done.code == 0, done.err
    assert (done.json["target"], done.json["version"]) == ("tf-serving", 1)
    assert (tmp_path / "models/things/1/assets/labels.txt").read_text().startswith("cat\ndog\n")
    before = left_in(tmp_path)
    assert not [name for name in before if name.startswith("models/.")]


def test_what_cannot_be_exported_is_said(refused, cifarnet, checkpoint, tmp_path):
    (tmp_path / "file").write_text("mine")
    refused("export", cifarnet, "--for", "tf-servin", "--out", "x", words=["tf-servin", "tf-serving"])
    refused("export", cifarnet, "--for", "tf-serving", "--out", "file", words=["file is a file", "--out"])
    refused("export", "no.ckpt", "--for", "tf-serving", "--out", "x", words=["no.ckpt"])
    refused("export", "cifarnt", "--for", "tf-serving", "--out", "x", words=["cifarnt", "cifarnet"])
    assert left_in(tmp_path) == ["file"]
