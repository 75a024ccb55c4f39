"""Data sets out: what each variable means, how tables become files, and the folder that holds them."""
