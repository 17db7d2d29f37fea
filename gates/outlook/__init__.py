"""What an open or failed criterion misses, and what it would likely take."""
