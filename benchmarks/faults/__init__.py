"""Files that were once read wrongly, given to the product as its users would: ``python -m benchmarks.faults FOLDER``."""
