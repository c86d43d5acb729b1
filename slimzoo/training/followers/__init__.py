"""Who is told of a run as it goes: TensorBoard, trackers, a profile."""
