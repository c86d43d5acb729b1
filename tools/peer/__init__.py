"""Support of tools/peer_tests.py."""
