"""What `gate init` writes into a new workspace: text as it stands, with the names filled in."""
