"""The command line: cancel many orders within the hour, and look at a run again."""
