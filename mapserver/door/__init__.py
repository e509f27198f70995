"""The door: who asks, from where, how often, with how large a body, and when there is a connection free for it."""
