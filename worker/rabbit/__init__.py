"""The broker: deliveries in, confirmed messages out, and the objects they travel through."""
