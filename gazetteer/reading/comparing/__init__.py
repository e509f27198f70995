"""The parts of :mod:`gazetteer.reading.compare`: what is measured of two addresses, and the trees that judge it."""
