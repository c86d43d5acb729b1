"""The old repository's command lines: train a network, go on from its checkpoint, evaluate it."""

import re

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.compat.datasets import dataset_utils
from tests.compat.support import slimzoo

COMMON = ("--dataset_name=cifar10", "--model_name=cifarnet", "--batch_size=16")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """CIFAR-10's two files with 64 pictures each: a class is where a bright bar lies."""
    folder = tmp_path_factory.mktemp("cifar10")
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        with tf.io.TFRecordWriter(str(folder / f"cifar10_{split}.tfrecord")) as writer:
            for i in range(64):
                label = i % 4
                image = random.integers(0, 60, (32, 32, 3), np.uint8)
                image[8 * label : 8 * label + 8] = 220
                contents = tf.io.encode_png(image).numpy()
                example = dataset_utils.image_to_tfexample(contents, b"png", 32, 32, label)
                writer.write(example.SerializeToString())
    return folder


def test_train_go_on_and_evaluate(data, tmp_path):
    runs = tmp_path / "runs"
    train = ("run", "train_image_classifier.py", *COMMON, f"--dataset_dir={data}", "--clone_on_cpu=True")
    steps = ("--max_number_of_steps=60", "--learning_rate=0.01", "--log_every_n_steps=1")
    _, told = slimzoo(*train, f"--train_dir={runs}", *steps)
    losses = {
        int(step): float(loss) for step, loss in re.findall(r"global step (\d+): loss = ([\d.]+)", told)
    }
    assert [*losses] == [*range(1, 61)]
    # A step sees 16 of 64 images: its loss alone goes up and down. Seen: 2.5 and 0.8 to 1.3.
    assert np.mean([*losses.values()][-10:]) < 0.75 * np.mean([*losses.values()][:10])
    assert (runs / "model.ckpt-60.index").exists()

    tuned = ("--trainable_scopes=CifarNet/logits", "--checkpoint_exclude_scopes=CifarNet/logits")
    start = f"--checkpoint_path={runs / 'model.ckpt-60'}"
    slimzoo(*train, f"--train_dir={tmp_path / 'tuned'}", "--max_number_of_steps=2", start, *tuned)
    before, after = (
        tf.train.load_checkpoint(str(path))
        for path in (runs / "model.ckpt-60", tmp_path / "tuned" / "model.ckpt-2")
    )
    for name, same in (("CifarNet/conv1/weights", True), ("CifarNet/logits/weights", False)):
        assert np.array_equal(before.get_tensor(name), after.get_tensor(name)) is same

    evaluate = ("run", "eval_image_classifier.py", *COMMON, f"--dataset_dir={data}")
    said, _ = slimzoo(*evaluate, f"--checkpoint_path={runs}", f"--eval_dir={tmp_path / 'eval'}")
    assert float(re.search(r"accuracy ([\d.]+)", said)[1]) > 0.5  # a guess is right for a quarter


def test_a_missing_data_set_is_the_programs_own_error():
    _, told = slimzoo("run", "train_image_classifier.py", code=1)
    assert told.endswith("ValueError: You must supply the dataset directory with --dataset_dir\n")
