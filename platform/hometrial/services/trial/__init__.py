"""The trial as data and the people in it: protocols, screening, allocation, visits."""
