"""Send hostile responses to the client, and compare each result with an independent oracle: `make fuzz`."""
