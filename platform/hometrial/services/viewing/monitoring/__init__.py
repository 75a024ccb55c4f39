"""What the pages of monitors show: progress of verification, one person's values, lineage, reports, risk by site."""
