"""ROOM: who are you? Passwords, sessions, tokens, keys and the one judge of them, `authenticator.Authenticator`."""
