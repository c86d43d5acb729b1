"""Of two commands that write one destination, the second is told of the first and writes nothing."""

import os

import pytest

from slimzoo.files.locks import writing

COMMANDS = {
    "weights": ("convert", "{src}", "{dst}"),
    "weights, to overwrite": ("convert", "{src}", "{dst}", "--overwrite"),
    "a whole model": ("convert", "{src}", "{dst}.keras", "--network", "cifarnet"),
    "a bundle": ("cache", "export", "{dst}"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_second_writer_is_refused(name, refused, cifarnet, tmp_path, monkeypatch):
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    if name == "a bundle":
        from slimzoo.weights import bundle

        monkeypatch.setattr(bundle, "_chosen", lambda names: [])
    command = [part.format(src=cifarnet, dst=tmp_path / "out.safetensors") for part in COMMANDS[name]]
    target = next(part for part in command if str(tmp_path / "out") in part)
    with writing(target):
        refused(
            *command, words=("is in use by process", str(os.getpid()), "wait for it, or name another file")
        )
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("out", ".out"))] == []


def test_a_download_goes_on_after_a_file_that_cannot_be_written(slimzoo, cifarnet, tmp_path, monkeypatch):
    from slimzoo.weights import manifest
    from tests.fetching import row_of, sha

    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    facts = {"network": "cifarnet", "num_classes": 10, "labels": tuple("abcdefghij")}
    digest = sha(cifarnet.read_bytes())
    rows = tuple(row_of(cifarnet.as_uri(), tag=tag, sha256=digest, **facts) for tag in ("one", "two"))
    monkeypatch.setattr(manifest, "rows", lambda: rows)
    (tmp_path / "cache" / "cifarnet" / "one" / "model.json").mkdir(parents=True)
    done = slimzoo("download", "cifarnet.*")
    assert done.code == 2
    assert "cifarnet.two" in done.out
    assert "model.json is a folder" in done.err
