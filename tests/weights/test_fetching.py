"""Weights are found by name; a fetch ends with the right file or with every reason."""

import logging
import os
from dataclasses import replace

import pytest

import slimzoo
from slimzoo import converters, labels, list_models, weights
from slimzoo.errors import SlimzooError
from slimzoo.model.features import Backbone
from slimzoo.preprocessing import Preprocessing
from slimzoo.weights import manifest
from slimzoo.weights.cache import read_record
from tests.fetching import BODY, leftovers, row_of, sha


@pytest.mark.parametrize("row", weights.rows(), ids=str)
def test_a_row_is_of_a_known_network_and_its_preprocessing_is_complete(row):
    assert row.network in list_models()
    assert Preprocessing.from_dict(row.preprocessing).channels == 3
    assert row.num_classes == len(labels.named(row.labels, row.label_offset))


def test_the_first_row_of_a_network_is_its_default():
    assert weights.get_row("mobilenet_v1_050").tag == "slim_in1k_224"
    row = weights.get_row("mobilenet_v1_025", "slim_in1k_128")
    assert weights.get_row("mobilenet_v1_025.slim_in1k_128") is row
    assert weights.get_row("mobilenet_v1_025/slim_in1k_128") is row


def test_every_released_mobilenet_has_its_published_accuracy():
    rows = [row for row in weights.rows() if row.network.startswith("mobilenet_v1") and "slim" in row.tag]
    assert len(rows) == 32  # 4 widths, 4 sizes, 2 series of archives
    assert weights.get_row("mobilenet_v1_025.slim_in1k_128").top1 == 41.5
    assert all(row.top5 > row.top1 > 40 for row in rows)


def test_every_row_without_a_digest_comes_over_https():
    rows = [row for row in weights.rows() if not row.published]
    assert all(source.startswith("https://") for row in rows for source in row.sources)


def test_an_unknown_tag_lists_the_tags():
    with pytest.raises(
        SlimzooError, match=r"vgg_16 has no weights 'slim_in2k'. Nearest: slim_in1k.* There are: slim_in1k, k"
    ):
        weights.get_row("vgg_16", "slim_in2k")


def test_a_network_without_weights_says_how_to_give_ones_own():
    with pytest.raises(SlimzooError, match=r"no released weights are known for 'lenet'.*weights=PATH"):
        weights.get_row("lenet")


def test_an_unknown_network_names_the_nearest():
    with pytest.raises(SlimzooError, match=r"no network is named 'vgg16'. Nearest: vgg_16"):
        weights.get_row("vgg16")


def test_the_demo_weights_are_of_the_drawn_classes_and_not_damaged():
    from tools.drawing.draw import OTHER

    row = weights.get_row("mobilenet_v1_025/drawn")
    assert row.labels == tuple(OTHER)
    try:
        path = weights.fetch(row)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert path.stat().st_size < 1_500_000  # what the wheel may carry


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "md5"])
def test_a_file_with_the_right_digest_is_fetched_once(server, copying, cache, algorithm):
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"), size=len(BODY), **{algorithm: sha(BODY, algorithm)})
    first = weights.fetch(row)
    assert first == cache / "vgg_16" / "test" / "model.safetensors"
    assert first.read_bytes() == BODY
    assert weights.fetch(row, verify=True) == first
    assert len(server.asked) == 1
    assert leftovers(cache) == ["model.json", "model.safetensors"]


def test_what_was_fetched_is_noted_beside_the_file(server, copying, cache):
    server.files["a.tgz"] = BODY
    record = read_record(weights.fetch(row_of(server.url("a.tgz"))).parent)
    assert record["source"] == server.url("a.tgz")
    assert record["source_digests"] == {"sha256": sha(BODY)}
    assert record["source_size"] == record["size"] == len(BODY)
    assert record["left_out"] == {"global_step": 1}


def test_a_wrong_digest_is_never_used_and_the_next_source_is(server, copying, cache):
    server.files |= {"bad.tgz": BODY[::-1], "good.tgz": BODY}
    row = row_of(server.url("bad.tgz"), server.url("good.tgz"), sha256=sha(BODY))
    assert weights.fetch(row).read_bytes() == BODY
    assert leftovers(cache) == ["model.json", "model.safetensors"]


def test_a_missing_file_leads_to_the_next_source(server, copying):
    server.files["good.tgz"] = BODY
    assert weights.fetch(row_of(server.url("gone.tgz"), server.url("good.tgz"))).read_bytes() == BODY
    assert [path for path, _ in server.asked] == ["/gone.tgz", "/good.tgz"]


