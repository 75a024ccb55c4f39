"""One canonical frame, and every file format derived from it; what a format cannot hold is an error that names the value."""
