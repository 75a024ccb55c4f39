"""From a linked account to stored samples: tokens, plans, pulls, and what is known of each hour."""
