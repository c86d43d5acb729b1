"""The `slimzoo` command. Importing it imports no TensorFlow; a command does when it needs it."""

import click

import slimzoo
from slimzoo.cli.benchmark import benchmark
from slimzoo.cli.cache import cache_group
from slimzoo.cli.check import check
from slimzoo.cli.compare import compare
from slimzoo.cli.completion import complete_texts, completion
from slimzoo.cli.convert import convert
from slimzoo.cli.crossvalidate import crossvalidate
from slimzoo.cli.demo import demo
from slimzoo.cli.download import download
from slimzoo.cli.evaluate import evaluate
from slimzoo.cli.export import export
from slimzoo.cli.finetune import finetune
from slimzoo.cli.group import Group
from slimzoo.cli.helping import Context, every
from slimzoo.cli.info import info
from slimzoo.cli.inspect import inspect
from slimzoo.cli.list import list_networks
from slimzoo.cli.options import help_alone
from slimzoo.cli.output import examples
from slimzoo.cli.pack import pack
from slimzoo.cli.predict import predict
from slimzoo.cli.push import push
from slimzoo.cli.report import report
from slimzoo.cli.run import run
from slimzoo.cli.segment import segment
from slimzoo.cli.verify import verify

__all__ = ["main"]


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=examples(
        "slimzoo demo",
        "slimzoo list",
        "slimzoo convert vgg_16.ckpt vgg_16.safetensors --network vgg_16",
        "slimzoo finetune voc --data VOCdevkit --model mobilenet_v1",
        "slimzoo run old_tf_slim_program.py --its_flag=1",
    ),
)
@click.version_option(slimzoo.__version__, prog_name="slimzoo", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, envvar="SLIMZOO_DEBUG", help="Show where an error comes from.")
@click.option("-v", "--verbose", is_flag=True, help="Say more about what is done.")
@click.pass_context
def main(context: click.Context, debug: bool, verbose: bool) -> None:
    """TF-Slim's networks and checkpoints on today's TensorFlow.

    Results go to stdout, everything else to stderr. Exit code 2: something given cannot be used, and
    the message says what; 130: Ctrl-C.
    """
    del debug, verbose  # the group looks at them
    help_alone(context)


for command in (
    list_networks,
    info,
    download,
    verify,
    cache_group,
    push,
    compare,
    benchmark,
    inspect,
    convert,
    export,
    predict,
    segment,
    finetune,
    crossvalidate,
    evaluate,
    pack,
    demo,
    report,
    run,
    check,
    completion,
):
    main.add_command(command)
for command in every(main):
    command.context_class = Context
    complete_texts(command)
