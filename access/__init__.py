"""Who may come in, what they may do there, and what is kept of it: accounts, sessions, tokens, permissions, audit."""