def test_no_source_left_lists_every_reason_and_the_ways_out(server, copying, cache):
    server.files["bad.tgz"] = BODY
    row = row_of(server.url("gone.tgz"), server.url("bad.tgz"), "file:///no/such/a.tgz", sha256="0" * 64)
    with pytest.raises(SlimzooError) as caught:
        weights.fetch(row)
    message = str(caught.value)
    reasons = ("weights vgg_16.test:", "HTTP 404", f"its sha256 is {sha(BODY)}, not 000", "/no/such/a.tgz")
    expected = (*reasons, "weights=PATH", "SLIMZOO_MIRROR", str(cache), "slim_in1k")
    assert [part for part in expected if part not in message] == []
    assert leftovers(cache) == []


def test_a_first_fetch_without_a_digest_is_noted_and_a_later_other_file_refused(
    server, copying, cache, caplog
):
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"))
    with caplog.at_level(logging.WARNING, "slimzoo"):
        path = weights.fetch(row)
    assert sha(BODY) in caplog.text
    path.unlink()
    server.files["a.tgz"] = BODY[::-1]
    with pytest.raises(SlimzooError, match=r"noted at the first fetch"):
        weights.fetch(row)


def test_a_damaged_cached_file_is_made_again(server, copying, cache):
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"), sha256=sha(BODY))
    path = weights.fetch(row)
    path.write_bytes(BODY[:1000])
    assert weights.fetch(row).read_bytes() == BODY
    path.write_bytes(BODY[::-1])  # same size, another time
    assert weights.fetch(row).read_bytes() == BODY
    time = path.stat().st_mtime_ns
    path.write_bytes(BODY[::-1])
    os.utime(path, ns=(time, time))  # same size and time: only the digest tells
    assert weights.fetch(row, verify=True).read_bytes() == BODY
    assert len(server.asked) == 4


def test_a_copied_cache_is_used_without_a_request(server, copying, cache):
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"), sha256=sha(BODY))
    os.utime(weights.fetch(row), ns=(0, 0))
    assert weights.fetch(row).read_bytes() == BODY
    assert len(server.asked) == 1


def test_a_row_whose_digest_changed_is_fetched_again(server, copying):
    server.files["a.tgz"] = BODY
    weights.fetch(row_of(server.url("a.tgz"), sha256=sha(BODY)))
    server.files["a.tgz"] = BODY[::-1]
    changed = row_of(server.url("a.tgz"), sha256=sha(BODY[::-1]))
    assert weights.fetch(changed).read_bytes() == BODY[::-1]


def test_a_page_instead_of_a_checkpoint_is_a_reason_like_any_other(server, copying, cache):
    server.files |= {"a.tgz": b"<html>log in</html>", "b.tgz": BODY}
    assert weights.fetch(row_of(server.url("a.tgz"), server.url("b.tgz"))).read_bytes() == BODY
    assert leftovers(cache) == ["model.json", "model.safetensors"]


@pytest.mark.parametrize("as_url", [True, False])
def test_the_mirror_is_asked_first(tmp_path, copying, monkeypatch, as_url):
    folder = tmp_path / "mirror"
    (folder / "vgg_16").mkdir(parents=True)
    (folder / "vgg_16" / "a.tgz").write_bytes(BODY)
    monkeypatch.setenv("SLIMZOO_MIRROR", f"{folder.as_uri()}/" if as_url else str(folder))
    monkeypatch.setenv("SLIMZOO_OFFLINE", "1")  # a file is no request
    assert weights.fetch(row_of("https://example.invalid/x/a.tgz")).read_bytes() == BODY


