"""Confinement (隔离读取): a child process that reads one foreign file behind walls and can do nothing else.

``room`` starts and asks it (parent), ``child`` answers (child), ``walls`` are what it cannot pass, ``frames`` what they say.
"""
