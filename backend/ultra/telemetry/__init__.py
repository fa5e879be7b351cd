"""What Ultra tells the world about itself."""
