"""Land parcels of villages (承包地块): who holds them, how large they are, what grows on them."""
