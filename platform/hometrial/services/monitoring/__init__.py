"""What monitors do: hold values against their sources, draw samples, review the trail, report visits; and endorsements."""
