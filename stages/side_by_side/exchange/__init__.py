"""Tasks handed to tools and people elsewhere, and what they said, taken back in."""
