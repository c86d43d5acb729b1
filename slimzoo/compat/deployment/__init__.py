"""The old model repository's `deployment`: one network on several devices."""
