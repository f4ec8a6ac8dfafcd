"""What `make check` asks of the sources and of what they rest on, beside the tools that need no help."""
