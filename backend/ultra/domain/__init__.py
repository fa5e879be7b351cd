"""Values and promises that every other floor may import; standard library only."""
