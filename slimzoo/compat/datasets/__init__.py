"""The old model repository's `datasets`: descriptions of TFRecords that TF-Slim's readers take."""
