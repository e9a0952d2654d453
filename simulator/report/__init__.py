"""What a simulation found, for people: one HTML file, a few lines for the terminal, and the JSON."""
