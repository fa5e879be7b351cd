"""Pure codecs: SSE framing, strict JSON, and the server side of each vendor's wire. No socket, no clock, no await."""
