"""Features for OGC clients: collections over the tile catalogue, filters, pages, editing; under the entered scope."""
