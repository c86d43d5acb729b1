"""`slimzoo demo`: fine-tuning on a drawn set, from restored weights and from scratch."""

import click

from slimzoo.cli.options import Place
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option


@click.command(epilog=examples("slimzoo demo", "slimzoo demo --out /tmp/slimzoo-demo --overwrite --json"))
@click.option(
    "--out",
    type=Place(),
    metavar="DIR",
    help="Folder for all it makes.  [default: slimzoo-demo, or slimzoo-demo-2, ...]",
)
@click.option("--overwrite", is_flag=True, help="Replace what an earlier demo left there.")
@progress_option
@json_option
def demo(out: str | None, overwrite: bool, progress: bool, as_json: bool) -> None:
    """Fine-tune on a small drawn set, from restored weights and from scratch; offline, a minute or so."""
    from slimzoo.demo.run import run

    result = run(out, progress=progress, overwrite=overwrite).to_dict()
    if as_json:
        return echo_json(result)
    echo(f"mAP from restored weights: {result['map_restored']:.3f}")
    echo(f"mAP from scratch:          {result['map_from_scratch']:.3f}")
    echo(f"data: {result['data']}")
    return echo(f"report: {result['report']}")
