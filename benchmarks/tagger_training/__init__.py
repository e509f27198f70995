"""Training the model behind gazetteer.tagging: ``python -m benchmarks.train_tagger``."""
