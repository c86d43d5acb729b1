"""`slimzoo run`: an old program, as it is."""

from collections.abc import Callable

import click

from slimzoo.cli.output import examples


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog=examples(
        "slimzoo run train_image_classifier.py --dataset_name=flowers --model_name=inception_v3",
        "slimzoo run old/train.py --help",
    ),
)
@click.argument("script", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def run(script: str, arguments: tuple[str, ...]) -> Callable[[], None]:
    """Run an old TF-Slim program as it is: TensorFlow 1's names, tf.contrib, tf_slim.

    SCRIPT and the modules beside it see TensorFlow 1 with tf.contrib.slim, layers, framework, losses,
    metrics and training, and the names that NumPy removed; nets, preprocessing, datasets and deployment are
    slimzoo's where the program has none of its own. All that follows SCRIPT is the program's. Exit code: the
    program's; 2 if it cannot be started.
    """
    from slimzoo.compat import running

    running.check(script)
    import tensorflow  # noqa: F401  # here it starts quietly; the program gets the process as it is

    return lambda: running.run(script, arguments)
