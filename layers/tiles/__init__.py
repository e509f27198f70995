"""Vector tiles (MVT 2.1): what the catalogue declares, through one audited function, under the entered scope."""
