"""`slimzoo download`, `slimzoo verify` and `slimzoo cache`: released weights on this machine."""

import sys
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.errors import Failure
from slimzoo.cli.group import Group
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option, table
from slimzoo.cli.quiet import import_tensorflow

if TYPE_CHECKING:
    from slimzoo.manifest import WeightsRow

names = click.argument("names", nargs=-1, metavar="NAME...")


@click.command(
    epilog=examples(
        "slimzoo download vgg_16 inception_v3.timm_tf_in1k",
        "slimzoo download 'mobilenet_v1*'",
        "slimzoo download 'mobilenet_v1.*' --keep-original",
    )
)
@names
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
    rows = _rows(names, everything)
    import_tensorflow()
    from slimzoo import weights
    from slimzoo.errors import SlimzooError

    done: list[dict[str, Any]] = []
    for row in rows:
        try:
            path = weights.fetch(row, progress=progress, keep_original=keep_original)
            done.append({"weights": str(row), "path": path, "bytes": path.stat().st_size, "error": ""})
        except (SlimzooError, FileNotFoundError) as error:
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


def _rows(names: tuple[str, ...], everything: bool) -> list["WeightsRow"]:
    """Returns the manifest rows that `names` stand for, each once."""
    import fnmatch

    from slimzoo import weights

    if everything == bool(names):
        raise click.UsageError("name weights, or give --all")
    if everything:
        return [row for row in weights.rows() if row.maths != "other"]
    found: dict[str, WeightsRow] = {}
    for name in names:
        if not any(sign in name for sign in "*?["):
            found |= {str(row := weights.get_row(name)): row}
            continue
        rows = [row for row in weights.rows() if row.maths != "other"]
        network, tag = weights.split_name(name)
        if tag:
            matching = [
                r for r in rows if fnmatch.fnmatch(r.network, network) and fnmatch.fnmatch(r.tag, tag)
            ]
        else:
            firsts = {row.network: row for row in reversed(rows)}
            matching = [
                row for row in rows if fnmatch.fnmatch(row.network, name) and firsts[row.network] is row
            ]
        if not matching:
            raise Failure(f"no released weights match {name!r}; `slimzoo list` shows what there is")
        found |= {str(row): row for row in matching}
    return list(found.values())


@click.command(epilog=examples("slimzoo verify vgg_16", "slimzoo verify --all"))
@names
@click.option("--all", "everything", is_flag=True, help="Everything in the cache.")
@json_option
def verify(names: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Read cached weights again and compare them with what was noted and published.

    Exit code 2: something differs. What is compared: the file with the digest noted when it was written; the
    original it is made of with the digest published since, or noted when it was first trusted; a kept
    original with both.
    """
    from slimzoo import checking

    if everything == bool(names):
        raise click.UsageError("name weights, or give --all")
    findings = checking.verify(None if everything else [str(row) for row in _rows(names, False)])
    wrong = [finding for finding in findings if finding.wrong]
    if as_json:
        echo_json([finding.to_dict() for finding in findings])
    else:
        rows = [(f.name, f.bytes, f.trust, f.wrong or "as it was written") for f in findings]
        echo(table(("weights", "bytes>", "the original", "the file"), rows) if rows else "nothing is cached")
    if wrong:
        again = " ".join(finding.name for finding in wrong)
        click.echo(f"error: {len(wrong)} not as noted; `slimzoo download {again}` makes them again", err=True)
        sys.exit(2)


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
    from slimzoo import cache

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
    from slimzoo import checking

    if names and everything:
        raise click.UsageError("name weights, or give --everything")
    chosen = [str(row) for row in _rows(names, False)] if names else None
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
    from slimzoo.bundle import export_bundle

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
    from slimzoo.bundle import import_bundle

    done = import_bundle(bundle, sha256)
    return echo_json(done) if as_json else echo(table(("weights", ""), done.items()))
