"""Ultra's own API: JSON in and out, schemas next to routes."""
