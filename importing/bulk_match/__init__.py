"""Matching a whole file of address texts with the library: read, match on all cores, write."""
