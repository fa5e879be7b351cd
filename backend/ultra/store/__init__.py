"""ROOM: runs, their journal and the ledger, kept in SQLite or PostgreSQL by the same code."""
