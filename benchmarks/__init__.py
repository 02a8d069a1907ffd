"""Measurements that anyone can repeat with one command each; nothing here is a test, nothing here runs in the tests."""
