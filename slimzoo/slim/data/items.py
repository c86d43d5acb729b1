"""Names of items, checked."""


def check_items(items, known):
    """Raises ValueError naming every one of `items` that is not `known`."""
    unknown = [str(item) for item in items if item not in known]
    if unknown:
        named = "], [".join(unknown)
        verb = "is" if len(unknown) == 1 else "are"
        raise ValueError(
            f"Item [{named}] {verb} invalid. Valid entries include: {', '.join(map(str, known))}"
        )