@pytest.mark.parametrize("variable", ["SLIMZOO_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_the_cache_serves_and_nothing_is_asked(server, copying, monkeypatch, variable):
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"))
    weights.fetch(row)
    monkeypatch.setenv(variable, "1")
    weights.fetch(row)
    with pytest.raises(SlimzooError, match=f"not asked, because {variable} is set"):
        weights.fetch(replace(row, tag="other"))
    assert len(server.asked) == 1


def test_a_hub_source_is_named_by_repository_commit_and_file(tmp_path, copying, monkeypatch):
    import huggingface_hub

    asked = {}
    (tmp_path / "hub.safetensors").write_bytes(BODY)
    monkeypatch.setattr(
        huggingface_hub,
        "hf_hub_download",
        lambda **named: asked.update(named) or tmp_path / "hub.safetensors",
    )
    commit = "0123456789" * 4
    path = weights.fetch(row_of(f"hf://owner/name@{commit}/sub/model.safetensors", sha256=sha(BODY)))
    assert path.read_bytes() == BODY
    assert (asked["repo_id"], asked["revision"], asked["filename"]) == (
        "owner/name",
        commit,
        "sub/model.safetensors",
    )
    assert (tmp_path / "hub.safetensors").exists()  # the hub's cache is the hub's


def test_a_hub_that_cannot_be_reached_is_a_reason_like_any_other(copying, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SlimzooError, match=r"LocalEntryNotFoundError"):
        weights.fetch(row_of(f"hf://owner/name@{'0' * 40}/model.safetensors"))


def test_a_cache_that_cannot_be_made_says_how_to_name_another(tmp_path, copying, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(SlimzooError, match=r"SLIMZOO_CACHE names another"):
        weights.fetch(row_of("https://example.invalid/a.tgz"))


def test_real_weights_are_fetched_checked_converted_and_cached(shared, server, cache):
    name = "mobilenet_v1_0.25_128_frozen.tgz"
    server.files[name] = (shared / "checkpoints" / "real" / name).read_bytes()
    row = replace(
        weights.get_row("mobilenet_v1_025.slim_in1k_128"),
        sources=(server.url(name),),
        member="mobilenet_v1_0.25_128/frozen_graph.pb",
        sha256=sha(server.files[name]),
        sha384="",
        size=len(server.files[name]),
    )
    arrays = converters.read(weights.fetch(row))
    assert arrays.shapes["MobilenetV1/Logits/Conv2d_1c_1x1/weights"] == (1, 1, 256, 1001)
    assert arrays.metadata["network"] == "mobilenet_v1_025"


def test_weights_with_another_number_of_classes_than_the_row_says_are_refused(shared, server, cache):
    graph = shared / "checkpoints" / "real" / "mobilenet_v1_0.25_128_frozen.pb"
    row = replace(
        weights.get_row("mobilenet_v1_025.slim_in1k_128"),
        sources=(graph.as_uri(),),
        member="",
        num_classes=1000,
    )
    row = replace(row, sha256=sha(graph.read_bytes()), sha384="", size=0)
    with pytest.raises(SlimzooError, match="it has 1001 classes, not 1000"):
        weights.fetch(row)
    assert [path.name for path in cache.rglob("*") if path.is_file()] == [".lock"]


def test_weights_without_the_last_layers_serve_features_and_classes_of_ones_own(shared, cache, monkeypatch):
    path = shared / "checkpoints" / "real" / "keras_mobilenet_0.25_224_notop.h5"
    row = replace(
        weights.get_row("mobilenet_v1_025.keras_in1k_224"),
        tag="notop",
        sources=(path.as_uri(),),
        num_classes=0,
        labels=(),
    )
    monkeypatch.setattr(manifest, "rows", lambda: (row,))
    assert converters.read(weights.fetch(row)).metadata["num_classes"] == "0"
    headless = slimzoo.load("mobilenet_v1_025.notop")
    assert (headless.num_classes, headless.restore_report.fraction) == (0, 1.0)
    model = slimzoo.load("mobilenet_v1_025.notop", num_classes=7)
    assert {name.split("/")[1] for name in model.restore_report.reinitialised} == {"Logits"}
    backbone = slimzoo.load("mobilenet_v1_025.notop", features_only=True)
    assert isinstance(backbone, Backbone)


def test_weights_of_other_maths_are_never_a_default(monkeypatch):
    row = replace(row_of("https://there/a.h5"), maths="differs", note="it pads on both sides")
    monkeypatch.setattr(manifest, "rows", lambda: (row,))
    with pytest.raises(SlimzooError, match=r"vgg_16.test must be asked for by name: it pads on both sides"):
        weights.get_row("vgg_16")
    assert weights.get_row("vgg_16.test") is row


def test_every_row_of_other_maths_says_in_what_they_differ():
    found = {row.maths: row for row in weights.rows()}
    assert set(found) == {"same", "differs", "other"}
    assert "3x3 average pools" in weights.get_row("inception_v3.timm_tv_in1k").note
    assert "pads before its first pool" in weights.get_row("resnet_v1_50.keras_in1k").note
    assert weights.get_row("resnet_v1_50").tag == "slim_in1k"
