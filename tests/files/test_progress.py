"""Progress where nobody looks on: a line for each tenth, between messages, and nothing of a bar."""

import re
import sys
import threading
import time
from pathlib import Path

import tqdm

import slimzoo.converters
from slimzoo.files.progress import bar

DRAWN = re.compile(r"\b(import|from) tqdm")


def test_each_tenth_is_one_line_that_nothing_is_drawn_over(capsys):
    with bar(total=37, desc="train", unit="step", delay=0) as shown:
        for i in range(37):
            shown.set_postfix(loss="0.5", refresh=False)
            shown.update(1)
            if i == 20:
                tqdm.tqdm.write("a message", file=sys.stderr)
    text = capsys.readouterr().err
    lines = text.splitlines()
    assert len(lines) == 11 and "\r" not in text and "\x1b" not in text
    assert lines[5] == "a message"
    assert [line[:13].strip() for line in lines[:2]] == [
        "train:  11%|#",
        "train:  22%|#",
    ]  # steps 4 and 8 of 37
    assert lines[-1].startswith("train: 100%") and "loss=0.5" in lines[-1]


def test_the_rate_is_of_all_till_now_not_of_what_came_at_once(capsys):
    with bar(total=100, desc="train", unit="step", delay=0) as shown:
        time.sleep(0.2)
        for _ in range(100):
            shown.update(1)
    last = capsys.readouterr().err.splitlines()[-1]
    assert float(re.search(r"([\d.]+)step/s", last)[1]) <= 500  # 100 steps in 0.2 seconds or more


def test_what_is_quick_or_not_wanted_writes_nothing(capsys):
    assert list(bar(range(5), desc="quick")) == list(bar(range(5), disable=True, delay=0)) == [*range(5)]
    assert capsys.readouterr().err == ""


def test_a_terminal_has_tqdms_own_bar(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with bar(total=2, desc="seen", mininterval=0) as shown:
        shown.update(2)
    assert "\rseen: 100%" in capsys.readouterr().err


def test_every_bar_of_the_package_is_this_one():
    root = Path(slimzoo.__file__).parent
    folders = (root, Path(slimzoo.converters.__file__).parent)
    makers = {path for folder in folders for path in folder.rglob("*.py") if DRAWN.search(path.read_text())}
    assert makers == {root / "files" / "progress.py"}


def test_a_bar_that_is_lines_starts_no_thread(capsys):
    before = threading.active_count()
    for _ in range(20):
        with bar(total=2, desc="files") as shown:
            shown.update(2)
    assert threading.active_count() == before
