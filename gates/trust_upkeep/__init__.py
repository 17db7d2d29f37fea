"""The trust file on behalf of the commands: begun, changed, and signed by enough people."""
