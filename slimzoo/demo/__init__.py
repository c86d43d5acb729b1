"""The offline demo: a set drawn by program, and the small weights that come with slimzoo."""
