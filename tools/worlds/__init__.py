"""What tools/wild.py runs in both worlds, and how it compares what came of it."""
