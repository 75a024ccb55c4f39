"""Read-only questions that pages ask of the study; each a few queries, however much there is."""
