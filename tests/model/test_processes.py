"""One Model from many threads, in other processes, for a long time."""

import multiprocessing
import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.model import binding
from tests.networks import IMAGES, little_model

THREADS = 8


def resident():
    """Returns the memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def same(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)  # the same kernels, in another graph


def test_eight_threads_at_once_get_the_right_numbers_the_first_call_included():
    model, twin = little_model(), little_model()
    twin.set_weights(model.get_weights())
    logits, points = twin(IMAGES).numpy(), {k: v.numpy() for k, v in twin.end_points(IMAGES).items()}
    name = next(iter(points))
    tasks = (
        lambda: same(model(IMAGES), logits),
        lambda: same(model.predict(IMAGES, verbose=0), logits),
        lambda: same(model.features(IMAGES, name), points[name]),
        lambda: [same(value, points[key]) for key, value in model.end_points(IMAGES).items()],
    )
    barrier, failures = threading.Barrier(THREADS), []

    def work(number):
        barrier.wait()
        try:
            for _ in range(5):
                tasks[number % len(tasks)]()
        except (AssertionError, ValueError, RuntimeError, tf.errors.OpError) as error:
            failures.append(f"{error!r}"[:2000])

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    assert not any(thread.is_alive() for thread in threads)


def test_of_many_sizes_the_latest_traces_are_kept(monkeypatch):
    monkeypatch.setattr(binding, "MOST_TRACES", 3)
    made = []
    traces = binding.Traces()
    for key in "abcabcdae":
        traces.get(key, lambda key=key: made.append(key) or key.upper())
    assert "".join(made) == "abcdae"  # d pushed a out; the second a pushed b out, and e c


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("make", [little_model, lambda: little_model().compiled("tensorflow")])
def test_a_forked_process_says_so_and_does_not_hang(make):
    model = make()
    model(IMAGES)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            model(IMAGES)
            os.write(write, b"ran")
        except RuntimeError as error:
            os.write(write, str(error).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    assert "fork" in text
    assert "spawn" in text


@pytest.mark.parametrize("make", [little_model, lambda: little_model().feature_model("second")])
def test_keras_quantize_is_refused_with_what_to_do(make):
    with pytest.raises(SlimzooError, match=r"tflite"):
        make().quantize("int8")


def _logits(pickled, images):
    return np.asarray(pickle.loads(pickled)(images))


@pytest.mark.slow
def test_a_pickled_model_gives_the_same_in_a_spawned_process():
    model = slimzoo.load("mobilenet_v1_025", num_classes=3, input_shape=(32, 32, 3))
    images = np.random.RandomState(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(_logits, (pickle.dumps(model), images))
    np.testing.assert_allclose(there, model(images), rtol=1e-5, atol=1e-6)  # another process, same kernels


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_two_thousand_sizes_and_two_hundred_loads_cost_no_memory_for_ever():
    model = slimzoo.load("mobilenet_v1_025", num_classes=0, input_shape=(None, None, 3))
    random, sizes = np.random.RandomState(0), []
    for i in range(2000):
        height, width = random.randint(32, 96, 2)
        model(tf.zeros((1, height, width, 3)))
        if i % 100 == 99:
            sizes.append(resident())
    assert (
        max(sizes) - sizes[1] < 150
    )  # MiB; 16 traces and what the allocator keeps: 5 a size without a limit
    loads = []
    for i in range(200):
        slimzoo.load("mobilenet_v1_025", num_classes=3, input_shape=(32, 32, 3))
        if i % 20 == 19:
            loads.append(resident())
    assert max(loads) - loads[1] < 100  # MiB; one model is 1
