"""What the demo's set, the images its weights were trained on and those of many tests are drawn with."""
