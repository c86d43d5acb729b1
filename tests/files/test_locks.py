"""One process works at a place, the others are told which; a killed one is no hindrance."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.files import locks

HOLDER = """
import sys
from pathlib import Path
from slimzoo.files.locks import alone_at
with alone_at("the run", Path(sys.argv[1]), "wait"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path):
    return tmp_path / ".lock"


@pytest.fixture
def holder(lock):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], env=environment, **pipes)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def held(lock):
    return locks.alone_at("the run", lock, "wait for it")


def noted(lock, **changes):
    lock.write_text(json.dumps(asdict(replace(locks.current(), **changes))))


def test_a_second_process_is_told_who_the_first_is(lock, holder):
    with pytest.raises(SlimzooError, match=rf"the run is in use by process {holder.pid} on .*; wait for it"):
        held(lock).__enter__()


def test_the_place_is_free_after_a_kill(lock, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock.exists()  # nobody took it away
    with held(lock):
        assert json.loads(lock.read_text())["pid"] == os.getpid()
    assert not lock.exists()


def test_the_place_is_free_after_an_error(lock):
    with pytest.raises(RuntimeError), held(lock):
        raise RuntimeError
    assert not lock.exists()
    with held(lock):
        pass


def test_a_process_of_another_machine_counts_as_at_work_until_somebody_says_no(lock):
    noted(lock, host="far-away", machine="another", pid=1)
    with pytest.raises(SlimzooError, match=r"process 1 on far-away.*another machine.*delete .*\.lock"):
        held(lock).__enter__()
    lock.unlink()
    with held(lock):
        pass


@pytest.mark.parametrize("change", [{"host": "another-container"}, {"machine": "before-a-restart"}])
def test_a_killed_process_of_another_container_or_before_a_restart_is_no_hindrance(lock, change):
    noted(lock, **change)
    with held(lock):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": -1}', "\0" * 50])
def test_a_damaged_lock_names_nobody_and_is_no_hindrance(lock, content):
    lock.write_text(content)
    with held(lock):
        pass


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "pipe"])
def test_something_else_in_its_place_is_said_and_left_alone(lock, tmp_path, kind):
    target = tmp_path / "mine"
    if kind == "folder":
        lock.mkdir()
    elif kind == "pipe":
        os.mkfifo(lock)
    else:
        lock.symlink_to(target)
    if kind == "link":
        target.write_text("mine")
    with pytest.raises(SlimzooError, match=r"\.lock is (a folder|a link|no plain file)"):
        held(lock).__enter__()
    assert not target.exists() or target.read_text() == "mine"


def test_without_locks_of_the_file_system_a_running_process_is_known_by_its_number(lock, monkeypatch):
    def flock(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)
    noted(lock, pid=os.getppid())
    with pytest.raises(SlimzooError, match=rf"in use by process {os.getppid()}"):
        held(lock).__enter__()
    noted(lock, pid=2**22 + 1)  # above what Linux gives
    with held(lock):
        pass


def test_writing_locks_a_file_or_a_folder_beside_it(tmp_path):
    for name in ("new/model.safetensors", "model/"):
        path = os.path.join(tmp_path, name)
        with (
            locks.writing(path),
            pytest.raises(SlimzooError, match=r"in use by process .*name another file"),
            locks.writing(path),
        ):
            pass
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["new"]
