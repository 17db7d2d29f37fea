"""What is decided from the evidence, where it is recorded, and the commands people use."""
