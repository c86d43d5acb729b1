"""Commands killed at any moment: what was there stays whole, and the same command ends the work."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from slimzoo import converters

KILLS = pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.slow)])
VALUES = {f"net/conv{i}/weights": np.full((512, 1024), i, np.float32) for i in range(24)}  # 50 MB


def command(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "slimzoo", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def seconds_of(*arguments):
    """Runs the command to its end and returns how long that takes."""
    start = time.perf_counter()
    process = command(*arguments)
    said, _ = process.communicate()
    assert process.returncode == 0, said.decode()
    return time.perf_counter() - start


@KILLS
@pytest.mark.parametrize("destination", ["out.safetensors", "out.npz"])
def test_convert_killed_leaves_the_old_file_or_the_new_one(kills, destination, tmp_path):
    new, old, out = tmp_path / "new.safetensors", tmp_path / "old.safetensors", tmp_path / destination
    converters.write_safetensors(new, VALUES)
    converters.write_safetensors(old, {"net/conv0/weights": np.zeros(3, np.float32)})
    moments = random.Random(kills)
    allowed = []
    for source in (old, new):
        took = seconds_of("convert", source, out, "--overwrite")
        allowed.append(sorted(converters.read(out)))
    for _ in range(kills):
        seconds_of("convert", old, out, "--overwrite")
        process = command("convert", new, out, "--overwrite")
        time.sleep(moments.uniform(0.3, 1) * took)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        found = converters.read(out)
        assert sorted(found) in allowed
        for name in found:
            assert found[name].size
    seconds_of("convert", new, out, "--overwrite")
    assert {name: value[0, 0] for name, value in converters.read(out).items()} == {
        name: value[0, 0] for name, value in VALUES.items()
    }
