"""Offline packs: the tiles of a town with style, icons and lettering, in one file that needs no server."""
