"""Names of items, checked."""

from collections.abc import Collection, Iterable


def check_items(items: Iterable[str], known: Collection[str]) -> None:
    """Raises ValueError naming every one of `items` that is not `known`."""
    unknown = [str(item) for item in items if item not in known]
    if unknown:
        named = "], [".join(unknown)
        verb = "is" if len(unknown) == 1 else "are"
        raise ValueError(
            f"Item [{named}] {verb} invalid. Valid entries include: {', '.join(map(str, known))}"
        )
