"""What of tf.logging is on the screen before a program sets a verbosity."""

from tests.compat.support import slimzoo

PROGRAM = """
import tensorflow as tf
tf.logging.info("before")
def main(_):
    tf.logging.info("hello")
    tf.logging.debug("too much")
tf.app.run()
"""


def test_tf_app_run_shows_what_is_info_as_it_did(tmp_path):
    (tmp_path / "p.py").write_text(PROGRAM)
    _, told = slimzoo("run", "p.py", cwd=tmp_path)
    assert "INFO:tensorflow:hello\n" in told
    assert "before" not in told and "too much" not in told
