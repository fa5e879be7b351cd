"""How models are asked: one flow a file, found by its `name`."""
