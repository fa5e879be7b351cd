"""The steps. Their names sort in the order in which they apply, and each name is its revision id."""
