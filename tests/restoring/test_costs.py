"""What looking at a file of many names may cost, beside reading it."""

from slimzoo.cli.output import table
from slimzoo.registry import networks
from slimzoo.restoring import identify


def test_of_names_in_the_scopes_of_every_network_the_networks_of_three_are_built(monkeypatch):
    built = set()

    def candidate(shapes, network, top=None):
        built.add(network.top)
        return identify.Candidate(network.name, None, 0, len(shapes), 1, None)

    monkeypatch.setattr(identify, "_candidate", candidate)
    tops = {network.top for network in networks().values()}
    identify.identify({f"{top}/{i}": () for top in tops for i in range(3)})
    assert len(tops) > 3 and len(built) == 3


def test_a_table_of_many_rows_has_every_cell():
    rows = [(f"net/{i}/weights", (3, i), i) for i in range(3_000)]
    lines = table(("tensor", "shape", "bytes>"), rows).splitlines()
    assert len(lines) == 3_001
    assert lines[0].split() == ["tensor", "shape", "bytes"]
    assert lines[-1].split() == ["net/2999/weights", "3", "x", "2999", "2,999"]
