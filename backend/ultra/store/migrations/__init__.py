"""How the tables came to be: one file per step in `versions`, applied by `store/migrating.py`."""
