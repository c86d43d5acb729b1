"""Old faces of slimzoo.nets: nets_factory, and contrib.slim.nets where it is not what came after it."""
