"""Pages and archives in, samples out: pure readers that know no database, no web and no trial."""
