"""`slimzoo run`: an old program, as it is."""

from collections.abc import Callable

import click

from slimzoo.cli.output import examples


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog=examples(
        "slimzoo run train_image_classifier.py --dataset_name=flowers --model_name=inception_v3",
        "slimzoo run old/train.py --help",
        "slimzoo run --py2 older/train.py --logdir=logdir",
        "slimzoo run --py2-diff older/train.py",
    ),
)
@click.option("--py2", is_flag=True, help="Translate what is Python 2 in memory; files stay as they are.")
@click.option("--py2-diff", is_flag=True, help="Print what --py2 changes, as a unified diff; run nothing.")
@click.argument("script", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def run(py2: bool, py2_diff: bool, script: str, arguments: tuple[str, ...]) -> Callable[[], None] | None:
    """Run an old TF-Slim program as it is: TensorFlow 1's names, tf.contrib, tf_slim.

    SCRIPT and the modules beside it see TensorFlow 1 with tf.contrib.slim, layers, framework, losses,
    metrics and training, and the names that NumPy removed; nets, preprocessing, datasets and deployment are
    slimzoo's where the program has none of its own. All that follows SCRIPT is the program's. With --py2
    (pip install 'slimzoo[py2]') SCRIPT and its modules may be Python 2. Exit code: the program's; 2 if it
    cannot be started.
    """
    from slimzoo.compat import running

    running.check(script, py2 or py2_diff)
    if py2_diff:
        click.echo(running.diff(script), nl=False)
        return None
    import tensorflow  # noqa: F401  # here it starts quietly; the program gets the process as it is

    return lambda: running.run(script, arguments, py2)
