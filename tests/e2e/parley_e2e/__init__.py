"""Drives the real binary from outside, over its sockets and its command line."""
