"""huggingface_hub itself, against a hub on this machine: pinned files, faults, models by name, pushing."""

import json
import random
import re
import signal
import time
from types import SimpleNamespace

import numpy as np
import pytest

from slimzoo import converters
from tests import warm
from tests.fetching import BODY, answer, cifarnet_variables, fetcher, leftovers, row_of, serving, sha
from tests.weights.fake_hub import FakeHub

COMMIT = "0123456789" * 4
OTHER = "fedcba9876" * 4
NAME = f"hf://o/net@{COMMIT}/model.safetensors"
LONG = np.random.default_rng(1).bytes(1_000_000)


@pytest.fixture
def hub():
    with serving(FakeHub()) as running:
        running.add("o/net", COMMIT, model__safetensors=BODY)
        yield running


@pytest.fixture
def at(hub, tmp_path, monkeypatch):
    """The environment of a process that takes this hub for the hub."""
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    return SimpleNamespace(home=tmp_path / "hf", blobs=lambda: list((tmp_path / "hf").rglob("blobs/*")))


def test_a_pinned_file_is_asked_for_once_and_then_served_without_a_request(hub, at, cache):
    row = row_of(NAME, sha256=sha(BODY))
    assert answer(fetcher(row)) == sha(BODY)
    asked = len(hub.asked)
    assert answer(fetcher(row_of(NAME, sha256=sha(BODY), tag="again"))) == sha(
        BODY
    )  # from the hub's own cache
    assert (len(hub.asked), hub.sent) == (asked, len(BODY))
    assert leftovers(cache) == ["model.json", "model.safetensors"]


def test_a_branch_with_a_published_sha256_is_followed_only_to_that_file(hub, at):
    row = row_of("hf://o/net@main/model.safetensors", sha256=sha(BODY))
    assert answer(fetcher(row)) == sha(BODY)
    hub.add("o/net", OTHER, model__safetensors=BODY[::-1])
    moved = row_of("hf://o/net@main/model.safetensors", sha256=sha(BODY), tag="later")
    assert re.search(r"its sha256 is .* as the manifest says", answer(fetcher(moved)))


def test_offline_the_hubs_cache_serves_and_nothing_is_asked(hub, at, monkeypatch):
    row = row_of(NAME, sha256=sha(BODY))
    assert answer(fetcher(row)) == sha(BODY)
    asked = len(hub.asked)
    for variable in ("SLIMZOO_OFFLINE", "HF_HUB_OFFLINE"):
        again = row_of(NAME, sha256=sha(BODY), tag=variable.lower())
        assert answer(fetcher(again, env={variable: "1"})) == sha(BODY)
        missing = row_of(NAME.replace("model", "other"), sha256=sha(BODY), tag="missing")
        assert "LocalEntryNotFoundError" in answer(fetcher(missing, env={variable: "1"}))
    assert len(hub.asked) == asked


def test_a_connection_cut_at_50_random_offsets_is_gone_on_with_each_time(hub, at):
    # The hub's client asks six times and keeps whole pieces of 10 MB only; then ours keeps every byte.
    hub.add("o/net", COMMIT, model__safetensors=LONG)
    offsets = sorted(random.Random(0).sample(range(1, len(LONG)), 50))
    cuts = [after - before for before, after in zip([0, *offsets], offsets, strict=False)]
    hub.cut_after = list(cuts)
    assert answer(fetcher(row_of(NAME, sha256=sha(LONG)))) == sha(LONG)
    ours = [wanted for method, _, wanted in hub.asked if method == "GET"][6:]
    starts = [int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0 for wanted in ours]
    assert starts == [sum(cuts[6 : 6 + n]) for n in range(45)]
    assert hub.sent == sum(cuts[:6]) + len(LONG)


def test_wrong_bytes_are_not_kept_anywhere_and_the_next_source_is_asked(hub, at, server, cache):
    hub.lies = True
    server.files["b.safetensors"] = BODY
    row = row_of(NAME, server.url("b.safetensors"), sha256=sha(BODY))
    assert answer(fetcher(row)) == sha(BODY)
    assert [path for path in at.blobs() if path.is_file()] == []
    assert leftovers(cache) == ["model.json", "model.safetensors"]


def test_a_damaged_file_in_the_hubs_cache_is_fetched_anew(hub, at):
    assert answer(fetcher(row_of(NAME, sha256=sha(BODY)))) == sha(BODY)
    (blob,) = (path for path in at.blobs() if path.is_file())
    blob.write_bytes(bytes(len(BODY)))
    assert answer(fetcher(row_of(NAME, sha256=sha(BODY), tag="again"))) == sha(BODY)
    assert hub.sent == 2 * len(BODY)


