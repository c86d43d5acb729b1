"""The offline demo: images and small weights that come with slimzoo, and the two runs that compare them."""
