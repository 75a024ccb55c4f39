"""The dose model: what was ordered, what was taken, what is left, and what people tell of earlier years."""
