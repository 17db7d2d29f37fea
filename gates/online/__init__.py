"""Online A/Bs on behalf of the commands: registered, sized, checked, assigned and looked at."""
