"""The rules of the domain: pure values in, pure values out. No I/O, no clock, no random, no logging."""
