"""The page slimzoo/compat/NAMES.md, from the table of tools/table_of_names.py."""

from collections.abc import Iterator, Mapping
from typing import Any

from slimzoo.compat import recorded, tf_names
from slimzoo.compat.tf_rows import INSTEAD, REASONS

Table = Mapping[str, Any]

HEAD = """# Every name of TensorFlow 1.15

What becomes of it under `slimzoo run`. Made by `python -m tools.table_of_names` with TensorFlow {tensorflow}
and Keras {keras}. `slimzoo check PROGRAM` reads the same table and names the lines that it is about.

- **TensorFlow**: today's TensorFlow, or Keras, has it under the same name. `tf.keras` is today's Keras 3.
- **slimzoo**: slimzoo serves it.
- **message**: it is not served; its use, or its import, is an error that says what to use in its place.
- **missing**: an error without advice, for the reason below.
"""


def page(table: Table) -> str:
    """Returns the page as text."""
    parts = [HEAD.format(**table["versions"]).rstrip(), *_sections(table)]
    return "\n\n".join(parts) + "\n"


def _sections(table: Table) -> Iterator[str]:
    yield "## How many"
    yield _table(("module", "names", "TensorFlow", "slimzoo", "message", "missing"), _counts(table))
    yield "## With a message"
    yield _table(("module", "names", "in its place"), _with_a_message(table))
    yield "## Missing"
    missing = {name: names for name, names in table["missing"].items() if name in tf_names.public_modules()}
    rows = [(_tf(name), names, REASONS.get(name, "")) for name, names in sorted(missing.items())]
    yield _table(("module", "names", "why"), rows)
    yield "## tf.contrib"
    yield (
        "A name that is not served imports, may be handed on, and is an error where it is used. The modules "
        "below each part have the same names."
    )
    yield _table(("part", "names", "served", "not served", "in its place"), list(_of_contrib(table)))
    yield "## Other parameters"
    yield "Parameters that TensorFlow 1.15 had by name, and that are not taken by it today."
    yield _table(("name", "parameters", "write"), list(_parameters(table)))
    yield "## Members that classes lost"
    yield "Of tf.keras and tf.layers only the base classes are looked at; a layer has what they have."
    rows = [(_tf(name), names, "") for name, names in sorted(table["members"].items())]
    yield _table(("class", "members"), [row[:2] for row in rows])
    yield "## Inside TensorFlow"
    yield _inside(table)


def _tf(name: str) -> str:
    return f"`{name.replace('tensorflow', 'tf', 1)}`"


def _table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _counts(table: Table) -> list[tuple[Any, ...]]:
    rows = [_count(table, module) for module in sorted(tf_names.public_modules())]
    totals = [sum(row[column] for row in rows) for column in range(1, 6)]
    return [*rows, ("all", *totals)]


def _count(table: Table, module: str) -> tuple[Any, ...]:
    names = {name for name, kind in tf_names.names(module).items() if kind != "m"}
    below = _lost_above(table, module)
    messages = names if below else names & _refused(table, module)
    missing = names & set(table["missing"].get(module, "").split())
    ours = names & set(table["ours"].get(module, "").split())
    there = len(names) - len(messages) - len(missing) - len(ours)
    return _tf(module), len(names), there, len(ours), len(messages), len(missing)


def _refused(table: Table, module: str) -> set[str]:
    return {
        name
        for state in ("gone", "stub")
        for names in table[state].get(module, {}).values()
        for name in names.split()
    }


def _lost_above(table: Table, module: str) -> bool:
    """Says whether `module` is in a module that is not served."""
    parts = module.split(".")
    return any(parts[n] in _refused(table, ".".join(parts[:n])) for n in range(1, len(parts)))


def _with_a_message(table: Table) -> list[tuple[Any, ...]]:
    public = tf_names.public_modules()
    rows = []
    for state in ("gone", "stub"):
        for module, by_text in sorted(table[state].items()):
            if module in public:
                rows += [(_tf(module), names, text) for text, names in sorted(by_text.items())]
    return rows


def _of_contrib(table: Table) -> Iterator[tuple[Any, ...]]:
    for module in sorted(recorded.modules()):
        if module.count(".") > 2:
            continue
        names = {n for n, path in recorded.names(module).items() if not n.startswith("_") and not path}
        refused = {
            name: text
            for state in ("gone", "stub")
            for text, listed in table[state].get(module, {}).items()
            for name in listed.split()
            if name in names
        }
        texts = "; ".join(sorted(set(refused.values())))
        if names:
            yield _tf(module), len(names), len(names) - len(refused), " ".join(sorted(refused)), texts


def _parameters(table: Table) -> Iterator[tuple[Any, ...]]:
    for module, rows in sorted(table["parameters"].items()):
        for name, lost in sorted(rows.items()):
            known = INSTEAD.get(f"{module}.{name}", {})
            yield _tf(f"{module}.{name}"), lost, "; ".join(f"{old}: {new}" for old, new in known.items())


def _inside(table: Table) -> str:
    modules = tf_names.inside_modules()
    names = sum(len(tf_names.names(module)) for module in modules)
    gone = {module: listed for module, listed in table["missing"].items() if tf_names.is_inside(module)}
    lost = sum(len(listed.split()) for listed in gone.values())
    return (
        f"Of the {len(modules):,} modules of TensorFlow's `python`, `core`, `tools` and `examples`, with "
        f"{names:,} names of their own, {lost:,} names and modules are gone: `names_today.json` lists them, "
        'under "missing". The others come from where TensorFlow has them today.'
    )
