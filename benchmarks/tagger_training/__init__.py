"""Training the model behind gazetteer.reading.tagging: ``python -m benchmarks.train_tagger``."""
