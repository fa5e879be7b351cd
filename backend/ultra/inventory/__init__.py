"""Which models there are, what is known of them, what they cost and whether they can be asked now."""
