"""`slimzoo verify`: are the weights on this machine what they were when they came?"""

import sys

import click

from slimzoo.cli.options import chosen_rows, weights_argument
from slimzoo.cli.output import echo, echo_json, examples, json_option, table


@click.command(epilog=examples("slimzoo verify vgg_16", "slimzoo verify --all"))
@weights_argument
@click.option("--all", "everything", is_flag=True, help="Everything in the cache.")
@json_option
def verify(names: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Read cached weights again and compare them with what was noted and published.

    Exit code 2: something differs. What is compared: the file with the digest noted when it was written; the
    original it is made of with the digest published since, or noted when it was first trusted; a kept
    original with both.
    """
    from slimzoo.weights import checking

    if everything == bool(names):
        raise click.UsageError("name weights, or give --all")
    findings = checking.verify(None if everything else [str(row) for row in chosen_rows(names)])
    wrong = [finding for finding in findings if finding.wrong]
    if as_json:
        echo_json([finding.to_dict() for finding in findings])
    else:
        columns = ("weights", "bytes>", "the original", "the file")
        rows = [(f.name, f.bytes, f.trust, f.wrong or "as it was written") for f in findings]
        echo(table(columns, rows, spare=("the original", "bytes>")) if rows else "nothing is cached")
    if wrong:
        again = " ".join(finding.name for finding in wrong)
        click.echo(f"error: {len(wrong)} not as noted; `slimzoo download {again}` makes them again", err=True)
        sys.exit(2)