@pytest.mark.parametrize("status", [403, 404, pytest.param(500, marks=pytest.mark.slow)])  # asked 5 times
def test_a_refusal_of_the_hub_leads_to_the_next_source(hub, at, server, status):
    server.files["b.safetensors"] = BODY
    hub.statuses = [status] * 100
    row = row_of(NAME, server.url("b.safetensors"), sha256=sha(BODY))
    assert answer(fetcher(row)) == sha(BODY)


@pytest.mark.slow  # the client waits and asks again: five times
def test_a_hub_that_stalls_leads_to_the_next_source(hub, at, server, monkeypatch):
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1")
    server.files["b.safetensors"] = BODY
    hub.pace = 3.0
    row = row_of(NAME, server.url("b.safetensors"), sha256=sha(BODY))
    assert answer(fetcher(row)) == sha(BODY)


@pytest.mark.slow  # the client waits and asks again: five times
def test_a_hub_that_cannot_be_reached_leads_to_the_next_source(at, server, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    server.files["b.safetensors"] = BODY
    row = row_of(NAME, server.url("b.safetensors"), sha256=sha(BODY))
    assert answer(fetcher(row)) == sha(BODY)


def test_eight_processes_at_once_download_once(hub, at, cache):
    hub.add("o/net", COMMIT, model__safetensors=LONG)
    hub.pace = 0.005
    row = row_of(NAME, sha256=sha(LONG))
    assert [answer(process) for process in [fetcher(row) for _ in range(8)]] == [sha(LONG)] * 8
    assert hub.sent == len(LONG)
    assert leftovers(cache) == ["model.json", "model.safetensors"]


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_a_kill_at_any_moment_leaves_nothing_that_misleads_the_next_process(hub, at, cache, kills):
    hub.add("o/net", COMMIT, model__safetensors=LONG)
    hub.pace = 0.005
    moments, killed, trial = random.Random(0), 0, 0
    while killed < kills:  # a trial ends when one survives
        row = row_of(NAME, sha256=sha(LONG), tag=f"trial{trial}")
        home = {"HF_HOME": str(at.home / row.tag)}
        process = fetcher(row, env=home)
        assert process.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0.2, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        if process.returncode == 0 or killed == kills or killed % 5 == 0:
            assert answer(fetcher(row, env=home)) == sha(LONG)
            left = {path.name for path in (cache / "vgg_16" / row.tag).iterdir()}
            assert left == {".lock", "model.json", "model.safetensors"}
            trial += 1


# --- models by hf://user/repo@revision, and pushing ---


COMMANDS = """
import contextlib, io, json, sys
from slimzoo.cli import main
done = []
for arguments in json.loads(sys.argv[1]):
    out, errors, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    done.append((code, out.getvalue(), errors.getvalue()))
print(json.dumps(done))
"""


def python(code, *arguments):
    """Runs `code` in a process of its own, as HF_ENDPOINT is read when huggingface_hub is imported."""
    done = warm.run("-c", code, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def slimzoo(*commands, code=0):
    """Returns what each command line prints; all must end with `code`."""
    done = json.loads(python(COMMANDS, json.dumps([[str(part) for part in command] for command in commands])))
    assert [found for found, _, _ in done] == [code] * len(commands), done
    return [out if code == 0 else errors for _, out, errors in done]


@pytest.fixture(scope="module")
def variables():
    return cifarnet_variables()


@pytest.fixture
def run(tmp_path, variables):
    """What a fine-tuning run of cifarnet leaves, as far as pushing it looks."""
    folder = tmp_path / "run"
    folder.mkdir()
    settings = {"model": "cifarnet", "weights": "/secret/place/cifarnet.ckpt", "steps": 50, "train": "pets"}
    metadata = {
        "network": "cifarnet",
        "num_classes": "2",
        "labels": '["cat", "dog"]',
        "multi_label": "false",
        "preprocessing": '{"kind": "cifarnet", "size": 32, "channel_order": "RGB"}',
        "slimzoo_settings": json.dumps(settings),
        "restored_fraction": "0.9",
        "parity": json.dumps({"library": "somebody's", "largest difference": 3e-6}),
    }
    converters.write_safetensors(folder / "model.safetensors", variables, metadata)
    report = {
        "evaluated_on": "pets, 20 images",
        "map": 0.75,
        "accuracy": 0.8,
        "best_step": 45,
        "ap": {"cat": [0.7, 0.7, 10], "dog": [0.8, 0.8, 10]},
        "settings": settings,
    }
    (folder / "report.json").write_text(json.dumps(report))
    (folder / "report.html").write_text("<html>pictures of somebody's cat</html>")
    (folder / "labels.txt").write_text("cat\ndog\n")
    return folder


LOAD = """
import sys, slimzoo
for name in sys.argv[1:]:
    model = slimzoo.load(name)
    print(model.network.name, model.labels, model.num_classes, model.restore_report.fraction)
"""


def test_a_pushed_model_is_loaded_by_its_name(hub, at, run):
    (out,) = slimzoo(["push", run, "me/pets", "--json"])
    done = json.loads(out)
    files = hub.files["me/pets", done["commit"]]
    assert sorted(files) == ["README.md", "labels.txt", "model.safetensors"]
    assert files["model.safetensors"] == (run / "model.safetensors").read_bytes()
    names = (f"hf://me/pets@{done['commit']}", "hf://me/pets@main", "hf://me/pets")
    assert python(LOAD, *names).splitlines()[-3:] == ["cifarnet ('cat', 'dog') 2 1.0"] * 3


def test_the_card_says_what_is_known_and_nothing_of_this_machine(hub, at, run):
    out, _ = slimzoo(
        ["push", run, "me/pets", "--json", "--license", "Apache-2.0"],
        ["push", run, "me/shown", "--with-report", "--private", "--message", "with pictures"],
    )
    card = hub.files["me/pets", json.loads(out)["commit"]]["README.md"].decode()
    expected = (
        *("license: apache-2.0", "library_name: slimzoo", "- cifarnet", "value: 0.75", "name: mAP"),
        *('slimzoo.load("hf://me/pets@main")', "| classes | 2: cat, dog |", "cifarnet.ckpt; 90.0%"),
        *("Measured on pets, 20 images", "| step | 45 of 50 |", "| dog | 0.8000 | 10 |"),
        *("## Parity", "| largest difference | 3e-06 |", sha((run / "model.safetensors").read_bytes())),
    )
    assert [words for words in expected if words not in card] == []
    assert "secret" not in card
    shown = hub.files["me/shown", hub.branches["me/shown", "main"]]
    assert {"report.html", "report.json"} <= shown.keys()


def test_what_cannot_be_pushed_or_loaded_is_said(hub, at, run, tmp_path):
    hub.add("o/lies", OTHER, model__safetensors=BODY)
    hub.lies = True
    messages = slimzoo(
        ["push", run, "pets"],
        ["push", tmp_path, "me/pets"],
        ["predict", "--model", "hf://o/net@none", "a.jpg"],
        ["predict", "--model", "hf://net", "a.jpg"],
        ["predict", "--model", f"hf://o/lies@{OTHER}", "a.jpg"],
        code=2,
    )
    expected = (
        "'pets' is no repository; it is written user/name",
        "no folder with a model.safetensors",
        "RevisionNotFoundError",
        "is not hf://user/repo@revision",
        "the hub sent another file than its sha256",
    )
    assert [words for words, message in zip(expected, messages, strict=True) if words not in message] == []


@pytest.mark.parametrize("error", [OverflowError("too large"), KeyError("etag"), TypeError("None")])
def test_what_the_hubs_client_makes_of_nonsense_is_a_reason_like_any_other(error):
    from slimzoo.weights import hub
    from slimzoo.weights.answers import SourceError

    with pytest.raises(SourceError, match=rf"{type(error).__name__}: "), hub.hub_errors(SourceError):
        raise error


def test_a_card_of_released_weights_is_made_of_their_row(tmp_path, variables):
    from slimzoo.weights.model_card import model_card

    metadata = {
        "network": "vgg_16",
        "tag": "slim_in1k",
        "num_classes": "1000",
        "source": "https://there/a.tgz",
    }
    converters.write_safetensors(tmp_path / "model.safetensors", variables, metadata)
    card = model_card(tmp_path / "model.safetensors", "me/vgg")
    expected = ("license: cc-by-4.0", "These are vgg_16.slim_in1k", "top-1 71.5 %", "## Citation\n\nSimonyan")
    assert [words for words in expected if words not in card] == []


def test_a_card_of_converted_weights_says_where_they_are_from_and_shows_their_proof(tmp_path, variables):
    from slimzoo.weights.model_card import model_card

    proof = {"against": "keras: keras.applications.VGG16", "largest_difference": 1e-7}
    metadata = {"network": "vgg_16", "source": "vgg16.h5", "parity": json.dumps(proof)}
    converters.write_safetensors(tmp_path / "model.safetensors", variables, metadata)
    card = model_card(tmp_path / "model.safetensors", "me/vgg")
    assert "## Where the weights are from\n\nvgg16.h5" in card
    assert "keras.applications.VGG16" in card and "1e-07" in card
