"""The vendors' own wires, served: plain handlers over the codecs, exact bytes."""
