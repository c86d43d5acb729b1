"""`slimzoo download`, `slimzoo verify` and `slimzoo cache`: released weights on this machine."""

from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.group import Group
from slimzoo.cli.options import names, rows_named
from slimzoo.cli.output import echo, echo_json, examples, json_option, table
from slimzoo.cli.quiet import import_tensorflow

if TYPE_CHECKING:
    pass


@click.group("cache", cls=Group, epilog=examples("slimzoo cache list", "slimzoo cache export weights.tar"))
def cache_group() -> None:
    """List, tidy and carry the weights on this machine.

    They are in SLIMZOO_CACHE, or slimzoo in the user's cache folder; SLIMZOO_SHARED_CACHE names further
    folders that are only read.
    """


@cache_group.command("list", epilog=examples("slimzoo cache list", "slimzoo cache list --json"))
@json_option
def list_cache(as_json: bool) -> None:
    """Show what is in the cache."""
    from slimzoo.weights import cache

    roots = cache.cache_dirs()
    found = [(root, there) for root in roots for there in cache.cached_weights(root)]
    if as_json:
        return echo_json(
            [
                {
                    "name": there.name,
                    "folder": there.folder,
                    "bytes": there.bytes,
                    "originals": [path.name for path in there.originals],
                    "leftovers": [path.name for path in there.leftovers],
                    **there.record,
                }
                for _, there in found
            ]
        )
    rows = [
        (t.name, t.bytes, t.record.get("fetched", "not complete"), t.record.get("source", ""), _beside(t))
        for _, t in found
    ]
    total = sum(there.bytes for _, there in found)
    shared = f"; read only: {', '.join(str(root) for root in roots[1:])}" if roots[1:] else ""
    if rows:
        echo(table(("weights", "bytes>", "fetched", "from", ""), rows))
    return echo(f"{roots[0]}: {len(rows)} weights, {total:,} bytes{shared}")


def _beside(there: Any) -> str:
    kept = [f"{len(there.originals)} original"] if there.originals else []
    parts = [f"{len(there.leftovers)} left by an interruption"] if there.leftovers else []
    return ", ".join([*kept, *parts])


@cache_group.command(
    epilog=examples("slimzoo cache prune", "slimzoo cache prune --originals", "slimzoo cache prune vgg_16")
)
@names
@click.option("--originals", is_flag=True, help="The kept originals too.")
@click.option("--everything", is_flag=True, help="All weights.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@json_option
def prune(names: tuple[str, ...], originals: bool, everything: bool, dry_run: bool, as_json: bool) -> None:
    """Delete what is of no use: what interruptions left, and weights that the manifest has not any more.

    With NAME..., these weights. What another process is at work on is left alone. Digests that were noted on
    first use are kept.
    """
    from slimzoo.weights import checking

    if names and everything:
        raise click.UsageError("name weights, or give --everything")
    chosen = [str(row) for row in rows_named(names, False)] if names else None
    paths, size = checking.prune(chosen, originals, everything, dry_run)
    if as_json:
        return echo_json({"files": paths, "bytes": size, "deleted": not dry_run})
    for path in paths:
        echo(str(path))
    return echo(f"{len(paths)} files, {size:,} bytes {'would be' if dry_run else 'were'} deleted")


@cache_group.command(
    "export",
    epilog=examples("slimzoo cache export weights.tar vgg_16 inception_v3", "slimzoo cache export all.tar"),
)
@click.argument("bundle")
@names
@click.option("--overwrite", is_flag=True, help="Replace BUNDLE if it is there.")
@json_option
def export_cache(bundle: str, names: tuple[str, ...], overwrite: bool, as_json: bool) -> None:
    """Write weights to one file, to carry them to a machine without a network.

    Without NAME, all that are in the cache.
    """
    from slimzoo.weights.bundle import export_bundle

    sha256, done = export_bundle(bundle, names, overwrite)
    if as_json:
        return echo_json({"bundle": bundle, "sha256": sha256, "weights": done})
    return echo(
        f"{bundle}: {', '.join(done)}\nsha256 {sha256}\n"
        f"On the other machine: slimzoo cache import {bundle} --sha256 {sha256}"
    )


@cache_group.command("import", epilog=examples("slimzoo cache import weights.tar"))
@click.argument("bundle")
@click.option(
    "--sha256", default="", metavar="DIGEST", help="What export printed: only that bundle is imported."
)
@json_option
def import_cache(bundle: str, sha256: str, as_json: bool) -> None:
    """Take weights from a bundle into the cache.

    Each is checked whole, against the manifest and against its network, before it is placed.
    """
    import_tensorflow()
    from slimzoo.weights.bundle import import_bundle

    done = import_bundle(bundle, sha256)
    return echo_json(done) if as_json else echo(table(("weights", ""), done.items()))
