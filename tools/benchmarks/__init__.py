"""What tools/bench.py measures: slimzoo against its Keras twins, the same call on both sides."""
