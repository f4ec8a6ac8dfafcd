"""What `demo` and `replay` share: machines and tasks, what a client is told of them, sending, tallies, reports."""
