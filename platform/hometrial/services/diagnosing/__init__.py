"""Why does this person have no data: facts gathered once, and checks that decide over them in order."""
