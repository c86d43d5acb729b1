"""The command killed, really, at any moment: the same one ends the work, with every row once."""

import random
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from tests.streaming.conftest import read_rows

IMAGES, KILLS = 2_000, 4


@pytest.mark.slow
def test_a_stream_killed_again_and_again_has_every_row_once(cifarnet, tmp_path):
    (tmp_path / "photos").mkdir()
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8))
    picture.save(tmp_path / "0.jpg")
    for i in range(IMAGES):
        (tmp_path / "photos" / f"{i:04d}.jpg").write_bytes((tmp_path / "0.jpg").read_bytes())
    out, moments = tmp_path / "found.jsonl", random.Random(0)
    given = ["--model", cifarnet, "--images", tmp_path / "photos", "--out", out, "--shard-rows", "50"]
    command = [sys.executable, "-m", "slimzoo", "predict", *map(str, given)]
    parts = out.with_name("found.jsonl.parts")
    seen = 0
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len([*parts.glob("part-*")]) <= seen:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.5))
        process.kill()
        process.wait()
        assert process.returncode < 0, "it was over before it was killed"
        seen = len([*parts.glob("part-*")])
    subprocess.run(command, check=True, capture_output=True)
    assert [row["image"][-8:-4] for row in read_rows(out)] == [f"{i:04d}" for i in range(IMAGES)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.jpg", "found.jsonl", "photos"]
