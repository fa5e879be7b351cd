"""Everything between socket and route: pure ASGI, one concern a file, ordered in `app.py`."""
