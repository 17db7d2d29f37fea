"""What was told, posted to the workspace's webhook until it was taken."""
