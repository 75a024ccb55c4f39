"""What runs in the background: each task is one service call and one commit; arguments are ids."""
