"""`slimzoo check`: what of an old program would not work, without running it."""

import click

from slimzoo.cli.output import echo, echo_json, examples, json_option
from slimzoo.cli.run import run


@click.command(
    epilog=examples(
        "slimzoo check train.py",
        "slimzoo check train.py evaluate.py --json",
        "slimzoo check research/slim --exclude '*_test.py' --exclude third_party",
    )
)
@click.argument("programs", metavar="PROGRAM...", nargs=-1, required=True)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out files and folders of this name; repeatable.",
)
@json_option
@click.pass_context
def check(context: click.Context, programs: tuple[str, ...], exclude: tuple[str, ...], as_json: bool) -> None:
    """List what of an old program would not work under `slimzoo run`, by line, and what to do.

    PROGRAM is a Python file, read with the modules of its own that it imports, or a folder, of which every
    file is read. Nothing runs. A name that a program has an alternative to (`try: ... except ImportError:`)
    is no fault. A warning is about what works, in another way than under TensorFlow 1.15.

    Exit code: 0 if all would work, 1 if something would not, 2 if there is nothing to read.
    """
    from slimzoo.compat.checking import check as read

    report = read(programs, exclude)
    if as_json:
        echo_json(report.to_dict())
    else:
        for finding in report.findings:
            echo(str(finding) if finding in report.faults else f"{finding} (a warning)")
        echo(_summary(report.to_dict(), len(report.faults), len(report.warnings)))
        if report.has_python_2 and any("--py2" in option.opts for option in run.params):
            echo("what is Python 2 needs no change under `slimzoo run --py2 PROGRAM`")
    context.exit(1 if report.faults else 0)


def _summary(report: dict, faults: int, warnings: int) -> str:
    served, not_served = len(report["served"]), len(report["not_served"])
    names = f"{_counted(served + not_served, 'old name')} used, {served} served and {not_served} not"
    found = f"{_counted(faults, 'place')} to change" if faults else "nothing to change"
    more = f", {_counted(warnings, 'warning')}" if warnings else ""
    return f"{_counted(len(report['files']), 'file')} read: {names}; {found}{more}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
