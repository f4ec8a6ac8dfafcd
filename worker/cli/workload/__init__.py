"""What `demo` and `replay` share: machines and tasks, a client's view and its first fit, sending, tallies, reports."""
