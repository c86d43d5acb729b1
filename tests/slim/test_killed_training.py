"""A run that is killed and started again has the losses of one that was not."""

import signal

from tests import warm
from tests.slim import killed_training
from tests.slim.classifier import steps_saved


def losses_of(folder):
    """Returns {step: loss}, both as they were written."""
    return dict(line.split() for line in (folder / "losses").read_text().splitlines())


def test_after_kill_9_training_goes_on_from_the_last_checkpoint_with_the_same_losses(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = warm.run("-m", "tests.slim.killed_training", killed, 15)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(losses_of(killed)) == 16
    saved = steps_saved(killed)[-1]
    assert 0 < saved <= 16
    (killed / "losses").unlink()
    killed_training.main(killed)
    killed_training.main(whole)
    expected = {str(step): losses_of(whole)[str(step)] for step in range(saved, killed_training.STEPS)}
    assert losses_of(killed) == expected  # to the last bit: the same ops, in sums too small to be shared out
