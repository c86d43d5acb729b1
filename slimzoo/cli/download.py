"""`slimzoo download`: released weights, fetched before they are needed."""

from typing import Any

import click

from slimzoo.cli.errors import Failure
from slimzoo.cli.options import chosen_rows, weights_argument
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option, table


@click.command(
    epilog=examples(
        "slimzoo download vgg_16 inception_v3.timm_tf_in1k",
        "slimzoo download 'mobilenet_v1*'",
        "slimzoo download 'mobilenet_v1.*' --keep-original",
    )
)
@weights_argument
@click.option("--all", "everything", is_flag=True, help="All released weights: about 200 files.")
@click.option("--keep-original", is_flag=True, help="Keep the downloaded files beside what is made of them.")
@progress_option
@json_option
def download(
    names: tuple[str, ...], everything: bool, keep_original: bool, progress: bool, as_json: bool
) -> None:
    """Fetch released weights, check and convert them, so that loading them needs no network.

    NAME is a network, for its default weights; a network and a tag, as vgg_16.slim_in1k; or a shell pattern
    of one or the other.
    """
    rows = chosen_rows(names, everything)
    from slimzoo import weights
    from slimzoo.errors import SlimzooError

    done: list[dict[str, Any]] = []
    for row in rows:
        try:
            path = weights.fetch(row, progress=progress, keep_original=keep_original)
            done.append({"weights": str(row), "path": path, "bytes": path.stat().st_size, "error": ""})
        except (SlimzooError, OSError) as error:
            done.append({"weights": str(row), "path": None, "bytes": 0, "error": str(error)})
    _report(done, as_json)


def _report(done: list[dict[str, Any]], as_json: bool) -> None:
    failed = [entry for entry in done if entry["error"]]
    good = [entry for entry in done if not entry["error"]]
    if as_json and not failed:
        return echo_json(done)
    if good and not as_json:
        echo(table(("weights", "bytes>", "file"), [(e["weights"], e["bytes"], str(e["path"])) for e in good]))
    if failed:
        raise Failure("\n".join(entry["error"] for entry in failed))
    return None
